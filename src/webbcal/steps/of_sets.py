"""Catalogue of every step that works on several exposures together."""

from webbcal.steps._catalogue import Catalogue
from webbcal.steps._set import SetStep

SET_STEPS: Catalogue[SetStep] = Catalogue(
    "assign_mtwcs",
    "tweakreg",
    "skymatch",
    "outlier_detection",
    "resample",
    "source_catalog",
)
