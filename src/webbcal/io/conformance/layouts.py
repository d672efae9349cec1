"""Layouts the checker knows besides the declared ones, and drifts of the format that are no fault.

Source: JWST science products documentation compared with the files of later and earlier years;
change log of the JWST pipeline.
"""

from dataclasses import dataclass

OTHER_LAYOUTS: dict[str, str] = {
    "SuperstripeRampModel": "ramp of a superstripe subarray, flags per stripe",
    "IFUImageModel": "image of an IFU exposure",
    "MRSMultiSpecModel": "MIRI MRS spectrum with 21 columns (with residual-fringe corrected flux)",
    "TSOMultiSpecModel": "time-series spectra as vectors, one row per integration",
    "WFSSMultiSpecModel": "wide-field slitless spectra as vectors, one row per source",
    "WFSSMultiCombinedSpecModel": "combined wide-field slitless spectra as vectors",
    "MultiExposureModel": "slits of one source, sorted by exposure",
    "AmiOIModel": "OIFITS2 interferometric observables",
    "AmiLgFitModel": "interferometric fringe fit, with centred and normalised images",
    "ContrastModel": "contrast curve of a coronagraphic observation",
    "RampFitOutputModel": "optional results of ramp fitting",
    "GuiderRawModel": "raw guide-star exposure",
    "GuiderCalModel": "calibrated guide-star exposure",
    "OutlierIFUOutputModel": "working arrays of the outlier detection of an IFU",
    "SossExtractModel": "working model of a SOSS extraction",
}
"""DATAMODL to words, for layouts that the format documents do not list, declared or not."""


@dataclass(frozen=True)
class Drift:
    """A column that files of some years have in another form, or not at all."""

    extension: str
    column: str
    tform: str  # the other form; empty: the column is missing
    since: str


COLUMN_DRIFTS: tuple[Drift, ...] = (
    Drift("GROUP", "integration_number", "I", "files written before 2024 have 16-bit numbers"),
    Drift("MOVING_TARGET_POSITION", "mt_v2", "", "files written before 2024 lack it"),
    Drift("MOVING_TARGET_POSITION", "mt_v3", "", "files written before 2024 lack it"),
)

VECTOR_COLUMN = "N_ALONGDISP"
"""Column that marks the newer spectra, whose cells are vectors."""

FRINGE_COLUMN = "RF_FLUX"
"""Column that marks the 21-column spectra of the MIRI MRS."""
