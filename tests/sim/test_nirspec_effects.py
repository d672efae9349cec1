"""Effects of NIRSpec are simulated as they are described."""

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.sim import QUIET, ImageSimulation, simulate_exposure

IRS2 = {**QUIET, "readpatt": "NRSIRS2RAPID", "subarray": "FULL", "ngroups": 2, "nints": 1}


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_frames_hold_reference_reads_between_the_pixels(detector):
    options = {"detector": detector, "amplifier_offsets": True, "read_noise": True}
    exposure = simulate_exposure(ImageSimulation.from_mapping({**IRS2, **options}), seed=3)
    sci = exposure.uncal.sci[0].astype(float)
    assert sci.shape == (2, 3200, 2048)
    # The reference output is first on the detector, which NRS2 is stored against.
    frame = sci[:, ::-1, ::-1] if detector == "NRS2" else sci
    noise = np.diff(frame, axis=0)[0].std(axis=1) / np.sqrt(2)
    assert noise[:640].mean() == pytest.approx(3, rel=0.05)  # reference output
    reads = np.arange(640, 3200) % 20 // 4 == 2
    assert noise[640:][reads].mean() == pytest.approx(5, rel=0.05)
    mask, bias = exposure.references["mask"].dq, exposure.references["superbias"].sci
    assert mask.shape == bias.shape == (3200, 2048)
    mask = mask[::-1, ::-1] if detector == "NRS2" else mask
    marked = (mask[640:] & np.uint32(DQ.REFERENCE_PIXEL) != 0).all(axis=1)
    assert (marked[reads]).all()
    assert marked[~reads].sum() == 8  # border at both ends of the detector
    assert exposure.references["refpix"].filters.size == 2 * 712 * 2048


def test_glowing_edges_have_the_pattern_of_the_reference():
    options = {"detector": "NRS1", "readpatt": "NRSRAPID", "picture_frame": 2.0, "sky": 0.0}
    exposure = simulate_exposure(ImageSimulation.from_mapping({**IRS2, **options}), seed=4)
    gain = np.diff(exposure.uncal.sci[0].astype(float), axis=0)[0]
    pattern = exposure.references["pictureframe"].sci
    strength = gain[4, 1000] / pattern[4, 1000]
    assert abs(strength) > 5
    assert np.median(np.abs(gain - strength * pattern)) < 1.5  # rounding
