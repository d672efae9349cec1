"""Images, spectra and cubes on a grid without distortion: i2d, s2d, s3d."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from webbcal.spec.fields import Product, column, declaration, elements, image, table
from webbcal.spec.products.arrays import (
    PLANE,
    error,
    flags,
    science,
    variance_flat,
    variance_poisson,
    variance_rnoise,
)
from webbcal.spec.products.tables import HEADER_TABLE_DOC

CONTEXT = ("context", "y", "x")
SPAXELS = ("wavelength", "y", "x")


@declaration
class ResampledSlit(Product):
    """A rectified spectral image."""

    sci: np.ndarray = science(PLANE)
    err: np.ndarray = error(PLANE)
    con: np.ndarray = image(
        "CON",
        "i4",
        CONTEXT,
        doc="Which inputs contributed: 32 per plane, one bit each.",
        alternatives=(PLANE,),
    )
    wht: np.ndarray = image("WHT", "f4", PLANE, doc="Sum of the weights.")
    var_poisson: np.ndarray = variance_poisson(PLANE)
    var_rnoise: np.ndarray = variance_rnoise(PLANE)
    var_flat: np.ndarray = variance_flat(PLANE)


@declaration
class I2d(ResampledSlit):
    """A rectified image, of one exposure or of many combined."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("i2d",)

    dq: np.ndarray = image(
        "DQ", "u4", PLANE, doc="Flags of all pixels that contributed.", required=False
    )
    hdrtab: np.ndarray = table("HDRTAB", doc=HEADER_TABLE_DOC, required=False, open_ended=True)


@declaration
class S2d(ResampledSlit):
    """A rectified spectral image of one slit."""

    model: ClassVar[str] = "SlitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("s2d",)
    layout: ClassVar[str] = "one slit"

    hdrtab: np.ndarray = table("HDRTAB", doc=HEADER_TABLE_DOC, required=False, open_ended=True)


@declaration
class S2dMultiSlit(Product):
    """Rectified spectral images of many slits or sources."""

    model: ClassVar[str] = "MultiSlitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("s2d",)
    layout: ClassVar[str] = "many slits"

    slits: tuple[ResampledSlit, ...] = elements(
        ResampledSlit, doc="One rectified image per slit or source."
    )
    hdrtab: np.ndarray = table("HDRTAB", doc=HEADER_TABLE_DOC, required=False, open_ended=True)


@declaration
class S3d(Product):
    """A spectral cube."""

    model: ClassVar[str] = "IFUCubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("s3d",)
    fixed: ClassVar[Mapping[str, Any]] = {
        "meta.ifu.flux_extension": "SCI",
        "meta.ifu.error_extension": "ERR",
        "meta.ifu.error_type": "ERR",
        "meta.ifu.dq_extension": "DQ",
        "meta.wcsinfo.ps3_0": "WCS-TABLE",
        "meta.wcsinfo.ps3_1": "wavelength",
    }

    sci: np.ndarray = image("SCI", "f4", SPAXELS, doc="Surface brightness of each spaxel.")
    err: np.ndarray = error(SPAXELS)
    dq: np.ndarray = flags(SPAXELS)
    wmap: np.ndarray = image("WMAP", "f4", SPAXELS, doc="Weight of each spaxel.", node="weightmap")
    wcs_table: np.ndarray = table(
        "WCS-TABLE",
        column("wavelength", "f4", "um", doc="Wavelength of each plane.", shape=(None, 1)),
        doc="Wavelength of each plane, in one row.",
        node="wavetable",
    )
    hdrtab: np.ndarray = table("HDRTAB", doc=HEADER_TABLE_DOC, required=False, open_ended=True)
