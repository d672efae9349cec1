"""Drizzling: values of the library, variances of the model, and bands do not matter."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from drizzle.resample import Drizzle
from scipy import ndimage
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.mosaic_grid import GridRequest, Orientation, mosaic_grid
from webbcal.geometry.pixel_map import pixel_map
from webbcal.numerics.drizzling import Drop, Layer, aperture_factor, bands, drizzle

SIZE = 128
SHIFTS = ((0.0, 0.0), (1.1e-4, 3.7e-5), (-0.9e-4, -8.1e-5))
REQUESTS = {
    "same scale": GridRequest(),
    "finer": GridRequest(pixel_scale_ratio=0.5),
    "coarser": GridRequest(pixel_scale_ratio=2.0),
    "turned": GridRequest(rotation=13.0),
}


def image_wcs(dx=0.0, dy=0.0, size=SIZE):
    pointing = Pointing(-120.0, -500.0, 80.0 + dx, -69.4 + dy, 30.0, 1.00005)
    return imaging_wcs(distortion(size, curvature=0.02), pointing, (size, size))


def layer(wcs, grid, sci, weight, variances=None):
    def read(rows, columns):
        return sci[rows, columns], weight[rows, columns]

    def read_variances(rows, columns):
        return variances[:, rows, columns], weight[rows, columns]

    def read_flags(rows, columns):
        return (np.arange(sci.size).reshape(sci.shape) % 8).astype(np.uint32)[
            rows, columns
        ], weight[rows, columns]

    return Layer(
        pixel_map(wcs, grid.wcs, sci.shape),
        read,
        None if variances is None else read_variances,
        None if variances is None else read_flags,
    )


def scene(request=None, seed=1, size=SIZE, with_variances=False):
    """Return a grid, the layers of three images, and their values, weights and variances."""
    rng = np.random.default_rng(seed)
    systems = [image_wcs(*shift, size) for shift in SHIFTS]
    grid = mosaic_grid(systems, Orientation(80.0, -69.4, 30.0, 0.0, -1), request)
    arrays, layers = [], []
    for wcs in systems:
        sci = rng.normal(10.0, 3.0, (size, size)).astype(np.float32)
        weight = rng.uniform(0.5, 1.5, (size, size)).astype(np.float32)
        bad = rng.random((size, size)) < 0.02
        weight[bad], sci[bad] = 0.0, np.nan
        variances = rng.uniform(0.5, 2.0, (3, size, size)).astype(np.float32)
        arrays.append((sci, weight, variances))
        layers.append(layer(wcs, grid, sci, weight, variances if with_variances else None))
    return grid, layers, arrays


def whole(grid):
    return slice(0, grid.shape[0])


def of_library(kind, pixfrac, grid, layers, arrays):
    other = Drizzle(kernel=kind, out_shape=grid.shape, fillval="NaN")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some kernels do not conserve flux exactly
        for one, (sci, weight, _) in zip(layers, arrays, strict=True):
            other.add_image(
                np.nan_to_num(sci),
                1.0,
                one.pixel_map.positions(),
                weight_map=weight,
                pixfrac=pixfrac,
                pixel_scale_ratio=1.0 / one.sizes[0],
            )
    return other


@pytest.mark.parametrize("kind", ["square", "point", "turbo", "gaussian"])
@pytest.mark.parametrize("name", REQUESTS)
def test_values_are_those_of_the_library(name, kind):
    pixfrac = 1.0 if kind == "point" else 0.8
    grid, layers, arrays = scene(REQUESTS[name])
    found = drizzle(layers, Drop(kind, pixfrac), whole(grid), grid.shape, context=True)
    other = of_library(kind, pixfrac, grid, layers, arrays)
    # The library leaves out what drops outside of the grid add to its outermost pixels. It works
    # with 32 bits: 2e-6 of values of 10 and weights. Its Gaussian is 2e-4 off.
    solid = ndimage.binary_erosion(other.out_wht > 0.05, iterations=2)
    if kind == "point":
        solid = other.out_wht > 0.05
        solid[[0, -1]] = solid[:, [0, -1]] = False
    assert solid.mean() > 0.3
    tolerance = 1e-3 if kind == "gaussian" else 3e-6
    np.testing.assert_allclose(found.weight[solid], other.out_wht[solid], rtol=tolerance)
    np.testing.assert_allclose(found.sci[solid], other.out_img[solid], tolerance, 10 * tolerance)
    if kind != "gaussian":
        np.testing.assert_array_equal(found.context[0][solid], other.out_ctx[0][solid])


@pytest.mark.parametrize("kind", ["lanczos2", "lanczos3"])
def test_lanczos_is_that_of_the_library(kind):
    """The library looks it up in a table of 512 steps or so, and does not normalize it."""
    grid, layers, arrays = scene()
    found = drizzle(layers, Drop(kind), whole(grid), grid.shape)
    other = of_library(kind, 1.0, grid, layers, arrays)
    solid = ndimage.binary_erosion(other.out_wht > 0.5, iterations=3)
    assert solid.mean() > 0.3
    np.testing.assert_allclose(found.sci[solid], other.out_img[solid], rtol=0.03)
    error = (found.sci - other.out_img)[solid]
    assert error.std() < 0.03  # of a noise of 3


DROPS = [Drop(), Drop("square", 0.6), Drop("gaussian"), Drop("lanczos3"), Drop("point")]


@pytest.mark.parametrize("drop", DROPS, ids=str)
@pytest.mark.parametrize("name", ["finer", "turned"])
def test_bands_are_the_same_bits(name, drop):
    grid, layers, _ = scene(REQUESTS[name], size=80, with_variances=True)
    all_rows = drizzle(layers, drop, whole(grid), grid.shape, context=True)
    for rows in (slice(0, 13), slice(13, 14), slice(40, 77), slice(50, grid.shape[0])):
        part = drizzle(layers, drop, rows, grid.shape, context=True)
        for field in ("sci", "weight", "own", "flags"):
            np.testing.assert_array_equal(getattr(part, field), getattr(all_rows, field)[rows])
        np.testing.assert_array_equal(part.variances, all_rows.variances[:, rows])
        np.testing.assert_array_equal(part.context, all_rows.context[:, rows])


def test_only_what_touches_a_band_is_read():
    grid, layers, _ = scene(REQUESTS["turned"])
    read = []

    def remember(rows, columns):
        read.append((rows.stop - rows.start) * (columns.stop - columns.start))
        return layers[0].read(rows, columns)

    one = Layer(layers[0].pixel_map, remember)
    drizzle([one], Drop(), slice(20, 30), grid.shape)
    assert 0 < sum(read) < 0.5 * SIZE**2
    read.clear()
    found = drizzle([one], Drop(), slice(0, 1), (grid.shape[0], 3))
    assert np.isnan(found.sci).all()


@pytest.mark.parametrize("drop", DROPS, ids=str)
@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.7])
def test_variances_are_those_of_the_model(drop, ratio):
    """Each input pixel alone tells its part in every output pixel."""
    size = 8
    grid, _, arrays = scene(GridRequest(pixel_scale_ratio=ratio), size=size)
    systems = [image_wcs(*shift, size) for shift in SHIFTS[:2]]
    rng = np.random.default_rng(2)
    weights = [rng.uniform(0.2, 2.0, (size, size)).astype(np.float32) for _ in systems]
    weights[0][3, 4] = 0.0
    variances = [arrays[k][2] for k in range(2)]
    images = [np.zeros((size, size), np.float32) for _ in systems]
    layers = [
        layer(*each) for each in zip(systems, [grid] * 2, images, weights, variances, strict=True)
    ]
    plain = [Layer(one.pixel_map, one.read) for one in layers]

    own, share = np.zeros(grid.shape), np.zeros((3, *grid.shape))
    for k in range(2):
        for y, x in np.ndindex(size, size):
            images[k][y, x] = 1.0
            part = np.nan_to_num(drizzle(plain, drop, whole(grid), grid.shape).sci)
            images[k][y, x] = 0.0
            v = variances[k][:, y, x].astype(float)
            own += part**2 * v.sum()
            share += part * part.sum() * v[:, None, None]
    found = drizzle(layers, drop, whole(grid), grid.shape)
    empty = found.weight <= 0
    assert np.isnan(found.variances[:, empty]).all()
    np.testing.assert_allclose(found.own[~empty], own[~empty], rtol=1e-6, atol=1e-9)
    factors = [aperture_factor(drop, one.sizes[0]) for one in layers]
    assert factors[0] == pytest.approx(factors[1], rel=1e-3)
    np.testing.assert_allclose(
        found.variances[:, ~empty], share[:, ~empty] * factors[0] ** 2, rtol=2e-3, atol=1e-6
    )


def test_factor_of_apertures():
    assert aperture_factor(Drop("point"), 1.0) == 1.0
    assert aperture_factor(Drop(), 1.0, np.inf) == 1.0
    assert aperture_factor(Drop(), 1.0, 8.0) == pytest.approx(1 - 1 / 24)
    assert aperture_factor(Drop("square", 0.5), 2.0, 8.0) == pytest.approx(1 - 1 / 24)
    assert aperture_factor(Drop(), 8.0, 8.0) == pytest.approx(2 / 3)
    assert aperture_factor(Drop(), 1e4, 8.0) == pytest.approx(8e-4, rel=1e-3)
    # Two Gaussian drops are 2 sigma / sqrt(pi) apart on average.
    sigma = 1 / 2.3548
    expected = 1 - 2 * sigma / np.sqrt(np.pi) / 8.0
    assert aperture_factor(Drop("gaussian"), 1.0, 8.0) == pytest.approx(expected, rel=2e-3)


def test_bands_cover_a_grid():
    found = bands((5000, 4000), 100)
    assert found[0].start == 0
    assert found[-1].stop == 5000
    assert all(a.stop == b.start for a, b in pairwise(found))
    assert max(part.stop - part.start for part in found) * 4000 * 100 < 8e7


def test_an_image_without_room_is_told():
    grid, layers, _ = scene(size=16)
    narrow = image_wcs(size=16).within(((3.6, 4.4), (-0.5, 15.5)))
    one = Layer(pixel_map(narrow, grid.wcs, (16, 16)), layers[0].read)
    with pytest.raises(InvalidInput, match="room for drops"):
        drizzle([one], Drop(), whole(grid), grid.shape)
