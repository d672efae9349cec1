"""Extracted and combined spectra: x1d, x1dints, c1d."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Column, Product, column, declaration, elements, table
from webbcal.spec.products.tables import HEADER_TABLE_DOC, INT_TIMES_COLUMNS

EXTRACT1D_COLUMNS: tuple[Column, ...] = (
    column("WAVELENGTH", "f8", "um", doc="Wavelength."),
    column("FLUX", "f8", "Jy", doc="Flux density."),
    column("FLUX_ERROR", "f8", "Jy", doc="Its standard error."),
    column("FLUX_VAR_POISSON", "f8", "Jy^2", doc="Its variance by photon noise."),
    column("FLUX_VAR_RNOISE", "f8", "Jy^2", doc="Its variance by read noise."),
    column("FLUX_VAR_FLAT", "f8", "Jy^2", doc="Its variance by the flat field."),
    column("SURF_BRIGHT", "f8", "MJy/sr", doc="Surface brightness."),
    column("SB_ERROR", "f8", "MJy/sr", doc="Its standard error."),
    column("SB_VAR_POISSON", "f8", "MJy^2 / sr^2", doc="Its variance by photon noise."),
    column("SB_VAR_RNOISE", "f8", "MJy^2 / sr^2", doc="Its variance by read noise."),
    column("SB_VAR_FLAT", "f8", "MJy^2 / sr^2", doc="Its variance by the flat field."),
    column("DQ", "u4", doc="Flags."),
    column("BACKGROUND", "f8", "MJy/sr", doc="Background that was subtracted."),
    column("BKGD_ERROR", "f8", "MJy/sr", doc="Its standard error."),
    column("BKGD_VAR_POISSON", "f8", "MJy^2 / sr^2", doc="Its variance by photon noise."),
    column("BKGD_VAR_RNOISE", "f8", "MJy^2 / sr^2", doc="Its variance by read noise."),
    column("BKGD_VAR_FLAT", "f8", "MJy^2 / sr^2", doc="Its variance by the flat field."),
    column("NPIXELS", "f8", doc="Pixels summed."),
)

COMBINE1D_COLUMNS: tuple[Column, ...] = (
    column("WAVELENGTH", "f8", "um", doc="Wavelength."),
    column("FLUX", "f8", "Jy", doc="Flux density."),
    column("ERROR", "f8", "Jy", doc="Its standard error."),
    column("SURF_BRIGHT", "f8", "MJy/sr", doc="Surface brightness."),
    column("SB_ERROR", "f8", "MJy/sr", doc="Its standard error."),
    column("DQ", "u4", doc="Flags."),
    column("WEIGHT", "f8", doc="Sum of the weights."),
    column("N_INPUT", "f8", doc="Number of spectra combined."),
)


def _vectors(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the same columns with a whole spectrum in each cell, padded with NaN."""
    return tuple(replace(one, shape=(None,)) for one in columns)


MRS_COLUMNS: tuple[Column, ...] = (
    *EXTRACT1D_COLUMNS,
    column("RF_FLUX", "f8", "Jy", doc="Flux density after the residual fringe correction."),
    column("RF_SURF_BRIGHT", "f8", "MJy/sr", doc="Surface brightness after that correction."),
    column("RF_BACKGROUND", "f8", "MJy/sr", doc="Background after that correction."),
)

WFSS_COLUMNS: tuple[Column, ...] = (
    column("SOURCE_ID", "i4", doc="Number of the source."),
    *_vectors(EXTRACT1D_COLUMNS),
    column("N_ALONGDISP", "u4", doc="Valid elements of the vectors."),
    column("SOURCE_TYPE", "S20", doc="POINT or EXTENDED."),
    column("SOURCE_XPOS", "f8", "pix", doc="Source in the cut-out, x."),
    column("SOURCE_YPOS", "f8", "pix", doc="Source in the cut-out, y."),
    column("SOURCE_RA", "f8", "deg", doc="Right ascension of the source."),
    column("SOURCE_DEC", "f8", "deg", doc="Declination of the source."),
    column("EXTRACT2D_XSTART", "u4", "pix", doc="First column of the cut-out."),
    column("EXTRACT2D_YSTART", "u4", "pix", doc="First row of the cut-out."),
    column("EXTRACT2D_XSTOP", "u4", "pix", doc="Last column of the cut-out."),
    column("EXTRACT2D_YSTOP", "u4", "pix", doc="Last row of the cut-out."),
)

TSO_COLUMNS: tuple[Column, ...] = (
    column("INT_NUM", "i4", doc="Number of the integration."),
    *_vectors(EXTRACT1D_COLUMNS),
    column("N_ALONGDISP", "u4", doc="Valid elements of the vectors."),
    column("SEGMENT", "i4", doc="Segment of the exposure."),
    column("MJD-BEG", "f8", "d", doc="Start, MJD, UTC."),
    column("MJD-AVG", "f8", "d", doc="Middle, MJD, UTC."),
    column("MJD-END", "f8", "d", doc="End, MJD, UTC."),
    column("TDB-BEG", "f8", "d", doc="Start, TDB at the barycentre."),
    column("TDB-MID", "f8", "d", doc="Middle, TDB at the barycentre."),
    column("TDB-END", "f8", "d", doc="End, TDB at the barycentre."),
)

WFSS_COMBINED_COLUMNS: tuple[Column, ...] = (
    column("SOURCE_ID", "i4", doc="Number of the source."),
    *_vectors(COMBINE1D_COLUMNS),
    column("N_ALONGDISP", "u4", doc="Valid elements of the vectors."),
    column("SOURCE_TYPE", "S20", doc="POINT or EXTENDED."),
    column("SOURCE_RA", "f8", "deg", doc="Right ascension of the source."),
    column("SOURCE_DEC", "f8", "deg", doc="Declination of the source."),
)


@declaration
class Spectrum(Product):
    """The spectrum of one source; its source and aperture are in `attributes`."""

    extract1d: np.ndarray = table(
        "EXTRACT1D", *EXTRACT1D_COLUMNS, doc="One row per wavelength.", node="spec_table"
    )


@declaration
class X1d(Product):
    """Spectra of the sources of an exposure."""

    model: ClassVar[str] = "MultiSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("x1d",)

    spec: tuple[Spectrum, ...] = elements(Spectrum, doc="One spectrum per source.")
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )


@declaration
class X1dInts(Product):
    """Spectra of each integration of an exposure."""

    model: ClassVar[str] = "MultiSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("x1dints",)
    layout: ClassVar[str] = "one table per integration"

    spec: tuple[Spectrum, ...] = elements(Spectrum, doc="One spectrum per integration.")
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )


@declaration
class MrsSpectrum(Product):
    """A spectrum of the MIRI medium-resolution spectrometer."""

    extract1d: np.ndarray = table(
        "EXTRACT1D", *MRS_COLUMNS, doc="One row per wavelength.", node="spec_table"
    )


@declaration
class X1dMrs(Product):
    """Spectra of the MIRI medium-resolution spectrometer."""

    model: ClassVar[str] = "MRSMultiSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("x1d",)
    layout: ClassVar[str] = "21 columns, with residual fringes removed"

    spec: tuple[MrsSpectrum, ...] = elements(MrsSpectrum, doc="One spectrum per source.")
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )


@declaration
class WfssSpectra(Product):
    """Slitless spectra of many sources in one exposure and order."""

    extract1d: np.ndarray = table(
        "EXTRACT1D", *WFSS_COLUMNS, doc="One row per source.", node="spec_table"
    )


@declaration
class X1dWfss(Product):
    """Slitless spectra of many sources."""

    model: ClassVar[str] = "WFSSMultiSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("x1d",)
    layout: ClassVar[str] = "one row per source"

    spec: tuple[WfssSpectra, ...] = elements(WfssSpectra, doc="One table per exposure and order.")


@declaration
class TsoSpectra(Product):
    """Spectra of all integrations in one order, detector and segment."""

    extract1d: np.ndarray = table(
        "EXTRACT1D", *TSO_COLUMNS, doc="One row per integration.", node="spec_table"
    )


@declaration
class X1dIntsTso(Product):
    """Time series of spectra."""

    model: ClassVar[str] = "TSOMultiSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("x1dints",)
    layout: ClassVar[str] = "one row per integration"

    spec: tuple[TsoSpectra, ...] = elements(
        TsoSpectra, doc="One table per order, detector and segment."
    )
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )
    hdrtab: np.ndarray = table("HDRTAB", doc=HEADER_TABLE_DOC, required=False, open_ended=True)


@declaration
class CombinedSpectrum(Product):
    """A spectrum combined from several."""

    combine1d: np.ndarray = table(
        "COMBINE1D", *COMBINE1D_COLUMNS, doc="One row per wavelength.", node="spec_table"
    )


@declaration
class C1d(Product):
    """Combined spectra."""

    model: ClassVar[str] = "MultiCombinedSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("c1d",)

    spec: tuple[CombinedSpectrum, ...] = elements(CombinedSpectrum, doc="One spectrum per order.")


@declaration
class C1dSingle(CombinedSpectrum):
    """One combined spectrum."""

    model: ClassVar[str] = "CombinedSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("c1d",)
    layout: ClassVar[str] = "one spectrum"


@declaration
class CombinedWfssSpectra(Product):
    """Combined slitless spectra of many sources."""

    combine1d: np.ndarray = table(
        "COMBINE1D", *WFSS_COMBINED_COLUMNS, doc="One row per source.", node="spec_table"
    )


@declaration
class C1dWfss(Product):
    """Combined slitless spectra."""

    model: ClassVar[str] = "WFSSMultiCombinedSpecModel"
    suffixes: ClassVar[tuple[str, ...]] = ("c1d",)
    layout: ClassVar[str] = "one row per source"

    spec: tuple[CombinedWfssSpectra, ...] = elements(
        CombinedWfssSpectra, doc="One table per order."
    )
