"""Calibrated exposures of one image: cal, crf, and their forms with one plane per integration."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Product, declaration, image, table, working
from webbcal.spec.products.arrays import (
    CUBE,
    PLANE,
    area,
    correction,
    error,
    flags,
    science,
    variance_flat,
    variance_poisson,
    variance_rnoise,
    wavelength,
)
from webbcal.spec.products.tables import INT_TIMES_COLUMNS


@declaration
class Cal(Product):
    """A calibrated image of one exposure."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("cal", "crf")

    sci: np.ndarray = science(PLANE)
    err: np.ndarray = error(PLANE)
    dq: np.ndarray = flags(PLANE)
    var_poisson: np.ndarray = variance_poisson(PLANE)
    var_rnoise: np.ndarray = variance_rnoise(PLANE)
    var_flat: np.ndarray = variance_flat(PLANE)
    area: np.ndarray = area()
    wavelength: np.ndarray = wavelength()
    pathloss_ps: np.ndarray = correction(
        "PATHLOSS_PS", "pathloss_point", "Slit losses of a point source."
    )
    pathloss_un: np.ndarray = correction(
        "PATHLOSS_UN", "pathloss_uniform", "Slit losses of a uniform source."
    )
    background: np.ndarray = working(
        ("background_part", "y", "x"),
        "f4",
        doc="Background that was subtracted, its variances by photon and by read noise.",
    )
    background_dq: np.ndarray = working(PLANE, "u4", doc="Flags of that background.")


@declaration
class CalIfu(Cal):
    """A calibrated image of one exposure with an integral-field unit."""

    model: ClassVar[str] = "IFUImageModel"
    layout: ClassVar[str] = "integral field"

    regions: np.ndarray = image(
        "REGIONS", "i4", PLANE, doc="Number of the slice that a pixel sees.", required=False
    )
    tracemodel: np.ndarray = image(
        "TRACEMODEL",
        "f4",
        PLANE,
        doc="Model of the traces of bright sources.",
        required=False,
        node="trace_model",
    )


@declaration
class CalInts(Product):
    """Calibrated images of each integration of an exposure."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("calints", "crfints")

    sci: np.ndarray = science(CUBE)
    err: np.ndarray = error(CUBE)
    dq: np.ndarray = flags(CUBE)
    int_times: np.ndarray = table(
        "INT_TIMES",
        *INT_TIMES_COLUMNS,
        doc="Times of the integrations.",
        required=False,
        empty=True,
    )
    var_poisson: np.ndarray = variance_poisson(CUBE)
    var_rnoise: np.ndarray = variance_rnoise(CUBE)
    var_flat: np.ndarray = variance_flat(CUBE)
    area: np.ndarray = area()
    wavelength: np.ndarray = wavelength()
    background: np.ndarray = working(
        ("background_part", "y", "x"),
        "f4",
        doc="Background that was subtracted, its variances by photon and by read noise.",
    )
    background_dq: np.ndarray = working(PLANE, "u4", doc="Flags of that background.")


@declaration
class WfsCombined(Product):
    """Sum of two shifted images taken for wavefront sensing."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("wfscmb",)

    sci: np.ndarray = science(PLANE)
    err: np.ndarray = error(PLANE)
    dq: np.ndarray = flags(PLANE)
