"""The plane that touches the sky, against astropy's projection."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from webbcal.geometry.tangent_plane import TangentPlane

CENTRES = [(0.0, 0.0), (0.001, -69.5), (359.999, 88.0), (180.0, 45.0), (33.0, -90.0)]


@pytest.mark.parametrize(("ra", "dec"), CENTRES)
def test_it_is_the_gnomonic_projection(ra, dec):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra, dec
    wcs.wcs.cdelt = 1 / 3600, 1 / 3600
    wcs.wcs.crpix = 1, 1
    places = np.random.default_rng(1).uniform(-500, 500, (30, 2))
    plane = TangentPlane(ra, dec)
    found = SkyCoord(*plane.to_sky(places), unit="deg")
    expected = SkyCoord(*wcs.all_pix2world(places, 0).T, unit="deg")
    assert found.separation(expected).to_value(units.uas).max() < 1e-2
    np.testing.assert_allclose(plane.from_sky(*plane.to_sky(places)), places, atol=1e-8)
    assert np.all((found.ra.deg >= 0) & (found.ra.deg < 360))


def test_the_other_side_of_the_sky_has_no_place():
    plane = TangentPlane(10.0, 20.0)
    assert np.isnan(plane.from_sky(np.array([190.0]), np.array([-20.0]))).all()
    assert np.isfinite(plane.from_sky(np.array([30.0]), np.array([-20.0]))).all()


def test_the_middle_of_positions_across_zero():
    middle = TangentPlane.around(np.array([359.0, 1.0]), np.array([5.0, 5.0]))
    assert min(middle.ra, 360 - middle.ra) < 1e-9
    assert middle.dec == pytest.approx(5.0, abs=0.01)
