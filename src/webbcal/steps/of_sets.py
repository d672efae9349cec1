"""Catalogue of every step that works on several exposures together."""

from webbcal.steps import (
    assign_mtwcs,
    outlier_detection,
    resample,
    skymatch,
    source_catalog,
    tweakreg,
)
from webbcal.steps._set import SetStep

_ALL: tuple[SetStep, ...] = (
    assign_mtwcs.STEP,
    tweakreg.STEP,
    skymatch.STEP,
    outlier_detection.STEP,
    resample.STEP,
    source_catalog.STEP,
)

SET_STEPS: dict[str, SetStep] = {step.name: step for step in _ALL}
