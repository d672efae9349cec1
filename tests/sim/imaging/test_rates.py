"""Count rates scatter as their errors say, and what is left in them is known."""

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.sim.imaging.rates import measure
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.pixels import make_pixels
from webbcal.sim.readout import Readout

OPTIONS = ImagingProgramme(detectors="NRCB1", subarray="320x320", ngroups=6, products="rate")


def measured(options, light, seed=3):
    readout = Readout.of(
        options.chip, options.window, options.read_pattern, options.ngroups, options.nints
    )
    pixels = make_pixels(options, readout, seed)
    scene = np.full(readout.shape, light, np.float32)
    return readout, pixels, measure(options, readout, pixels, scene, seed, 0)


@pytest.mark.parametrize("light", [0.05, 3.0, 400.0])
@pytest.mark.parametrize("pattern", ["RAPID", "SHALLOW4"])
def test_rates_scatter_as_their_errors_say(light, pattern):
    options = ImagingProgramme(
        detectors="NRCB1",
        subarray="320x320",
        readpatt=pattern,
        ngroups=6,
        nints=2,
        missed_cosmic_rays=0,
    )
    _, pixels, arrays = measured(options, light)
    good = (arrays.dq & np.uint32(DQ.DO_NOT_USE)) == 0
    pull = ((arrays.sci - light * pixels.response / pixels.gain) / arrays.err)[good]
    assert pull.mean() == pytest.approx(0, abs=4 / np.sqrt(pull.size))
    assert pull.std() == pytest.approx(1, abs=4 / np.sqrt(2 * pull.size))
    np.testing.assert_allclose(
        arrays.err**2, arrays.var_poisson + arrays.var_rnoise, rtol=1e-5, equal_nan=True
    )


def test_the_variances_are_those_of_a_fitted_line():
    """Read noise: least squares; photons: last minus first group, the best for a bright pixel."""
    options = ImagingProgramme(detectors="NRCB1", subarray="64x64", ngroups=6, products="rate")
    readout, pixels, arrays = measured(options, 100.0)
    t = np.arange(6) * readout.group_time_s
    slope_variance = pixels.read_noise**2 / ((t - t.mean()) ** 2).sum()
    good = (arrays.dq & np.uint32(DQ.DO_NOT_USE)) == 0
    np.testing.assert_allclose(arrays.var_rnoise[good], slope_variance[good], rtol=1e-5)
    rate = 100.0 * pixels.response + pixels.dark_rate
    expected = rate / (5 * readout.group_time_s) / pixels.gain**2
    np.testing.assert_allclose(arrays.var_poisson[good], expected[good], rtol=1e-4)


def test_cosmic_rays_that_are_left_are_listed():
    options = ImagingProgramme(
        detectors="NRCB1",
        subarray="320x320",
        ngroups=40,
        missed_cosmic_rays=1.0,
        photon_noise=False,
        read_noise=False,
    )
    _, pixels, arrays = measured(options, 1.0)
    rest = arrays.sci - pixels.response / pixels.gain
    rest[np.isnan(rest)] = 0
    listed = np.zeros_like(rest)
    np.add.at(listed, (arrays.missed["y"], arrays.missed["x"]), arrays.missed["rate"])
    assert len(arrays.missed) > 100
    np.testing.assert_allclose(rest, listed, atol=1e-4)
    assert not np.isnan(arrays.sci[arrays.missed["y"], arrays.missed["x"]]).any()


def test_bad_and_full_pixels_are_flagged_and_empty():
    _, pixels, arrays = measured(OPTIONS, 1500.0)
    unusable = (arrays.dq & np.uint32(DQ.DO_NOT_USE)) != 0
    for plane in (arrays.sci, arrays.err, arrays.var_poisson, arrays.var_rnoise):
        np.testing.assert_array_equal(np.isnan(plane), unusable)
    assert unusable[pixels.dead].all()
    assert unusable[pixels.reference].all()
    assert ((arrays.dq[pixels.hot] & np.uint32(DQ.HOT)) != 0).all()
    _, _, full = measured(OPTIONS, 1e5)
    saturated = (full.dq & np.uint32(DQ.SATURATED)) != 0
    lit = ~pixels.reference & ~pixels.dead
    assert saturated[lit].all()
    assert np.isnan(full.sci).all()


def test_some_groups_below_saturation_are_used():
    _, pixels, arrays = measured(OPTIONS, 2.2e4)
    lit = ~pixels.reference & ~pixels.dead & ~pixels.hot
    saturated = (arrays.dq & np.uint32(DQ.SATURATED)) != 0
    assert saturated[lit].mean() > 0.9
    some = saturated & np.isfinite(arrays.sci)
    assert some.mean() > 0.5
    pull = ((arrays.sci - 2.2e4 * pixels.response / pixels.gain) / arrays.err)[some]
    assert pull.std() == pytest.approx(1, abs=0.02)
