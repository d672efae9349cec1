"""Resample: combine images on a grid without distortion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.mosaic_grid import Grid
from webbcal.numerics.drizzling import (
    IMAGES_PER_PLANE,
    Band,
    Drop,
    Layer,
    aperture_factor,
    bands,
    drizzle,
)
from webbcal.spec.blending import header_table
from webbcal.spec.fields import Stored
from webbcal.spec.products import Cal, I2d
from webbcal.spec.references.geometry import MosaicWcs
from webbcal.steps._drizzled import fill_value
from webbcal.steps._set import Scratch, SetResult, SetStep, Tools, groups_of
from webbcal.steps._step import Needs
from webbcal.steps.resample.header import mosaic_meta
from webbcal.steps.resample.inputs import VARIANCES, grid_for, layer, sources_of
from webbcal.steps.resample.options import ResampleOptions

BYTES_PER_PIXEL = 100
"""Room for the sums and results of one pixel of a band, about."""


def resample(
    images: tuple[Cal, ...],
    output_wcs: MosaicWcs | None,
    options: ResampleOptions,
    tools: Tools,
) -> SetResult:
    r"""Drizzle images onto a common grid in the tangent plane.

    Pixel k of an image, value d_k, becomes a drop, of which the share :math:`a_{ki}` falls on
    pixel i of the mosaic. With weights :math:`w_k`

    .. math:: I_i = \sum_k c_{ki} d_k, \qquad c_{ki} = a_{ki} w_k / \sum_j a_{ji} w_j .

    Since drops fall on several pixels, the noise of neighbours is shared, and a variance per pixel
    can be right for single pixels or for sums over many, not for both. The variances here are
    those for sums: with :math:`s_k = \sum_i c_{ki}` and the variance :math:`v_k` of an input,

    .. math:: V_i = f^2 \sum_k c_{ki} s_k v_k, \qquad
              \sum_i V_i = f^2 \, \mathrm{var} \sum_i I_i ,

    exact for every weighting, scale and drop; f <= 1 makes them right for an aperture of 16 x 16
    pixels, whose border cuts drops. ERR is the root of the sum of the three kinds. The error of a
    single pixel is NSFACPIX x ERR, with the root mean square of the ratio over the mosaic; that
    of the sum over a large aperture is NSFACLRG times that by ERR.

    Parameters
    ----------
    images : tuple of Cal
        Images with world coordinates, surface brightness.
    output_wcs : MosaicWcs or None
        World coordinates of the mosaic, instead of those that follow from the images.
    options : ResampleOptions
        Grid, drops, weights.
    tools : Tools
        Of the runner.

    Returns
    -------
    SetResult
        The mosaic as the product ``i2d``, or, with ``single``, that of each group as
        ``outlier_i2d`` of its first image. The images do not change.

    Raises
    ------
    CannotCalibrate
        If no pixel can be used.
    InvalidInput
        If images have no world coordinates, different units, or are too far apart.

    Notes
    -----
    Flags used: DO_NOT_USE and NON_SCIENCE; such pixels, NaN, and those without a weight are left
    out. Flags set: none; with `propagate_dq` the mosaic has the flags of all pixels that
    contribute. Pixels without data have `fillval`, NaN as errors and a weight of 0. Where an
    input pixel has no variance (NaN), neither has the output.
    A sky level that is known (BKGLEVEL) and not subtracted yet is subtracted.
    The same bits for any number of threads.

    Source: Fruchter and Hook 2002, sections 2, 3 and 7; JWST User Documentation, calwebb_image3,
    resample.
    """
    grid = grid_for(images, output_wcs, options)
    sources = sources_of(images, options)
    layers = []
    for source in sources:
        rows, columns = source.image.shape_of("sci")
        pixel_map = tools.pixel_map(source.image.world, grid.wcs, (rows, columns))
        layers.append(layer(source, pixel_map, options))
    if not options.single:
        mosaic, factors = _mosaic(images, layers, grid, options, tools)
        return SetResult(images, products={"i2d": mosaic}, figures=_figures(grid, factors))
    found: list[I2d | None] = [None] * len(images)
    for members in groups_of(images).values():
        own = tuple(images[member] for member in members)
        found[members[0]], _ = _mosaic(
            own, [layers[member] for member in members], grid, options, tools
        )
    return SetResult(images, of_images={"outlier_i2d": tuple(found)}, figures=_figures(grid, None))


@dataclass(frozen=True)
class _Sums:
    """What the bands of a mosaic tell about all of it, row by row."""

    ratio: np.ndarray  # of the variance of single pixels to that for sums
    count: np.ndarray  # pixels that have one
    used: bool  # whether a pixel got data


def _mosaic(
    images: Sequence[Cal],
    layers: Sequence[Layer],
    grid: Grid,
    options: ResampleOptions,
    tools: Tools,
) -> tuple[I2d, tuple[float, float]]:
    """Return a mosaic, and the factors of its errors."""
    drop = Drop(options.kernel if options.pixfrac > 0 else "point", options.pixfrac)
    arrays = _room(len(images), grid, options, tools)
    parts = bands(grid.shape, BYTES_PER_PIXEL)

    def make(rows: slice) -> _Sums:
        band = drizzle(layers, drop, rows, grid.shape, context=options.enable_ctx)
        return _store(band, arrays, options)

    found = []
    for done, sums in enumerate(tools.tasks(make, parts), 1):
        found.append(sums)
        tools.progress("mosaic", done, len(parts))
    if not any(sums.used for sums in found):
        raise CannotCalibrate("no usable pixel falls on the mosaic")
    factors = _factors(found, layers, drop, options)
    mosaic = I2d.from_stored(arrays, meta=mosaic_meta(images, grid, options, factors))
    if options.blendheaders and len(images) > 1:
        mosaic = mosaic.with_changes(hdrtab=header_table([image.meta for image in images]))
    return mosaic, factors


def _room(
    count: int, grid: Grid, options: ResampleOptions, tools: Tools
) -> dict[str, Scratch | Stored]:
    """Return room for the arrays of a mosaic."""
    names = ["sci", "err", "wht", *VARIANCES]
    arrays: dict[str, Scratch | Stored] = {
        name: tools.scratch(grid.shape, np.float32) for name in names
    }
    planes = -(-count // IMAGES_PER_PLANE) if options.enable_ctx else 1
    arrays["con"] = tools.scratch((planes, *grid.shape), np.int32)
    if options.propagate_dq:
        arrays["dq"] = tools.scratch(grid.shape, np.uint32)
    return arrays


def _store(band: Band, arrays: dict[str, Scratch | Stored], options: ResampleOptions) -> _Sums:
    """Store a band of a mosaic."""
    columns = slice(0, band.sci.shape[1])

    def write(name: str, values: np.ndarray) -> None:
        array = arrays[name]
        index = (slice(0, array.shape[0]),) if len(array.shape) > 2 else ()
        array.write((*index, band.rows, columns), values.astype(array.dtype))  # type: ignore[union-attr]

    write("sci", np.where(band.weight > 0, band.sci, fill_value(options.fillval)))
    write("wht", band.weight)
    write("con", np.zeros((1, *band.sci.shape)) if band.context is None else band.context)
    if band.flags is not None:
        write("dq", band.flags)
    rows = band.sci.shape[0]
    sums = _Sums(np.zeros(rows), np.zeros(rows), bool((band.weight > 0).any()))
    unknown = np.full(band.sci.shape, np.nan)
    variances = (unknown,) * len(VARIANCES) if band.variances is None else band.variances
    for name, values in zip(VARIANCES, variances, strict=True):
        write(name, values if options.report_var else unknown)
    if band.variances is None or band.own is None:
        write("err", unknown)
        return sums
    total = band.variances[0] + band.variances[1] + band.variances[2]
    with np.errstate(invalid="ignore", divide="ignore"):
        write("err", np.sqrt(total))
        ratio = band.own / total
    known = np.isfinite(ratio)
    return replace(sums, ratio=np.where(known, ratio, 0.0).sum(axis=1), count=known.sum(axis=1))


def _factors(
    sums: Sequence[_Sums], layers: Sequence[Layer], drop: Drop, options: ResampleOptions
) -> tuple[float, float]:
    """Return what ERR must be multiplied by, for one pixel alone and for large apertures.

    Row by row: the same bits whatever the bands.
    """
    count = np.concatenate([part.count for part in sums]).sum()
    if not options.enable_err or count == 0:
        return np.nan, np.nan
    ratio = np.concatenate([part.ratio for part in sums]).sum() / count
    border = np.mean([aperture_factor(drop, layer.sizes[0]) for layer in layers])
    return float(np.sqrt(ratio)), float(1.0 / border)


def _figures(grid: Grid, factors: tuple[float, float] | None) -> dict[str, object]:
    """Return what the report tells."""
    figures: dict[str, object] = {
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "pixel scale, arcsec": grid.pixel_scale,
        "pixel scale ratio": grid.ratio,
    }
    if factors is not None and np.isfinite(factors).all():
        figures |= {"noise factor of a pixel": factors[0], "of large apertures": factors[1]}
    return figures


STEP = SetStep(
    "resample",
    resample,
    ResampleOptions,
    references={"output_wcs": Needs(MosaicWcs, required=False, option="output_wcs")},
    status="resample",
)
