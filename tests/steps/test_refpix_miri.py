"""The reference columns of MIRI tell the drift of each output since the first group."""

import numpy as np
import pytest
from tests.steps.ramps import make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.window import Window
from webbcal.steps.refpix import miri, subtract_reference_pixels
from webbcal.steps.refpix.options import RefpixOptions

DRIFT = np.random.default_rng(8).normal(0, 20, (1, 3, 2, 4)).astype("f4")
DRIFT[:, 0] = 0
MIRI = {"instrument__name": "MIRI"}


def detector(drift=DRIFT, noise=0.0):
    """Return a ramp of 100 DN per group with drifts, reference pixels included."""
    rng = np.random.default_rng(3)
    rows, columns = np.arange(1024) % 2, np.arange(1032) % 4
    levels = drift[:, :, rows][..., columns]
    light = 100.0 * np.arange(3).reshape(1, 3, 1, 1) * np.ones((1, 1, 1024, 1032))
    light[..., :4] = light[..., -4:] = 0
    offset = rng.normal(5000, 300, (1024, 1032))
    ramp = make_ramp(light + offset + levels + rng.normal(0, noise, light.shape), **MIRI)
    return ramp, (light + offset).astype("f4")


def bands(ramp, options):
    return [ramp.cut(part) for part in miri.windows(ramp.meta, (1024, 1032), options)]


def run(ramp, **options):
    return subtract_reference_pixels(ramp, None, None, RefpixOptions(**options))


def test_drifts_of_outputs_and_rows_are_gone_and_the_first_group_stays():
    ramp, expected = detector()
    result = run(ramp)
    np.testing.assert_allclose(result.sci, expected, atol=2e-3)
    np.testing.assert_array_equal(result.sci[:, 0], ramp.sci[:, 0])


def test_rows_together_leave_half_the_difference_of_the_parities():
    ramp, expected = detector()
    left = (run(ramp, odd_even_rows=False).sci - expected)[0, 2, :, 8]
    half = 0.5 * (DRIFT[0, 2, 0, 0] - DRIFT[0, 2, 1, 0])
    np.testing.assert_allclose(left[::2], half, atol=2e-3)
    np.testing.assert_allclose(left[1::2], -half, atol=2e-3)


def test_outliers_and_bad_pixels_are_left_out():
    ramp, expected = detector(noise=1.0)
    sci, flags = ramp.sci.copy(), np.zeros((1024, 1032), "u4")
    sci[0, 1, 10, 0] += 1e5
    sci[0, 2, 20:200, 1029] += 300
    sci[0, 2, 7, 2] = np.nan
    flags[20:200, 1029] = DQ.DO_NOT_USE
    result = run(make_ramp(sci, pixeldq=flags, **MIRI))
    middle = (result.sci - expected)[..., 8:1024].mean(axis=(2, 3))
    np.testing.assert_allclose(middle, 0, atol=0.2)


def test_one_side_serves_where_the_other_has_nothing():
    ramp, expected = detector()
    flags = np.zeros((1024, 1032), "u4")
    flags[:, :4] = DQ.DO_NOT_USE
    flags[:, 1028] = DQ.DO_NOT_USE  # output 0: none on either side
    result = run(make_ramp(ramp.sci, pixeldq=flags, **MIRI))
    for k in (1, 2, 3):
        np.testing.assert_allclose(result.sci[..., k::4], expected[..., k::4], atol=2e-3)
    np.testing.assert_array_equal(result.sci[..., ::4], ramp.sci[..., ::4])
    flags[:, 1028:] = DQ.DO_NOT_USE
    with pytest.raises(CannotCalibrate, match="none of the reference pixels"):
        run(make_ramp(ramp.sci, pixeldq=flags, **MIRI))


def test_windows_give_the_same_bits():
    ramp, _ = detector(noise=1.0)
    options = RefpixOptions()
    levels = miri.measure(bands(ramp, options), options)
    small = ramp.cut(Window(501, 510, 3, 17, (1024, 1032)))
    whole = levels.subtracted_from(ramp)
    np.testing.assert_array_equal(levels.subtracted_from(small).sci, whole.sci[..., 501:510, 3:17])


def test_subarrays_stay_as_they_are():
    with pytest.raises(CannotCalibrate, match="subarrays"):
        miri.windows(make_ramp(np.zeros((1, 2, 8, 8))).meta, (64, 72), RefpixOptions())
