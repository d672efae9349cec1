"""Source catalogue: find the sources of a mosaic, and measure them."""

import platform
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cat, I2d, Segm
from webbcal.spec.references import ApertureCorrection, VegaOffset
from webbcal.steps._set import SetResult, SetStep, Tools
from webbcal.steps._step import Needs
from webbcal.steps.source_catalog.columns import catalogue
from webbcal.steps.source_catalog.detection import Planes, Segments, find_segments, read_planes
from webbcal.steps.source_catalog.options import SourceCatalogOptions
from webbcal.steps.source_catalog.photometry import Photometry, magnitudes, measure
from webbcal.steps.source_catalog.reference_rows import Apertures, choose_apertures, vega_offset
from webbcal.steps.source_catalog.resampling import Resampling, resampling_of
from webbcal.steps.source_catalog.shapes import (
    Shapes,
    measure_shapes,
    nearest_neighbours,
    point_likeness,
    window_centres,
)
from webbcal.steps.source_catalog.sky import sky_columns

__all__ = ["STEP", "SourceCatalogOptions", "catalogue_sources"]

JY_PER_MJY = 1e6


def catalogue_sources(
    image: I2d,
    apcorr: ApertureCorrection | None,
    abvegaoffset: VegaOffset | None,
    options: SourceCatalogOptions,
    tools: Tools,
) -> SetResult:
    """Find the sources of a mosaic and measure their fluxes, shapes and places.

    Sources are segments of the smoothed image without background (`find_segments`), or stars
    that a star finder names. Each is measured in three apertures about its centroid, that under a
    window as wide as a star (`shapes.window_centres`), and in a ring for its background
    (`photometry.measure`), and over its segment. The total flux is that of the
    largest aperture times its correction, and holds for points.

    Parameters
    ----------
    image : I2d
        Mosaic in MJy/sr, axes (y, x).
    apcorr : ApertureCorrection or None
        Apertures and their corrections.
    abvegaoffset : VegaOffset or None
        Zero points.
    options : SourceCatalogOptions
        What counts as a source.
    tools : Tools
        Threads.

    Returns
    -------
    SetResult
        Products ``cat`` and ``segm``. Both are there, empty, with a remark, where there is no
        source.

    Raises
    ------
    CannotCalibrate
        A reference is missing or has no row for the image; the image is not in MJy/sr, or has no
        usable pixel.

    Notes
    -----
    Pixels whose value or error is not finite, or whose weight is 0, are unknown: no segment holds
    them, and the flux of an aperture that touches one is NaN. Magnitudes of fluxes that are not
    positive are NaN.

    Source: JWST User Documentation, calwebb_image3, source_catalog.
    """
    if apcorr is None:
        raise CannotCalibrate("no apcorr reference applies, without which no flux is total")
    if abvegaoffset is None:
        raise CannotCalibrate("no abvegaoffset reference applies, without which no magnitude is")
    factor = _jy_per_pixel(image.meta)
    ratio = float(image.meta.lookup("resample.pixel_scale_ratio", 1.0))
    apertures = choose_apertures(apcorr, image.meta, options.energies, ratio)
    offset = vega_offset(abvegaoffset, image.meta)
    planes = read_planes(image, tools.parallel)
    if not np.isfinite(planes.sci).any():
        raise CannotCalibrate("no pixel of the mosaic is usable")
    segments = find_segments(planes, options, tools.parallel)
    remarks: tuple[str, ...] = ()
    if segments is None:
        segments = _no_segments(planes)
        remarks = ("no source was found: the catalogue is empty",)
    columns = _measured(image, planes, segments, apertures, options, tools, (factor, offset))
    cat = Cat(
        meta=image.meta,
        attributes=Meta(_header(apertures, offset, options), ""),
        sources=catalogue(columns, options.energies),
    )
    segm = Segm(meta=_of_map(image.meta), sci=segments.labels.astype(np.uint32))
    figures = {
        "sources": len(segments),
        "extended": int(np.count_nonzero(columns["is_extended"])),
        "without_flux": int(np.count_nonzero(~np.isfinite(columns["aper_total_flux"]))),
    }
    return SetResult(
        images=(), remarks=remarks, products={"cat": cat, "segm": segm}, figures=figures
    )


def _jy_per_pixel(meta: Meta) -> float:
    unit = meta.lookup("bunit_data")
    area = meta.lookup("photometry.pixelarea_steradians")
    if unit is not None and str(unit).replace(" ", "").lower() != "mjy/sr":
        raise CannotCalibrate(f"the mosaic is in {unit}; a catalogue needs MJy/sr")
    if area is None or not float(area) > 0:
        raise CannotCalibrate("the area of a pixel (PIXAR_SR) is not known")
    return JY_PER_MJY * float(area)


def _no_segments(planes: Planes) -> Segments:
    empty = np.zeros((0, 5), np.int64)
    return Segments(np.zeros(planes.sci.shape, np.int32), empty, planes.sci, planes.sci)


def _of_map(meta: Meta) -> Meta:
    return meta.replace({"bunit_data": None, "bunit_err": None})


def _measured(
    image: I2d,
    planes: Planes,
    segments: Segments,
    apertures: Apertures,
    options: SourceCatalogOptions,
    tools: Tools,
    scale: tuple[float, float],
) -> dict[str, Any]:
    """Return all columns by name."""
    factor, offset = scale
    shapes = measure_shapes(planes, segments)
    shapes = window_centres(planes, segments, shapes, apertures.window)
    resampling = resampling_of(image.meta)
    if not options.correct_pixels:
        resampling = Resampling(0.0, 0.0, resampling.correlation)
    photometry = measure(
        planes,
        segments.labels,
        shapes.centres,
        _exposures(image, shapes.centres),
        apertures,
        resampling,
        tools.parallel,
    )
    columns: dict[str, Any] = {
        "label": np.arange(1, len(segments) + 1),
        "xcentroid": shapes.centres[:, 0],
        "ycentroid": shapes.centres[:, 1],
        "aper_bkg_flux": photometry.level * factor,
        "aper_bkg_flux_err": photometry.level_error * factor,
    }
    columns |= _fluxes(photometry, shapes, apertures, factor, offset)
    columns |= _indices(photometry, apertures.energies, options)
    sharpness, roundness = point_likeness(
        planes, segments, options.kernel_fwhm, options.sigma_radius
    )
    neighbour, distance = nearest_neighbours(shapes.centres)
    columns |= {
        "sharpness": sharpness,
        "roundness": roundness,
        "nn_label": neighbour,
        "nn_dist": distance,
        "isophotal_area": segments.boxes[:, 4],
        "semimajor_sigma": shapes.major,
        "semiminor_sigma": shapes.minor,
        "ellipticity": 1 - shapes.minor / shapes.major,
        "orientation": shapes.angle,
    }
    return columns | sky_columns(image.world, shapes, segments.boxes)


def _exposures(image: Product, centres: np.ndarray) -> np.ndarray:
    """Return how many exposures were combined at each place; 1 where that is not known."""
    counts = np.ones(len(centres))
    if not image.has("con") or len(centres) == 0:
        return counts
    shape = image.shape_of("con")
    stored = image.stored("con")
    x, y = (
        np.clip(np.rint(np.nan_to_num(centres[:, n])).astype(int), 0, shape[-1 - n] - 1)
        for n in (0, 1)
    )
    for k in range(len(centres)):
        where = slice(y[k], y[k] + 1), slice(x[k], x[k] + 1)
        index = (*(slice(None),) * (len(shape) - 2), *where)
        planes = image.con[index] if stored is None else stored.read(index)
        counts[k] = np.bitwise_count(np.ascontiguousarray(planes).view(np.uint32)).sum()
    return counts


def _fluxes(
    photometry: Photometry,
    shapes: Shapes,
    apertures: Apertures,
    factor: float,
    offset: float,
) -> dict[str, Any]:
    """Return fluxes in Jy and magnitudes by column name."""
    values = {
        f"aper{energy}": (photometry.fluxes[:, n], photometry.errors[:, n])
        for n, energy in enumerate(apertures.energies)
    }
    correction = apertures.corrections[-1]
    last = photometry.fluxes[:, -1], photometry.errors[:, -1]
    values["aper_total"] = last[0] * correction, last[1] * correction
    values["isophotal"] = shapes.flux, shapes.flux_error
    columns: dict[str, Any] = {}
    for name, (flux, error) in values.items():
        flux, error = flux * factor, error * factor
        magnitude, magnitude_error = magnitudes(flux, error)
        columns |= {
            f"{name}_flux": flux,
            f"{name}_flux_err": error,
            f"{name}_abmag": magnitude,
            f"{name}_abmag_err": magnitude_error,
            f"{name}_vegamag": magnitude - offset,
            f"{name}_vegamag_err": magnitude_error,
        }
    return columns


def _indices(
    photometry: Photometry, energies: tuple[int, ...], options: SourceCatalogOptions
) -> dict[str, Any]:
    """Return ratios of fluxes in apertures, and which sources they tell to be extended."""
    small, middle, large = np.moveaxis(photometry.fluxes, 1, 0)

    def over(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        ratio = np.full(first.shape, np.nan)
        np.divide(first, second, out=ratio, where=second != 0)
        return ratio

    first, second, third = energies
    inner, outer = over(middle, small), over(large, middle)
    return {
        f"CI_{second}_{first}": inner,
        f"CI_{third}_{second}": outer,
        f"CI_{third}_{first}": over(large, small),
        "is_extended": (inner > options.ci1_star_threshold) & (outer > options.ci2_star_threshold),
    }


def _header(apertures: Apertures, offset: float, options: SourceCatalogOptions) -> dict[str, Any]:
    """Return what the header of the table tells."""
    import webbcal

    return {
        "version": {
            "Python": platform.python_version(),
            "webbcal": webbcal.__version__,
            "numpy": np.__version__,
        },
        "aperture_params": {
            "aperture_radii": apertures.radii.tolist(),
            "aperture_corrections": apertures.corrections.tolist(),
            "aperture_ee": list(apertures.energies),
            "bkg_aperture_inner_radius": apertures.sky_inner,
            "bkg_aperture_outer_radius": apertures.sky_outer,
            "correct_pixels": options.correct_pixels,
        },
        "abvega_offset": offset,
    }


STEP = SetStep(
    "source_catalog",
    catalogue_sources,
    SourceCatalogOptions,
    references={
        "apcorr": Needs(ApertureCorrection, required=False),
        "abvegaoffset": Needs(VegaOffset, required=False),
    },
    status="source_catalog",
    takes="i2d",
)
