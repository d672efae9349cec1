"""Calibrated cut-outs around slits and sources: one of them, or many in a file."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Product, declaration, elements, image, table
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
class Slit(Product):
    """The cut-out of one slit; its name, size, place and source are in `attributes`."""

    sci: np.ndarray = science(PLANE, or_cube=True)
    err: np.ndarray = error(PLANE, or_cube=True)
    dq: np.ndarray = flags(PLANE, or_cube=True)
    var_poisson: np.ndarray = variance_poisson(PLANE, or_cube=True)
    var_rnoise: np.ndarray = variance_rnoise(PLANE, or_cube=True)
    var_flat: np.ndarray = variance_flat(PLANE, or_cube=True)
    area: np.ndarray = area()
    wavelength: np.ndarray = wavelength()
    pathloss_ps: np.ndarray = correction(
        "PATHLOSS_PS", "pathloss_point", "Slit losses of a point source."
    )
    pathloss_un: np.ndarray = correction(
        "PATHLOSS_UN", "pathloss_uniform", "Slit losses of a uniform source."
    )
    barshadow: np.ndarray = correction(
        "BARSHADOW", "barshadow", "Shadow of the bars between micro-shutters."
    )
    flatfield_ps: np.ndarray = correction(
        "FLATFIELD_PS", "flatfield_point", "Flat field of a point source."
    )
    flatfield_un: np.ndarray = correction(
        "FLATFIELD_UN", "flatfield_uniform", "Flat field of a uniform source."
    )
    photom_ps: np.ndarray = correction(
        "PHOTOM_PS", "photom_point", "Flux calibration of a point source."
    )
    photom_un: np.ndarray = correction(
        "PHOTOM_UN", "photom_uniform", "Flux calibration of a uniform source."
    )
    tracemodel: np.ndarray = image(
        "TRACEMODEL",
        "f4",
        PLANE,
        doc="Model of the trace of a bright source.",
        required=False,
        node="trace_model",
    )


@declaration
class CalSlit(Slit):
    """A calibrated exposure cut out around one slit."""

    model: ClassVar[str] = "SlitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("cal", "crf")
    layout: ClassVar[str] = "one slit"


@declaration
class CalIntsSlit(Slit):
    """Calibrated integrations cut out around one slit."""

    model: ClassVar[str] = "SlitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("calints", "crfints")
    layout: ClassVar[str] = "one slit"

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


@declaration
class CalMultiSlit(Product):
    """A calibrated exposure cut out around many slits or sources."""

    model: ClassVar[str] = "MultiSlitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("cal", "crf", "calints", "crfints")
    layout: ClassVar[str] = "many slits"

    slits: tuple[Slit, ...] = elements(Slit, doc="One cut-out per slit or source.")


@declaration
class SourceExposure(Slit):
    """The cut-out of a source in one exposure; `meta` is that of the exposure."""

    var_poisson: np.ndarray = variance_poisson(PLANE, or_cube=True, required=False)
    var_rnoise: np.ndarray = variance_rnoise(PLANE, or_cube=True, required=False)
    var_flat: np.ndarray = variance_flat(PLANE, or_cube=True, fill=None)


@declaration
class CalSource(Product):
    """All calibrated exposures of one source."""

    model: ClassVar[str] = "MultiExposureModel"
    suffixes: ClassVar[tuple[str, ...]] = ("cal", "crf")
    layout: ClassVar[str] = "one source, many exposures"

    exposures: tuple[SourceExposure, ...] = elements(
        SourceExposure, doc="One cut-out per exposure."
    )
