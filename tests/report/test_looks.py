"""Small pictures and counts of flags, against the plain way to make them."""

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidInput
from webbcal.report import looks
from webbcal.report.looks import Limits, Plane, bin_plane, limits_of, plane_of, stretched
from webbcal.spec.products import Ramp, RateInts, S3d, Segm


def plane(values, dq=None):
    return Plane(values.shape, lambda rows: values[rows], dq if dq is None else lambda r: dq[r])


def naive(values, dq, factor):
    usable = np.isfinite(values) & (dq & DQ.DO_NOT_USE == 0)
    rows, columns = -(-values.shape[0] // factor), -(-values.shape[1] // factor)
    small = np.full((rows, columns), np.nan)
    for i in range(rows):
        for j in range(columns):
            block = np.s_[i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            good = usable[block]
            if 2 * good.sum() > good.size:
                small[i, j] = values[block][good].mean()
    return small


@pytest.mark.parametrize(("shape", "side"), [((40, 60), 20), ((41, 67), 20), ((7, 5), 30)])
@pytest.mark.parametrize("band", [1, 500, 1 << 20])
def test_blocks_are_means_of_usable_pixels_for_any_band(monkeypatch, shape, side, band):
    rng = np.random.default_rng(1)
    values = rng.normal(5, 1, shape).astype("f4")
    values[rng.random(shape) < 0.3] = np.nan
    dq = np.where(rng.random(shape) < 0.3, np.uint32(DQ.DO_NOT_USE), np.uint32(0))
    monkeypatch.setattr(looks, "BAND", band)
    look = bin_plane(plane(values, dq), side)
    assert max(look.small.shape) <= side
    np.testing.assert_allclose(look.small, naive(values, dq, look.factor), rtol=2e-6)
    assert look.invalid == np.isnan(values).sum()
    assert look.pixels == values.size


def test_flags_are_counted_pixel_by_pixel():
    dq = np.zeros((50, 30), "u4")
    dq[:3] = DQ.JUMP_DET | DQ.SATURATED
    dq[10, :7] = DQ.OUTLIER | DQ.DO_NOT_USE
    look = bin_plane(plane(np.ones((50, 30), "f4"), dq), 10)
    assert look.counts == {"JUMP_DET": 90, "SATURATED": 90, "OUTLIER": 7, "DO_NOT_USE": 7}


def test_limits_follow_the_noise_and_not_the_stars():
    rng = np.random.default_rng(2)
    sky = rng.normal(10.0, 0.5, 100_000)
    sky[:500] += 1000.0
    limits = limits_of(sky)
    assert limits.low == pytest.approx(9.0, abs=0.05)
    assert limits.soft == pytest.approx(1.5, rel=0.05)
    assert limits.high > 500


@pytest.mark.parametrize("values", [[], [np.nan], [3.0, 3.0], [0.0], [-np.inf, np.inf], [1e30]])
def test_any_values_have_limits(values):
    limits = limits_of(np.array(values))
    assert limits.low < limits.high
    assert limits.soft > 0


@pytest.mark.parametrize("stretch", ["asinh", "linear", "sqrt", "log"])
def test_stretches_rise_from_black_to_white(stretch):
    values = np.array([-5.0, 0.0, 1.0, 5.0, 100.0, 200.0, np.nan])
    shades = stretched(values, Limits(0.0, 100.0, 2.0), stretch)
    assert shades[:2].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(shades[4:6], 1.0)
    assert (np.diff(shades[1:5]) > 0).all()
    assert np.isnan(shades[6])


def cube(planes):
    array = np.arange(planes * 6, dtype="f4").reshape(planes, 2, 3)
    return array


def test_ramp_shows_what_it_gained():
    rng = np.random.default_rng(3)
    data = rng.normal(size=(2, 4, 5, 6)).astype("f4")
    ramp = Ramp(sci=data, pixeldq=np.zeros((5, 6), "u4"), groupdq=np.zeros(data.shape, "u1"))
    shown = plane_of(ramp)
    np.testing.assert_array_equal(shown.read(slice(None)), data[0, 3] - data[0, 0])
    np.testing.assert_array_equal(plane_of(ramp, 1, 2).read(slice(None)), data[1, 2])
    with pytest.raises(InvalidInput, match="1 to 4"):
        plane_of(ramp, 0, 4)
    with pytest.raises(InvalidInput, match="no such integration"):
        plane_of(ramp, 2)


def test_integrations_are_shown_one_at_a_time_with_their_flags():
    data = cube(3)
    dq = np.zeros(data.shape, "u4")
    dq[1, 0, 0] = DQ.DO_NOT_USE
    ints = RateInts(sci=data, err=data, dq=dq, var_poisson=data, var_rnoise=data)
    shown = plane_of(ints, 1)
    np.testing.assert_array_equal(shown.read(slice(1, 2)), data[1, 1:2])
    assert bin_plane(shown, 10).counts["DO_NOT_USE"] == 1


def test_spectral_cube_shows_its_mean_without_invalid_pixels():
    data = cube(4)
    data[2, 0, 0] = np.nan
    table = np.zeros(1, [("nelem", "i4")])
    made = S3d(sci=data, err=data, dq=np.zeros(data.shape, "u4"), wmap=data, wcs_table=table)
    np.testing.assert_allclose(plane_of(made).read(slice(None)), np.nanmean(data, axis=0))


def test_numbers_of_sources_are_no_brightness():
    labels = np.zeros((4, 4), "u4")
    labels[1, 1], labels[2, 2] = 1, 9000
    look = bin_plane(plane_of(Segm(sci=labels)), 10)
    assert look.small.max() == 1.0
    assert look.limits == Limits(0.0, 1.0, 1.0)
