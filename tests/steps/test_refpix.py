"""refpix removes what the electronics add, as the reference pixels saw it."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_same, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidOptions
from webbcal.geometry.readout import DETECTOR_SIZE, Readout
from webbcal.spec.window import Window
from webbcal.steps.refpix import STEP, RefpixOptions, subtract_reference_pixels

ORIENTATIONS = [(f, s) for f in (1, -1) for s in (2, -2)] + [
    (f, s) for f in (2, -2) for s in (1, -1)
]
EVEN, ODD = 90.0, 70.0  # level of the columns, DN
SKY = 20.0


def run(ramp, **options):
    return subtract_reference_pixels(ramp, None, None, RefpixOptions(**options))


def places(ramp):
    """Return detector row and column of each pixel."""
    return Readout.of(ramp.meta).rows_columns(Window.whole(ramp.pixeldq.shape))


def is_reference(row, column):
    return (np.minimum(row, column) < 4) | (np.maximum(row, column) >= DETECTOR_SIZE - 4)


def subarray(fast=1, slow=2, groups=2, xstart=1, ystart=1, size=(40, 30), **arrays):
    """Return a subarray read by one amplifier: sky on sensitive pixels, levels on all."""
    place = {"xstart": xstart, "ystart": ystart, "fastaxis": fast, "slowaxis": slow}
    place = {f"subarray__{name}": value for name, value in place.items()}
    row, column = places(make_ramp(np.zeros((1, 1, *size)), **place))
    reference = is_reference(row, column)
    level = np.where(column % 2, ODD, EVEN) + np.where(reference, 0, SKY)
    drift = 10.0 * np.arange(2 * groups).reshape(2, groups, 1, 1)
    pixeldq = np.where(reference, np.uint32(DQ.REFERENCE_PIXEL), np.uint32(0))
    return make_ramp(level + drift, pixeldq=pixeldq, **place, **arrays), reference


@pytest.mark.parametrize(("fast", "slow"), ORIENTATIONS)
def test_a_subarray_is_left_with_its_sky_in_every_orientation(fast, slow):
    ramp, reference = subarray(fast, slow)
    result = run(ramp).sci
    np.testing.assert_array_equal(
        result, np.where(reference, 0, np.float32(SKY))[None, None] + 0 * result
    )


def test_zero_frames_have_their_own_level_and_keep_their_zeros():
    ramp, reference = subarray()
    zeroframe = ramp.sci[:, 0] + 33
    zeroframe[0, 20, 20] = 0
    ramp, _ = subarray(zeroframe=zeroframe)
    expected = np.where(reference, 0, np.float32(SKY))
    result = run(ramp).zeroframe
    np.testing.assert_array_equal(result[1], expected)
    assert result[0, 20, 20] == 0
    assert result[0, 20, 21] == SKY


def test_bad_and_deviant_reference_pixels_do_not_count():
    ramp, reference = subarray()
    sci, pixeldq = ramp.sci.copy(), ramp.pixeldq.copy()
    sci[:, :, 1, 5], pixeldq[1, 5] = 1e6, pixeldq[1, 5] | DQ.DO_NOT_USE
    sci[:, :, 2, 8] = 3e4  # a cosmic ray
    sci[:, :, 3, 9] = np.nan
    meta = {"subarray__fastaxis": 1}
    result = run(make_ramp(sci, pixeldq=pixeldq, **meta)).sci
    assert (result[..., ~reference] == SKY).all()


def test_without_separation_odd_and_even_columns_share_a_level():
    ramp, reference = subarray()
    result = run(ramp, odd_even_columns=False).sci[0, 0][~reference]
    np.testing.assert_allclose(np.ptp(result), EVEN - ODD, rtol=1e-5)


@pytest.mark.parametrize("case", ["middle", "flagged"])
def test_without_usable_reference_pixels_the_step_says_so(case):
    if case == "middle":
        ramp, _ = subarray(xstart=500, ystart=600)
    else:
        ramp, _ = subarray()
        flags = ramp.pixeldq | np.uint32(DQ.DO_NOT_USE)
        ramp = make_ramp(ramp.sci, pixeldq=flags)
    with pytest.raises(CannotCalibrate, match="reference pixels"):
        run(ramp)


def stripe(fast=-1, groups=2, rows=24, **arrays):
    """Return the lowest rows of a detector read by four amplifiers, with noise."""
    rng = np.random.default_rng(5)
    place = {"exposure__noutputs": 4, "subarray__fastaxis": fast}
    row, column = places(make_ramp(np.zeros((1, 1, rows, DETECTOR_SIZE)), **place))
    reference = is_reference(row, column)
    level = 100 + 10 * (column // 512) + 5 * (column % 2)
    drift = np.cumsum(rng.normal(0, 2, (1, groups, rows, 1)), axis=2)
    clean = np.where(reference, 0, SKY) + rng.normal(0, 1, (1, groups, rows, DETECTOR_SIZE))
    ramp = make_ramp(clean + level + drift, **place, **arrays)
    return ramp, clean, drift


def test_amplifiers_and_slow_drifts_are_removed():
    ramp, clean, drift = stripe()
    without = run(ramp, use_side_ref_pixels=False).sci - clean
    # Only the drift over the four lowest rows went into the levels of the amplifiers.
    offset = drift[0, :, :4].mean(axis=(1, 2))
    error = 1 / np.sqrt(4 * 256) + 0.02  # of a mean of reference pixels; clipping adds a little
    assert np.abs(without - drift + offset[:, None, None]).max() < 6 * error
    sides = run(ramp, side_smoothing_length=1).sci - clean
    # The median of 4 + 4 pixels of unit noise: 1.25 / sqrt(8); 48 rows
    assert np.abs(sides[0].mean(axis=-1)).max() < 4 * 1.25 / np.sqrt(8)
    assert sides.std() < 0.6 < without.std()


def test_gain_scales_what_the_sides_tell():
    ramp = stripe()[0]
    none = run(ramp, side_gain=0.0).sci
    np.testing.assert_array_equal(none, run(ramp, use_side_ref_pixels=False).sci)
    half, full = run(ramp, side_gain=0.5).sci, run(ramp).sci
    np.testing.assert_allclose(half, (none + full) / 2, atol=1e-4)


def test_an_even_smoothing_length_is_made_odd():
    ramp = stripe()[0]
    assert_same(run(ramp, side_smoothing_length=4), run(ramp, side_smoothing_length=5))
    assert (run(ramp, side_smoothing_length=3).sci != run(ramp).sci).any()


def test_what_was_measured_serves_every_window():
    ramp, *_ = stripe(zeroframe=stripe(groups=1)[0].sci[:, 0])
    options = RefpixOptions()
    shape = ramp.pixeldq.shape
    parts = [ramp.cut(part) for part in STEP.measurement.windows(ramp.meta, shape, options)]
    measured = STEP.measurement.measure(parts, None, None, options)
    whole = subtract_reference_pixels(ramp, None, None, options)
    for window in (Window(0, 9, 0, 700, shape), Window(9, 24, 700, 2048, shape)):
        part = subtract_reference_pixels(ramp.cut(window), None, None, options, measured)
        assert_same(part, whole.cut(window))
    assert_inputs_unchanged(run, ramp)


def test_the_algorithm_that_is_not_available_is_refused():
    with pytest.raises(InvalidOptions, match="refpix_algorithm"):
        RefpixOptions(refpix_algorithm="mean")
