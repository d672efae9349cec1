"""refpix with filters predicts the noise of every amplifier from the columns at the sides."""

import numpy as np
import pytest
from tests.steps.ramps import assert_same, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidReference, MissingReference
from webbcal.spec.references import SirsKernel
from webbcal.spec.window import Window
from webbcal.steps.refpix import STEP, RefpixOptions, subtract_reference_pixels

SIZE, BORDER = 2048, 4
GAINS = np.array([1.0, 0.5, 2.0, -1.0])
"""How much of the noise of the side columns each amplifier has."""


def filters(gains=GAINS, detector="nrcb1"):
    """Return filters that pass every frequency: half of each side, times a gain."""
    spectrum = np.repeat(0.5 * gains[:, None], SIZE + 1, axis=1).astype(np.complex64)
    return SirsKernel(detectors={detector: {"gamma": spectrum, "zeta": spectrum}})


def drifting(groups=2, swapped=False, mirrored=False):
    """Return a full frame whose rows drift slowly, each amplifier by its gain, and the drift."""
    rng = np.random.default_rng(3)
    slow = np.cumsum(rng.normal(0, 0.3, (groups, SIZE)), axis=1)
    slow -= slow.mean(axis=1, keepdims=True)
    gains = np.repeat(GAINS, SIZE // 4)
    gains[:BORDER] = gains[-BORDER:] = 1
    frame = (slow[:, :, None] * gains).astype(np.float32)
    sides = np.r_[:BORDER, SIZE - BORDER : SIZE]
    frame[:, :, sides] += rng.normal(0, 0.1, (groups, SIZE, 2 * BORDER))
    frame[:, :BORDER], frame[:, -BORDER:] = 0, 0
    pixeldq = np.full((SIZE, SIZE), DQ.REFERENCE_PIXEL, np.uint32)
    pixeldq[BORDER:-BORDER, BORDER:-BORDER] = 0
    facts = {"exposure__noutputs": 4, "instrument__detector": "NRCB1"}
    if mirrored:
        frame = frame[:, ::-1, ::-1]
        facts |= {"subarray__fastaxis": -1, "subarray__slowaxis": -2}
    if swapped:
        frame = frame.swapaxes(1, 2)
        facts |= {"subarray__fastaxis": 2, "subarray__slowaxis": 1}
    return make_ramp(frame[None], pixeldq=pixeldq, **facts)


def run(ramp, kernel, **options):
    return subtract_reference_pixels(
        ramp, None, kernel, RefpixOptions(refpix_algorithm="sirs", **options)
    )


def inner_noise(ramp):
    inside = np.s_[40:-40]
    return float(np.std(ramp.sci[..., inside, inside]))


@pytest.mark.parametrize("orientation", [{}, {"swapped": True}, {"mirrored": True}])
def test_the_drift_of_each_amplifier_is_predicted(orientation):
    ramp = drifting(**orientation)
    assert inner_noise(run(ramp, filters())) < 0.1 * inner_noise(ramp)
    median = subtract_reference_pixels(ramp, None, None, RefpixOptions())
    assert inner_noise(median) > 0.5 * inner_noise(ramp)


def test_bad_pixels_at_the_sides_do_not_count():
    ramp = drifting()
    sci = ramp.sci.copy()
    sci[:, :, 500:520, 1] = 4000
    sci[:, :, 900:910, 2045] = np.nan
    assert inner_noise(run(ramp.with_changes(sci=sci), filters())) < 0.1 * inner_noise(ramp)


def test_windows_get_what_the_whole_frame_gets():
    ramp, kernel = drifting(groups=1), filters()
    options = RefpixOptions(refpix_algorithm="sirs")
    shape = ramp.pixeldq.shape
    parts = [ramp.cut(part) for part in STEP.measurement.windows(ramp.meta, shape, options)]
    measured = STEP.measurement.measure(parts, None, kernel, options)
    whole = subtract_reference_pixels(ramp, None, kernel, options)
    for window in (Window(0, 9, 500, 1100, shape), Window(1000, 1010, 0, 2048, shape)):
        part = subtract_reference_pixels(ramp.cut(window), None, kernel, options, measured)
        assert_same(part, whole.cut(window))


def test_filters_are_smoothed_and_cut():
    ramp = drifting(groups=1)
    rough = run(ramp, filters(), gaussmooth=0.0, halfwidth=1)
    smooth = run(ramp, filters(), gaussmooth=3.0, halfwidth=30)
    rows = np.s_[0, 0, 40:-40, 700]  # noise of 0.1 DN in 8 pixels, half of it: 0.018 DN
    white = [np.std(np.diff(result.sci[rows] - ramp.sci[rows])) for result in (rough, smooth)]
    assert white[1] < 0.5 * white[0]


def test_without_filters_for_the_detector_the_user_is_told():
    ramp = drifting(groups=1)
    for kernel in (None, filters(detector="nrca1")):
        with pytest.raises(MissingReference, match="sirskernel"):
            run(ramp, kernel)
    with pytest.raises(InvalidReference, match="gamma"):
        run(ramp, filters(gains=GAINS[:3]))


def test_subarrays_have_no_sides_to_filter():
    ramp = make_ramp(
        np.ones((1, 2, 16, 16)), pixeldq=np.full((16, 16), DQ.REFERENCE_PIXEL, np.uint32)
    )
    median = subtract_reference_pixels(ramp, None, None, RefpixOptions())
    assert_same(run(ramp, None), median)
