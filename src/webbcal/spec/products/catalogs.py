"""Sources and light curves: segmentation map, and tables in ECSV."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Column, Product, column, declaration, image, table
from webbcal.spec.products.arrays import PLANE


@declaration
class Segm(Product):
    """Which source each pixel of an image belongs to."""

    model: ClassVar[str] = "SegmentationMapModel"
    suffixes: ClassVar[tuple[str, ...]] = ("segm",)

    sci: np.ndarray = image("SCI", "u4", PLANE, doc="Label of the source, 0 for none.")


FLUX, MAGNITUDE, PLACE = ".6e", ".6f", ".4f"
"""How values are written in text: a hundredth of their errors and less is left out."""


def _aperture_columns(quantity: str, unit: str, doc: str, style: str) -> tuple[Column, ...]:
    """Declare the values in three apertures, named by their encircled energy, and in total."""
    columns = []
    for size in ("30", "50", "70", "_total"):
        pattern = rf"aper\d+_{quantity}" if size.isdigit() else ""
        where = f"the {size} % aperture" if size.isdigit() else "all, corrected to infinity"
        name, error = f"aper{size}_{quantity}", pattern and pattern + "_err"
        columns += [
            column(name, "f8", unit, f"{doc} in {where}.", pattern=pattern, format=style),
            column(f"{name}_err", "f8", unit, "Its standard error.", pattern=error, format=style),
        ]
    return tuple(columns)


def _sky(name: str, doc: str) -> tuple[Column, Column]:
    return (
        column(f"{name}.ra", "f8", "deg", f"{doc}, right ascension (ICRS)."),
        column(f"{name}.dec", "f8", "deg", f"{doc}, declination (ICRS)."),
    )


CATALOG_COLUMNS: tuple[Column, ...] = (
    column("label", "i8", doc="Label in the segmentation map."),
    column("xcentroid", "f8", "pix", "Centroid, x, 0-based.", format=PLACE),
    column("ycentroid", "f8", "pix", "Centroid, y, 0-based.", format=PLACE),
    *_sky("sky_centroid", "Centroid"),
    column("aper_bkg_flux", "f8", "Jy", "Background per pixel in the annulus.", format=FLUX),
    column("aper_bkg_flux_err", "f8", "Jy", "Its standard error.", format=FLUX),
    *_aperture_columns("flux", "Jy", "Flux", FLUX),
    *_aperture_columns("abmag", "", "AB magnitude", MAGNITUDE),
    *_aperture_columns("vegamag", "", "Vega magnitude", MAGNITUDE),
    column(
        "CI_50_30", "f8", doc="Flux ratio of two apertures.", pattern=r"CI_\d+_\d+", format=PLACE
    ),
    column(
        "CI_70_50", "f8", doc="Flux ratio of two apertures.", pattern=r"CI_\d+_\d+", format=PLACE
    ),
    column(
        "CI_70_30", "f8", doc="Flux ratio of two apertures.", pattern=r"CI_\d+_\d+", format=PLACE
    ),
    column("is_extended", "?", doc="Whether the source is larger than a point."),
    column("sharpness", "f8", doc="Sharpness.", format=MAGNITUDE),
    column("roundness", "f8", doc="Roundness.", format=MAGNITUDE),
    column("nn_label", "i8", doc="Label of the nearest neighbour, -1 for none."),
    column("nn_dist", "f8", "pix", "Its distance.", format=MAGNITUDE),
    column("isophotal_flux", "f8", "Jy", "Flux in the segment.", format=FLUX),
    column("isophotal_flux_err", "f8", "Jy", "Its standard error.", format=FLUX),
    column("isophotal_abmag", "f8", doc="AB magnitude in the segment.", format=MAGNITUDE),
    column("isophotal_abmag_err", "f8", doc="Its standard error.", format=MAGNITUDE),
    column("isophotal_vegamag", "f8", doc="Vega magnitude in the segment.", format=MAGNITUDE),
    column("isophotal_vegamag_err", "f8", doc="Its standard error.", format=MAGNITUDE),
    column("isophotal_area", "f8", "pix2", "Area of the segment."),
    column(
        "semimajor_sigma", "f8", "pix", "Standard deviation along the major axis.", format=MAGNITUDE
    ),
    column(
        "semiminor_sigma", "f8", "pix", "Standard deviation along the minor axis.", format=MAGNITUDE
    ),
    column("ellipticity", "f8", doc="1 - semiminor / semimajor.", format=MAGNITUDE),
    column(
        "orientation", "f8", "deg", "Major axis against x, counter-clockwise.", format=MAGNITUDE
    ),
    column("sky_orientation", "f8", "deg", "Major axis, east of north.", format=MAGNITUDE),
    *_sky("sky_bbox_ll", "Lower left corner of the segment"),
    *_sky("sky_bbox_ul", "Upper left corner of the segment"),
    *_sky("sky_bbox_lr", "Lower right corner of the segment"),
    *_sky("sky_bbox_ur", "Upper right corner of the segment"),
)

LIGHT_CURVE_COLUMNS: tuple[Column, ...] = (
    column("MJD", "f8", doc="Middle of the integration, MJD, UTC."),
    column("BJD_TDB", "f8", doc="The same at the barycentre, TDB.", optional=True),
    column("aperture_sum", "f8", "Jy", "Flux in the aperture."),
    column("aperture_sum_err", "f8", "Jy", "Its standard error."),
    column("annulus_sum", "f8", "Jy", "Flux in the annulus."),
    column("annulus_sum_err", "f8", "Jy", "Its standard error."),
    column("annulus_mean", "f8", "Jy", "Mean of the annulus per pixel."),
    column("annulus_mean_err", "f8", "Jy", "Its standard error."),
    column("aperture_bkg", "f8", "Jy", "Background in the aperture."),
    column("aperture_bkg_err", "f8", "Jy", "Its standard error."),
    column("net_aperture_sum", "f8", "Jy", "Flux without background."),
    column("net_aperture_sum_err", "f8", "Jy", "Its standard error."),
    column("aperture_x", "f8", "pix", "Centre of the aperture, x.", optional=True),
    column("aperture_y", "f8", "pix", "Centre of the aperture, y.", optional=True),
    column("aperture_ra_icrs", "f8", "deg", "Its right ascension.", optional=True),
    column("aperture_dec_icrs", "f8", "deg", "Its declination.", optional=True),
    column("centroid_x", "f8", "pix", "Centroid of the source, x.", optional=True),
    column("centroid_y", "f8", "pix", "Centroid of the source, y.", optional=True),
    column("psf_width_x", "f8", "pix", "Width of the image, x.", optional=True),
    column("psf_width_y", "f8", "pix", "Width of the image, y.", optional=True),
    column("psf_flux", "f8", doc="Flux of the fitted image.", optional=True),
)

WHITE_LIGHT_COLUMNS: tuple[Column, ...] = (
    column(
        "MJD_UTC", "f8", doc="Middle of the integration, MJD.", pattern=r"MJD(_UTC)?(_NRS[12])?"
    ),
    column(
        "BJD_TDB",
        "f8",
        doc="The same at the barycentre, TDB.",
        pattern=r"BJD_TDB(_NRS[12])?",
        optional=True,
    ),
    column(
        "whitelight_flux",
        "f8",
        "Jy",
        "Flux summed over wavelength.",
        pattern=r"whitelight_flux(_order_\d)?(_NRS[12])?",
    ),
)


@declaration
class Cat(Product):
    """Sources found in an image, with their photometry."""

    suffixes: ClassVar[tuple[str, ...]] = ("cat",)
    storage: ClassVar[str] = "ecsv"

    sources: np.ndarray = table(
        "", *CATALOG_COLUMNS, doc="One row per source.", open_ended=True, node="sources"
    )


@declaration
class Phot(Product):
    """Light curve of a source in time-series images."""

    suffixes: ClassVar[tuple[str, ...]] = ("phot",)
    storage: ClassVar[str] = "ecsv"

    photometry: np.ndarray = table(
        "", *LIGHT_CURVE_COLUMNS, doc="One row per integration.", open_ended=True, node="photometry"
    )


@declaration
class Whtlt(Product):
    """Light curve of a source in time-series spectra, all wavelengths summed."""

    suffixes: ClassVar[tuple[str, ...]] = ("whtlt",)
    storage: ClassVar[str] = "ecsv"

    flux: np.ndarray = table(
        "", *WHITE_LIGHT_COLUMNS, doc="One row per integration.", open_ended=True, node="flux"
    )
