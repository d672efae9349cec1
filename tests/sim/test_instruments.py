"""What the simulator knows of the instruments."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.modes import MODES
from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.electronics import Electronics
from webbcal.sim.instruments import DETECTORS, INSTRUMENTS, subarray_of
from webbcal.sim.pixels import make_pixels
from webbcal.sim.readout import Readout
from webbcal.spec.meta import keywords

EVERY_DETECTOR = pytest.mark.parametrize("detector", sorted(DETECTORS))
EVERY_INSTRUMENT = pytest.mark.parametrize("name", sorted(INSTRUMENTS))


def readout(detector, subarray, pattern=None, groups=4, ints=1):
    chip = DETECTORS[detector]
    pattern = pattern or INSTRUMENTS[chip.instrument].default_pattern
    return Readout.of(chip, subarray_of(subarray, chip), pattern, groups, ints)


@pytest.mark.parametrize(
    ("detector", "subarray", "pattern", "seconds"),
    [
        ("NIS", "FULL", "NIS", 10.73677),
        ("NIS", "SUB80", "NISRAPID", 0.07544),
        ("NIS", "SUBSTRIP256", "NISRAPID", 5.494),
        ("GUIDER1", "FULL", "FGS", 10.73677),
        ("GUIDER1", "128X128", "ACQ1", 0.182),
        ("GUIDER1", "8X8", "FINEGUIDE", 0.00126),
        ("NRS1", "FULL", "NRSRAPID", 10.73677),
        ("NRS2", "FULL", "NRSIRS2RAPID", 14.58889),
        ("NRS1", "SUB2048", "NRSRAPID", 0.90156),
        ("MIRIMAGE", "FULL", "FASTR1", 2.77504),
        ("MIRIMAGE", "FULL", "SLOWR1", 23.88992),
        ("MIRIMAGE", "SLITLESSPRISM", "FASTR1", 0.15904),
        ("MIRIMAGE", "BRIGHTSKY", "FASTR1", 0.86528),
    ],
)
def test_frame_times_are_the_published_ones(detector, subarray, pattern, seconds):
    assert readout(detector, subarray, pattern).frame_time_s == pytest.approx(seconds, abs=1e-8)


@EVERY_DETECTOR
def test_named_subarrays_lie_on_the_detector_and_their_names_are_allowed(detector):
    chip = DETECTORS[detector]
    allowed = next(k.enum for k in keywords() if k.keyword == "SUBARRAY" and not k.models)
    for name in ("FULL", *INSTRUMENTS[chip.instrument].subarray_names):
        assert subarray_of(name, chip).name == name
        assert name in allowed


@EVERY_INSTRUMENT
def test_names_are_those_that_keywords_allow(name):
    instrument = INSTRUMENTS[name]
    enums = {k.keyword: k.enum for k in keywords() if k.enum and not k.models}
    assert set(instrument.read_patterns) <= set(enums["READPATT"])
    assert set(instrument.exposure_types) <= set(enums["EXP_TYPE"]) & set(MODES)
    for detector in instrument.detectors.values():
        for filter_name in instrument.wavelengths(detector):
            for keyword, value in instrument.keywords(detector, filter_name).items():
                if isinstance(value, str) and keyword in enums:
                    assert value in enums[keyword], keyword


@EVERY_DETECTOR
def test_axes_are_two_different_ones(detector):
    chip = DETECTORS[detector]
    assert {abs(chip.fast_axis), abs(chip.slow_axis)} == {1, 2}


def test_orientation_of_guider_1_is_that_of_flight_headers():
    assert (DETECTORS["GUIDER1"].fast_axis, DETECTORS["GUIDER1"].slow_axis) == (-2, -1)


def test_miri_has_reference_pixels_at_the_left_and_right_only():
    border = readout("MIRIMAGE", "FULL").reference_pixels()
    assert border.shape == (1024, 1032)
    assert border[:, :4].all()
    assert border[:, -4:].all()
    assert not border[:, 4:-4].any()


def test_outputs_of_miri_take_turns_and_others_have_stripes():
    interleaved = np.zeros(1032, int)
    for number, part in enumerate(readout("MIRIMAGE", "FULL").amplifiers()):
        interleaved[part] = number
    np.testing.assert_array_equal(interleaved[:8], [0, 1, 2, 3] * 2)
    assert [a.start for a in readout("NIS", "FULL").amplifiers()] == [1536, 1024, 512, 0]


@pytest.mark.parametrize("detector", ["NIS", "NRS1", "NRS2", "GUIDER2"])
def test_amplifiers_of_these_detectors_are_bands_of_rows(detector):
    """Their fast axis is y, so that an offset of an amplifier is common to rows of the frame."""
    options = ImageSimulation(**QUIET | {"amplifier_offsets": True}, detector=detector)
    whole = readout(detector, "FULL")
    frame = Electronics.start(options, whole, 3, 0, 0).next_frame()
    frame = np.broadcast_to(frame, whole.shape)
    assert np.ptp(frame, axis=1).max() == 0
    assert len({float(frame[512 * k + 7, 0]) for k in range(4)}) == 4


def test_miri_without_a_superbias_is_linear_in_terms_of_the_raw_signal():
    options = ImageSimulation(
        **QUIET, detector="MIRIMAGE", subarray="32x32", ngroups=12, sky=1.5e6, stars=0, dark=False
    )
    made = simulate_exposure(options, 2)
    coefficients = made.references["linearity"].coeffs.astype(float)
    raw = made.uncal.sci[0].astype(float)
    linear = sum(c * raw**power for power, c in enumerate(coefficients))
    steps = np.diff(linear, axis=0) / made.readout.frame_time_s
    light = made.truth.good & (made.truth.saturation_group[0] < 0)
    assert light.sum() > 500
    assert np.ptp(raw, axis=0)[light].max() > 10000  # far into the nonlinear regime
    ratio = steps[:, light] / made.truth.rate[light]
    np.testing.assert_allclose(ratio.mean(axis=1), 1, atol=1e-4)


def test_darks_of_miri_tell_the_first_integration_from_later_ones():
    made = simulate_exposure(ImageSimulation(detector="MIRIMAGE", subarray="16x16", dark_frames=3))
    assert "superbias" not in made.references
    dark = made.references["dark"]
    assert dark.sci.shape == (2, 3, 16, 16)
    assert dark.dq.shape == (2, 1, 16, 16)


def test_no_light_reaches_a_dark():
    options = ImageSimulation(exposure_type="NRC_DARK", subarray="32x32", **QUIET, sky=1e4)
    made = simulate_exposure(options)
    assert not made.truth.scene.any()
    assert not len(made.truth.catalogue)
    assert made.uncal.meta.exposure.type == "NRC_DARK"
    growth = made.uncal.sci[0, -1].astype(float) - made.uncal.sci[0, 0]
    assert np.abs(growth).max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"detector": "NIS", "readpatt": "RAPID"},
        {"detector": "NIS", "exposure_type": "NRC_IMAGE"},
        {"detector": "MIRIMAGE", "filter": "F200W"},
        {"detector": "MIRIMAGE", "subarray": "SUB160"},
        {"detector": "MIRIMAGE", "subarray": "16x18"},
        {"detector": "GUIDER1", "exposure_type": "FGS_ACQ1", "readpatt": "ACQ1", "ngroups": 3},
    ],
)
def test_what_an_instrument_cannot_do_is_refused(wrong):
    with pytest.raises(InvalidOptions):
        ImageSimulation(**wrong)


def test_the_same_detector_and_seed_are_the_same_pixels():
    options = ImageSimulation(detector="MIRIMAGE", subarray="16x16")
    parts = readout("MIRIMAGE", "16x16")
    one, two = (make_pixels(options, parts, 4) for _ in range(2))
    np.testing.assert_array_equal(one.gain, two.gain)
