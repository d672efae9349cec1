"""Catalogue of every step that works on several exposures together."""

from typing import TYPE_CHECKING

from webbcal.steps._catalogue import Catalogue

if TYPE_CHECKING:
    # What such steps are takes kernels; their names, which settings are checked by, do not.
    from webbcal.steps._set import SetStep

SET_STEPS: "Catalogue[SetStep]" = Catalogue(
    "assign_mtwcs",
    "tweakreg",
    "skymatch",
    "outlier_detection",
    "resample",
    "source_catalog",
)
