"""Outliers of dithered images: median on a common grid, or of the pixels as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.mosaic_grid import Grid
from webbcal.geometry.pixel_map import PixelMap
from webbcal.numerics.blotting import blot
from webbcal.numerics.drizzling import Layer
from webbcal.spec.fields import Product, Stored
from webbcal.spec.products import Cal, I2d
from webbcal.steps._drizzled import grid_of
from webbcal.steps._set import Scratch, SetResult, Tools, groups_of
from webbcal.steps.outlier_detection.flagging import Limits, Reference, compare
from webbcal.steps.outlier_detection.layers import layers_of, sky_offset, sources_of
from webbcal.steps.outlier_detection.median import Median, group_of_layers, median_of
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions, two_numbers
from webbcal.steps.outlier_detection.stacked import median_of_pixels
from webbcal.steps.outlier_detection.views import Constant, flagged

CELL = 32  # pixels of the grid: how finely it is known which groups see what

ALONE = "no other group of exposures sees its part of the sky"
EMPTY = "no pixel is usable"

ERRORS = ("err", "var_poisson", "var_rnoise", "var_flat")


@dataclass(frozen=True)
class Compared:
    """What the test of one exposure gave."""

    image: Cal
    count: int
    blot: Product | None


def detect_in_images(
    images: tuple[Cal, ...], options: OutlierDetectionOptions, tools: Tools
) -> SetResult:
    """Flag outliers of images that see the same sky: see `outlier_detection.detect_outliers`."""
    groups = groups_of(images)
    if len(groups) < 2:
        raise CannotCalibrate("outliers show in two or more groups of exposures; there is one")
    if options.resample_data:
        return _on_a_grid(images, list(groups.values()), options, tools)
    return _as_they_are(images, options, tools)


def _on_a_grid(
    images: tuple[Cal, ...],
    groups: Sequence[Sequence[int]],
    options: OutlierDetectionOptions,
    tools: Tools,
) -> SetResult:
    grid = grid_of(images)
    maps = [tools.pixel_map(image.world, grid.wcs, _shape(image)) for image in images]
    sources = sources_of(images, options)
    layers = layers_of(sources, maps)
    grouped = [
        group_of_layers([sources[k] for k in members], [layers[k] for k in members], options)
        for members in groups
    ]
    median = median_of(grouped, grid, options, tools)
    limits = (
        *two_numbers("snr", options.snr),
        *two_numbers("scale", options.scale),
        options.curvature,
    )
    empty = {
        k: EMPTY for of, members in zip(grouped, groups, strict=True) if of is None for k in members
    }
    reasons = _not_compared(layers, groups, grid) | empty
    references = [
        None if k in reasons else _blotted(median, pixel_map) for k, pixel_map in enumerate(maps)
    ]
    tested = _tested(images, references, limits, options, tools)
    return _result(
        tested,
        reasons,
        {"median": _picture(images[0], grid, median.values)} if median.mosaics else {},
        {"outlier_i2d": _pictures(images, groups, median)} if median.mosaics else {},
    )


def _as_they_are(
    images: tuple[Cal, ...], options: OutlierDetectionOptions, tools: Tools
) -> SetResult:
    shapes = {_shape(image) for image in images}
    if len(shapes) > 1:
        raise CannotCalibrate("exposures of different shape can only be compared on a common grid")
    median = median_of_pixels(sources_of(images, options), options, tools)
    first, _ = two_numbers("snr", options.snr)

    def reference(rows: slice) -> np.ndarray:
        return median.read((rows,))

    limits = (first, first, 0.0, 0.0, 0.0)  # no slopes to allow for, and no neighbours
    tested = _tested(images, [reference] * len(images), limits, options, tools)
    saved = options.save_intermediate_results
    products = {"median": _like(images[0], median)} if saved else {}
    return _result(tested, {}, products, {})


def _shape(image: Cal) -> tuple[int, int]:
    rows, columns = image.shape_of("sci")
    return rows, columns


def _blotted(median: Median, pixel_map: PixelMap) -> Reference:
    """Return a function that interpolates the median at the pixels of an exposure."""

    def reference(rows: slice) -> np.ndarray:
        def read(rows_of_median: slice) -> np.ndarray:
            return median.values.read((rows_of_median,))

        return blot(read, median.grid.shape, pixel_map, rows)

    return reference


def _tested(
    images: Sequence[Cal],
    references: Sequence[Reference | None],
    limits: Limits,
    options: OutlierDetectionOptions,
    tools: Tools,
) -> list[Compared]:
    """Compare each exposure with its reference; one without stays as it is."""

    def one(image: Cal, reference: Reference | None) -> Compared:
        if reference is None:
            return Compared(image, 0, None)
        offset = sky_offset(image.meta, options)
        outlier, unusable, count = compare(image, reference, offset, limits)
        kept = None
        if options.save_intermediate_results and options.resample_data:
            kept = tools.scratch(_shape(image), np.float32)
            kept.write((slice(None),), reference(slice(0, _shape(image)[0])))
        return Compared(
            flagged(image, outlier, unusable), count, None if kept is None else _like(image, kept)
        )

    results = []
    for done, result in enumerate(tools.parallel(one, images, references), 1):
        results.append(result)
        tools.progress("outliers", done, len(images))
    return results


def _not_compared(
    layers: Sequence[Layer], groups: Sequence[Sequence[int]], grid: Grid
) -> dict[int, str]:
    """Return the exposures of groups that share no sky with another group."""
    seen = np.zeros((grid.shape[0] // CELL + 1, grid.shape[1] // CELL + 1), np.int32)
    cells: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for members in groups:
        of_group = np.zeros(seen.shape, bool)
        for k in members:
            cells[k] = _cells(layers[k], seen.shape)
            of_group[cells[k]] = True
        seen += of_group
    return {k: ALONE for k, place in cells.items() if (seen[place] < 2).all()}


def _cells(layer: Layer, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of the grid in which an exposure lies, as rows and columns."""
    y0, y1, x0, x1 = layer.valid
    step = CELL // 2
    rows, columns = (
        np.unique(np.append(np.arange(start, stop, step), stop - 1))
        for start, stop in ((y0, y1), (x0, x1))
    )
    place = (layer.pixel_map.at(rows, columns).reshape(-1, 2) // CELL).astype(int)
    x, y = place.T
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    return y[inside], x[inside]


def _result(
    tested: Sequence[Compared],
    reasons: Mapping[int, str],
    products: Mapping[str, Product],
    of_images: Mapping[str, tuple[Product | None, ...]],
) -> SetResult:
    blots = {"blot": tuple(one.blot for one in tested)} if products else {}
    figures: dict[str, Any] = {
        "outliers": [one.count for one in tested],
        "fraction": [one.count / float(np.prod(_shape(one.image))) for one in tested],
    }
    return SetResult(
        tuple(one.image for one in tested),
        dict(reasons),
        products=products,
        of_images={**of_images, **blots},
        figures=figures,
    )


def _unknown_errors(shape: tuple[int, int]) -> dict[str, Stored]:
    """Return errors and variances of an image whose errors nobody needs: NaN."""
    return dict.fromkeys(ERRORS, Constant(shape, np.nan))


def _like(image: Cal, values: Scratch) -> Cal:
    """Return an image on the pixels of an exposure, without errors or flags."""
    shape = _shape(image)
    return Cal.from_stored(
        {
            "sci": values,
            "dq": Constant(shape, 0, np.dtype("u4")),
            **_unknown_errors(shape),
        },
        meta=image.meta,
    )


def _picture(image: Cal, grid: Grid, values: Scratch, weights: Scratch | None = None) -> I2d:
    """Return a mosaic as a product."""
    return I2d.from_stored(
        {
            "sci": values,
            "con": Constant((1, *grid.shape), 0, np.dtype("i4")),
            "wht": weights or Constant(grid.shape, np.nan),
            **_unknown_errors(grid.shape),
        },
        meta=image.meta.replace({"wcs": grid.wcs}),
    )


def _pictures(
    images: Sequence[Cal], groups: Sequence[Sequence[int]], median: Median
) -> tuple[Product | None, ...]:
    """Return the mosaic of each group, at the place of its first exposure."""
    found: list[Product | None] = [None] * len(images)
    for position, members in enumerate(groups):
        if position in median.mosaics:
            mosaic = median.mosaics[position]
            found[members[0]] = _picture(images[members[0]], median.grid, mosaic.sci, mosaic.wht)
    return tuple(found)
