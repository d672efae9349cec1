"""Catalogue of every step."""

from webbcal.steps import superbias
from webbcal.steps._step import Step

STEPS: dict[str, Step] = {step.name: step for step in (superbias.STEP,)}
