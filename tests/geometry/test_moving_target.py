"""What moves along with a target is in the same place in all images."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from tests.geometry.distortions import distortion

from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.moving_target import carried, followed, mean_position


@pytest.mark.parametrize(
    "positions",
    [
        [(80.0, -69.4), (80.01, -69.39)],
        [(359.99, 0.01), (0.01, -0.01), (0.03, 0.0)],
        [(10.0, 89.99), (190.0, 89.995)],
    ],
)
def test_companions_keep_their_place_at_the_target(positions):
    mean = mean_position(positions)
    rng = np.random.default_rng(1)
    offset = rng.uniform(0, 360, 50) * units.deg, rng.uniform(0, 120, 50) * units.arcsec
    expected = SkyCoord(*mean, unit="deg").directional_offset_by(*offset)
    for own in positions:
        moved = SkyCoord(*own, unit="deg").directional_offset_by(*offset)
        found = SkyCoord(*carried(own, mean)(moved.ra.deg, moved.dec.deg), unit="deg")
        assert found.separation(expected).arcsec.max() < 1e-6


def test_the_mean_lies_between_also_across_the_meridian():
    assert mean_position([(359.99, 1.0), (0.01, 1.0)])[0] % 360 == pytest.approx(0.0, abs=1e-9)
    assert mean_position([(10.0, 1.0), (10.0, 3.0)]) == pytest.approx((10.0, 2.0))


def test_the_other_frames_stay_and_the_way_back_is_known():
    pointing = Pointing(-120.0, -500.0, 80.0, -69.4, 30.0)
    wcs = imaging_wcs(distortion(256), pointing, (40, 60))
    result = followed(wcs, (80.0, -69.4), (80.003, -69.398))
    assert result.frames == (*wcs.frames, "moving_target")
    assert result.box == wcs.box
    assert result.array_shape == (40, 60)
    known = result.decode()
    world = known.get_transform("detector", "world")(5, 7)
    np.testing.assert_allclose(world, wcs(5, 7), rtol=1e-14)
    np.testing.assert_allclose(known(5, 7), result(5, 7), rtol=1e-14)
    np.testing.assert_allclose(result.invert(*result(5.0, 7.0)), (5.0, 7.0), atol=1e-6)
