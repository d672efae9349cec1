"""Footprints: parsing, projection, linear coordinates."""

import math

import numpy as np
import pytest
from astropy.wcs import WCS

from webbcal.report.regions import (
    area_of,
    centre_of,
    linear_part,
    offsets,
    parse_region,
    project,
    unproject,
)

INFO = {
    "ctype1": "RA---TAN",
    "crpix1": 100.5,
    "crpix2": 50.5,
    "crval1": 359.999,
    "crval2": 60.0,
    "cdelt1": 1e-5,
    "cdelt2": 1e-5,
    "pc1_1": -math.cos(0.4),
    "pc1_2": math.sin(0.4),
    "pc2_1": math.sin(0.4),
    "pc2_2": math.cos(0.4),
}


def test_polygon_is_read_with_and_without_frame():
    assert parse_region("POLYGON ICRS  1 2 3 4 5 6") == ((1, 2), (3, 4), (5, 6))
    assert parse_region("polygon 1 2 3 4 5 6") == ((1, 2), (3, 4), (5, 6))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CIRCLE ICRS 1 2 3",
        "POLYGON ICRS",
        "POLYGON ICRS 1 2 3 4",
        "POLYGON ICRS 1 2 3 4 5",
        "POLYGON ICRS 1 2 3 4 5 nan",
        "POLYGON ICRS 1 2 3 4 5 inf",
        "POLYGON ICRS 1 2 3 4 5 91",
        "POLYGON ICRS 1 2 x 4 5 6",
        "POLYGON <script> 1 2 3 4 5 6 </script>",
    ],
)
def test_nonsense_has_no_corners(text):
    assert parse_region(text) == ()


def test_projection_and_its_inverse_agree_across_the_meridian_and_near_the_pole():
    for centre in ((0.0, 0.0), (359.9, -69.0), (10.0, 89.9)):
        plane = [(0.0, 0.0), (120.0, -60.0), (-300.0, 40.0)]
        back = project(unproject(plane, centre), centre)
        np.testing.assert_allclose(back, plane, atol=1e-6)


def test_points_on_the_other_side_of_the_sky_have_no_place():
    assert project([(180.0, 0.0), (0.0, 0.0)], (0.0, 0.0)) == [(0.0, 0.0)]


def test_offsets_are_angles_on_the_sky():
    (_, (east, north)) = offsets([(30.0, 60.0), (30.0 + 1e-3, 60.0)])
    assert east == pytest.approx(3.6 * math.cos(math.radians(60.0)), rel=1e-4)
    assert north == pytest.approx(0.0, abs=1e-4)


def test_area_of_a_square_arcminute():
    corners = tuple(unproject([(-30, -30), (-30, 30), (30, 30), (30, -30)], (80.0, -70.0)))
    assert area_of(corners) == pytest.approx(3600.0, rel=1e-6)
    assert centre_of(corners) == pytest.approx((80.0, -70.0), abs=1e-6)


@pytest.mark.parametrize("form", ["pc", "cd"])
def test_corners_of_linear_coordinates_are_those_of_astropy(form):
    info = dict(INFO)
    if form == "cd":
        for name in ("1_1", "1_2", "2_1", "2_2"):
            info[f"cd{name}"] = 1e-5 * info.pop(f"pc{name}")
        del info["cdelt1"], info["cdelt2"]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = 100.5, 50.5
    wcs.wcs.crval = 359.999, 60.0
    wcs.wcs.cdelt = 1e-5, 1e-5
    wcs.wcs.pc = [[INFO["pc1_1"], INFO["pc1_2"]], [INFO["pc2_1"], INFO["pc2_2"]]]
    expected = wcs.pixel_to_world_values([-0.5, -0.5, 199.5, 199.5], [-0.5, 99.5, 99.5, -0.5])
    linear = linear_part(info)
    assert linear is not None
    np.testing.assert_allclose(linear.corners(100, 200), np.transpose(expected), atol=1e-10)
    product = np.array(linear.matrix) @ np.array(linear.inverse)
    np.testing.assert_allclose(product, np.eye(2), atol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"ctype1": "WAVE"},
        {"crpix1": None},
        {"crval2": 95.0},
        {"cdelt1": 0.0},
        {"pc1_1": math.nan},
        {"crval1": "80"},
    ],
)
def test_incomplete_or_singular_coordinates_are_none(change):
    assert linear_part(INFO | change) is None
