"""Catalogue of every step."""

from webbcal.steps import dark_current, dq_init, group_scale, ipc, linearity, saturation, superbias
from webbcal.steps._step import Step

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        group_scale.STEP,
        dq_init.STEP,
        saturation.STEP,
        ipc.STEP,
        superbias.STEP,
        linearity.STEP,
        dark_current.STEP,
    )
}
