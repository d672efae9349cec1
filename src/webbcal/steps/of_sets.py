"""Catalogue of every step that works on several exposures together."""

from webbcal.steps import skymatch
from webbcal.steps._set import SetStep

_ALL: tuple[SetStep, ...] = (skymatch.STEP,)

SET_STEPS: dict[str, SetStep] = {step.name: step for step in _ALL}
