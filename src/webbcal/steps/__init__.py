"""Catalogue of every step."""

from webbcal.steps import (
    dark_current,
    dq_init,
    gain_scale,
    group_scale,
    ipc,
    jump,
    linearity,
    ramp_fit,
    refpix,
    saturation,
    superbias,
)
from webbcal.steps._step import Step

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        group_scale.STEP,
        dq_init.STEP,
        saturation.STEP,
        ipc.STEP,
        superbias.STEP,
        refpix.STEP,
        linearity.STEP,
        dark_current.STEP,
        jump.STEP,
        ramp_fit.STEP,
        gain_scale.STEP,
    )
}
