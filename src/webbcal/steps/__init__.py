"""Catalogue of every step."""

from webbcal.steps import (
    assign_wcs,
    charge_migration,
    clean_flicker_noise,
    dark_current,
    dq_init,
    emicorr,
    firstframe,
    flat_field,
    gain_scale,
    group_scale,
    guider_cds,
    ipc,
    jump,
    lastframe,
    linearity,
    persistence,
    picture_frame,
    ramp_fit,
    refpix,
    reset,
    rscd,
    saturation,
    superbias,
)
from webbcal.steps._step import Step

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        group_scale.STEP,
        dq_init.STEP,
        emicorr.STEP,
        saturation.STEP,
        ipc.STEP,
        superbias.STEP,
        refpix.STEP,
        firstframe.STEP,
        lastframe.STEP,
        reset.STEP,
        linearity.STEP,
        rscd.STEP,
        dark_current.STEP,
        charge_migration.STEP,
        jump.STEP,
        picture_frame.STEP,
        clean_flicker_noise.STEP,
        persistence.STEP,
        ramp_fit.STEP,
        gain_scale.STEP,
        guider_cds.STEP,
        flat_field.STEP,
        assign_wcs.STEP,
    )
}
