"""The median of groups of exposures on one grid, band by band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from webbcal.geometry.mosaic_grid import Grid
from webbcal.numerics.drizzling import Drop, Layer, drizzle
from webbcal.steps._drizzled import fill_value
from webbcal.steps._set import Scratch, Tools
from webbcal.steps.outlier_detection.layers import Source, least_weight
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions

BAND_BYTES = 160_000_000
"""Room for the mosaics of all groups in one band of rows."""

LEAST_ROWS, MOST_ROWS = 64, 320
"""Of a band: with fewer, inputs are drizzled over and over; with more, threads wait for others."""

BANDS_TOGETHER = 8
"""The number of bands is a multiple of this: with any usual number of threads, all are busy."""


@dataclass(frozen=True)
class Group:
    """Exposures taken at the same time.

    Attributes
    ----------
    layers : tuple of Layer
        What is drizzled.
    least_weight : float
        Pixels of their mosaic with less have no value.
    """

    layers: tuple[Layer, ...]
    least_weight: float


@dataclass(frozen=True)
class Mosaic:
    """The mosaic of one group: values and weights, float32, axes (y, x)."""

    sci: Scratch
    wht: Scratch


@dataclass(frozen=True)
class Median:
    """The median of groups.

    Attributes
    ----------
    grid : Grid
        Its pixels.
    values : Scratch
        float32, axes (y, x); NaN where no group has a value.
    mosaics : mapping
        That of each group, by its position, where they are to be saved.
    """

    grid: Grid
    values: Scratch
    mosaics: Mapping[int, Mosaic] = field(default_factory=dict)


def group_of_layers(
    sources: Sequence[Source], layers: Sequence[Layer], options: OutlierDetectionOptions
) -> Group | None:
    """Return exposures as a group; None if none has a usable pixel."""
    least = least_weight(sources, layers, options.maskpt)
    return None if least is None else Group(tuple(layers), least)


def bands(shape: tuple[int, int], groups: int) -> list[slice]:
    """Return bands of rows, which depend on the grid and the number of groups only."""
    rows = int(np.clip(BAND_BYTES // (4 * groups * shape[1]), LEAST_ROWS, MOST_ROWS))
    count = -(-shape[0] // (rows * BANDS_TOGETHER)) * BANDS_TOGETHER
    if shape[0] < LEAST_ROWS * BANDS_TOGETHER:
        count = max(shape[0] // LEAST_ROWS, 1)
    edges = np.linspace(0, shape[0], count + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def median_of(
    groups: Sequence[Group | None], grid: Grid, options: OutlierDetectionOptions, tools: Tools
) -> Median:
    """Drizzle each group, leave out pixels of low weight, and take the median over groups.

    Where two groups have a value, the lower one is taken unless the options say otherwise: one
    of them may be too high, and the mean of both would hide it in both.
    """
    median = Median(
        grid, tools.scratch(grid.shape, np.float32), _mosaics(groups, grid, options, tools)
    )
    parts = bands(grid.shape, len(groups))

    def band(rows: slice) -> None:
        values = _band(groups, median, rows, options)
        median.values.write((rows,), values)

    for done, _ in enumerate(tools.tasks(band, parts), 1):
        tools.progress("median of exposures", done, len(parts))
    return median


def _mosaics(
    groups: Sequence[Group | None], grid: Grid, options: OutlierDetectionOptions, tools: Tools
) -> dict[int, Mosaic]:
    """Return room for the mosaics of groups that are to be saved."""
    if not options.save_intermediate_results:
        return {}
    return {
        position: Mosaic(
            tools.scratch(grid.shape, np.float32), tools.scratch(grid.shape, np.float32)
        )
        for position, group in enumerate(groups)
        if group is not None
    }


def _band(
    groups: Sequence[Group | None], median: Median, rows: slice, options: OutlierDetectionOptions
) -> np.ndarray:
    """Return the median in a band of rows."""
    from webbcal.kernels.outliers import median_of_groups

    drop = Drop(options.kernel, options.pixfrac)
    columns = median.grid.shape[1]
    here = [
        (position, group, layers)
        for position, group in enumerate(groups)
        if group is not None
        and ((layers := _touching(group.layers, drop, rows, columns)) or position in median.mosaics)
    ]
    planes = np.empty((len(here), rows.stop - rows.start, columns), np.float32)
    for plane, (position, group, layers) in zip(planes, here, strict=True):
        found = drizzle(layers, drop, rows, median.grid.shape)
        if position in median.mosaics:
            mosaic = median.mosaics[position]
            filled = np.where(found.weight > 0, found.sci, fill_value(options.fillval))
            mosaic.sci.write((rows,), filled.astype(np.float32))
            mosaic.wht.write((rows,), found.weight.astype(np.float32))
        plane[:] = np.where(found.weight < group.least_weight, np.nan, found.sci)
    out = np.empty(planes.shape[1:], np.float32)
    if here:
        median_of_groups(planes, options.two_groups == "lowest", out)
    else:
        out[:] = np.nan
    return out


def _touching(layers: Sequence[Layer], drop: Drop, rows: slice, columns: int) -> list[Layer]:
    """Return the layers that have drops in rows of the grid."""
    return [layer for layer in layers if layer.parts(rows, columns, drop.reach(layer.sizes[1]))]
