"""Grids of mosaics hold the images, lie as the user wants, and footprints are unions."""

import numpy as np
import pytest
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.footprints import counterclockwise, cut, signed_area, union
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.mosaic_grid import (
    GridRequest,
    Orientation,
    corners,
    fiducial,
    given_grid,
    mosaic_grid,
    pixel_scale_at,
)

SIZE = 64
DETECTOR = distortion(SIZE, curvature=0.02)


def image(dra=0.0, ddec=0.0):
    pointing = Pointing(-120.0, -500.0, 80.0 + dra, -69.4 + ddec, 40.0, 1.0)
    return imaging_wcs(DETECTOR, pointing, (SIZE, SIZE))


IMAGES = (image(), image(2e-4, 1e-4), image(-1e-4, 5e-5))


def grid(parity=-1, v3yang=0.5, **request):
    return mosaic_grid(
        IMAGES, Orientation(80.0, -69.4, 40.0, v3yang, parity), GridRequest(**request)
    )


@pytest.mark.parametrize("request_", [{}, {"pixel_scale_ratio": 0.5}, {"rotation": 70.0}])
def test_all_images_are_on_it_and_nothing_else(request_):
    found = grid(**request_)
    x, y = np.concatenate(
        [found.wcs.invert(*corners(each), with_bounding_box=False) for each in IMAGES], axis=1
    )
    assert x.min() == pytest.approx(0, abs=1e-4)
    assert y.min() == pytest.approx(0, abs=1e-4)
    assert x.max() == pytest.approx(found.shape[1], abs=0.51)
    assert y.max() == pytest.approx(found.shape[0], abs=0.51)


def test_scale_and_orientation():
    plain = grid()
    assert plain.pixel_scale == pytest.approx(pixel_scale_at(IMAGES[0], 80.0, -69.4))
    assert plain.ratio == 1.0
    fine = grid(pixel_scale=plain.pixel_scale / 3)
    assert fine.ratio == pytest.approx(1 / 3)
    middle = [(n - 1) / 2 for n in fine.shape[::-1]]
    sky = fine.wcs(*middle)
    assert pixel_scale_at(fine.wcs, *sky) == pytest.approx(fine.pixel_scale, rel=1e-6)
    # The y axis points to position angle 25 degrees.
    turned = grid(rotation=25.0)
    x, y = turned.tangent.crpix
    ra, dec = turned.wcs(np.array([x, x]), np.array([y, y + 1]), with_bounding_box=False)
    east = (ra[1] - ra[0]) * np.cos(np.deg2rad(dec[0]))
    assert np.rad2deg(np.arctan2(east, dec[1] - dec[0])) == pytest.approx(25.0, abs=1e-3)
    # Parity says whether x runs with or against the east.
    for parity in (-1, 1):
        other = grid(parity, rotation=0.0)
        x, y = other.tangent.crpix
        ra, _ = other.wcs(np.array([x, x + 1]), np.array([y, y]), with_bounding_box=False)
        assert np.sign(ra[1] - ra[0]) == parity


def test_what_the_user_fixes():
    found = grid(crpix=(10.0, 20.0), crval=(80.0001, -69.4001), output_shape=(50, 30))
    assert found.shape == (30, 50)
    np.testing.assert_allclose(found.wcs(10.0, 20.0), (80.0001, -69.4001), rtol=1e-12)
    again = given_grid(found.wcs, None, IMAGES[0])
    assert again.shape == found.shape
    assert again.pixel_scale == pytest.approx(found.pixel_scale, rel=1e-6)
    np.testing.assert_allclose(again.tangent.matrix, found.tangent.matrix, atol=1e-4)


def test_fiducial_is_the_same_across_the_origin_of_right_ascension():
    ra, dec = np.array([359.9, 0.3]), np.array([10.0, 10.0])
    assert fiducial(ra, dec)[0] == pytest.approx(0.1)
    assert fiducial(ra + 20, dec)[0] == pytest.approx(20.1)


def test_absurd_mosaics_are_told():
    far = image(30.0)
    with pytest.raises(InvalidInput, match="size of the mosaic"):
        mosaic_grid((IMAGES[0], far), Orientation(80.0, -69.4, 40.0, 0.0, -1))


def square(x, y, size=10.0, turn=0.0):
    points = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
    c, s = np.cos(turn), np.sin(turn)
    return points @ np.array([[c, s], [-s, c]]) + [x, y]


@pytest.mark.parametrize(
    ("polygons", "areas"),
    [
        ([square(0, 0), square(5, 5)], [175]),
        ([square(0, 0)] * 3, [100]),
        ([square(0, 0), square(10, 0)], [200]),
        ([square(20, 0, 5), square(0, 0)], [100, 25]),
        ([square(0, 0), square(2, 2, 3, 0.3)], [100]),
        ([square(0, 0), square(8, 0), square(0, 8), square(8, 8)], [324]),
        ([square(0, 0, 30)[[0, 1, 2]], square(0, 0, 30)[[0, 2, 3]]], [900]),
    ],
)
def test_unions(polygons, areas):
    assert [signed_area(each) for each in union(polygons)] == pytest.approx(areas)


def test_unions_of_many_cover_what_they_cover():
    rng = np.random.default_rng(0)
    many = [square(*rng.uniform(0, 60, 2), 20.0, rng.normal(0, 0.3)) for _ in range(30)]
    borders = union(many)
    points = rng.uniform(-10, 100, (20000, 2))

    def inside(polygon):
        to = points[:, None, :] - polygon
        edges = np.roll(polygon, -1, axis=0) - polygon
        return (edges[:, 0] * to[..., 1] - edges[:, 1] * to[..., 0] > 0).all(axis=1)

    share = np.any([inside(each) for each in many], axis=0).mean()
    area = sum(signed_area(each) for each in borders) / 110.0**2
    assert area == pytest.approx(share, abs=0.01)
    assert len(borders) == 1


def test_polygons_are_cut_to_the_grid():
    assert signed_area(cut(square(-5, -5), (100, 100))) == pytest.approx(5.5**2)
    assert cut(square(-50, 0), (100, 100)) is None
    assert signed_area(counterclockwise(square(0, 0)[::-1])) == pytest.approx(100)
