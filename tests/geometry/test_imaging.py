"""World coordinates of imagers, against spherical geometry worked out here."""

import io

import asdf
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS as FitsWcs
from tests.geometry.distortions import distortion

from webbcal.geometry.imaging import (
    Pointing,
    imaging_wcs,
    sky_region,
    telescope_to_sky,
)
from webbcal.geometry.sip import sip_approximation

POINTING = Pointing(-120.0, -500.0, 0.001, -69.4, 134.5, 1.0000987)
SIZE = 256


def made(shape=(SIZE, SIZE), pointing=POINTING, **more):
    return imaging_wcs(distortion(SIZE), pointing, shape, **more)


@pytest.mark.parametrize("ra", [0.0, 0.001, 179.9, 359.999])
@pytest.mark.parametrize("dec", [-89.99, -69.4, 0.0, 88.0])
@pytest.mark.parametrize("roll", [0.0, 134.5, 300.0])
def test_the_reference_point_and_the_roll_are_where_the_keywords_say(ra, dec, roll):
    to_sky = telescope_to_sky(Pointing(-453.4, -374.1, ra, dec, roll))
    here = SkyCoord(*to_sky(-453.4, -374.1), unit="deg")
    assert here.separation(SkyCoord(ra, dec, unit="deg")).to_value(units.uas) < 1e-3
    up = SkyCoord(*to_sky(-453.4, -374.1 + 0.1), unit="deg")  # along V3
    assert here.separation(up).arcsec == pytest.approx(0.1, rel=1e-6)
    assert (here.position_angle(up).deg - roll + 180) % 360 == pytest.approx(180, abs=1e-3)


def test_v2_grows_to_the_east_where_v3_points_north():
    to_sky = telescope_to_sky(Pointing(0.0, 0.0, 30.0, 0.0, 0.0))
    ra, dec = to_sky(3600.0, 0.0)
    assert (ra, dec) == (pytest.approx(31.0), pytest.approx(0.0, abs=1e-12))


def test_right_ascension_is_from_0_to_360():
    across = Pointing(-120.0, -500.0, 0.0, -69.4, 134.5)
    ra, _ = imaging_wcs(distortion(SIZE), across, (SIZE, SIZE))(
        np.array([0.0, 255.0]), np.array([255.0, 0.0])
    )
    assert np.all((ra >= 0) & (ra < 360))
    assert np.ptp(ra) > 300  # the field lies across 0


def test_aberration_scales_about_the_reference_point():
    still = made(pointing=Pointing(-120.0, -500.0, 30.0, 0.0, 0.0))
    moving = made(pointing=Pointing(-120.0, -500.0, 30.0, 0.0, 0.0, 1.0001))
    pixels = np.array([5.0, 200.0]), np.array([9.0, 131.0])
    for axis, centre in ((0, 30.0), (1, 0.0)):
        ratio = (moving(*pixels)[axis] - centre) / (still(*pixels)[axis] - centre)
        np.testing.assert_allclose(ratio, 1.0001, rtol=1e-8)


def test_a_subarray_is_a_part_of_the_detector():
    whole, part = made(), made(shape=(50, 80), corner=(100, 60))
    x, y = np.array([0.0, 79.0]), np.array([3.0, 40.0])
    np.testing.assert_allclose(part(x, y), whole(x + 60, y + 100), rtol=1e-14)
    assert part.box == ((-0.5, 79.5), (-0.5, 49.5))


def test_a_filter_shifts_the_image():
    plain, shifted = made(), made(offset=(0.39, -0.73))
    np.testing.assert_allclose(shifted(10.0, 20.0), plain(10.39, 19.27), rtol=1e-14)


def test_there_and_back_is_the_same_pixel():
    wcs = made(shape=(100, 90), corner=(20, 30), offset=(0.2, -0.5))
    x, y = np.random.default_rng(3).uniform(0, 89, (2, 200))
    np.testing.assert_allclose(wcs.invert(*wcs(x, y)), (x, y), atol=2e-6)


def test_limits_of_the_distortion_are_kept():
    from astropy.modeling import bind_bounding_box

    model = distortion(SIZE)
    bind_bounding_box(model, ((3.5, 252.5), (-0.5, 255.5)), order="F")
    wcs = imaging_wcs(model, POINTING, (40, 100), (10, 0))
    assert wcs.box == ((3.5, 99.5), (-0.5, 39.5))
    assert np.isnan(wcs(1.0, 5.0)[0])
    assert np.isfinite(wcs(4.0, 5.0)[0])


def test_only_standard_transforms_are_written():
    buffer = io.BytesIO()
    asdf.AsdfFile({"wcs": made().decode()}).write_to(buffer)
    assert b"jwst" not in buffer.getvalue()
    assert b"webbcal" not in buffer.getvalue()
    buffer.seek(0)
    with asdf.open(buffer) as file:
        again = file["wcs"]
        assert again.available_frames == ["detector", "v2v3", "v2v3vacorr", "world"]
        np.testing.assert_allclose(again(3.0, 4.0), made()(3.0, 4.0), rtol=0, atol=1e-13)


def test_the_footprint_is_that_of_the_outermost_corners():
    wcs = made(shape=(50, 80))
    words = sky_region(wcs).split()
    assert words[:2] == ["POLYGON", "ICRS"]
    corners = np.array(words[2:], float).reshape(4, 2)
    x, y = wcs.invert(*corners.T, with_bounding_box=False)
    np.testing.assert_allclose(x, [-0.5, -0.5, 79.5, 79.5], atol=2e-4)  # nine decimals
    np.testing.assert_allclose(y, [-0.5, 49.5, 49.5, -0.5], atol=2e-4)


def test_the_header_is_as_good_as_it_says():
    wcs = made()
    keywords = sip_approximation(wcs, (0.01, 0.01))
    assert keywords["sipmxerr"] < 0.01
    assert keywords["sipiverr"] < 0.01
    header = fits.Header({name: value for name, value in keywords.items() if name != "naxis"})
    simple = FitsWcs(header)
    x, y = np.random.default_rng(4).uniform(-0.5, SIZE - 0.5, (2, 300))
    sky = wcs(x, y)
    here = SkyCoord(*sky, unit="deg")
    there = SkyCoord(*simple.all_pix2world(x, y, 0), unit="deg")
    assert here.separation(there).arcsec.max() < 0.01 * 0.031
    straight = simple.wcs_world2pix(*sky, 0)
    middle = np.array(simple.wcs.crpix)[:, None]
    found = np.array(simple.sip_foc2pix(*(np.array(straight) + 1 - middle), 1)) - 1
    np.testing.assert_allclose(found, (x, y), atol=0.01)


def test_an_error_that_is_not_reached_is_told():
    keywords = sip_approximation(made(), (1e-9, 1e-9), degree=(2, 2))
    assert keywords["a_order"] == 2
    assert keywords["sipmxerr"] > 1e-9
