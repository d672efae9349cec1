"""Catalogue of every step."""

from webbcal.steps import dq_init, group_scale, saturation, superbias
from webbcal.steps._step import Step

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        group_scale.STEP,
        dq_init.STEP,
        saturation.STEP,
        superbias.STEP,
    )
}
