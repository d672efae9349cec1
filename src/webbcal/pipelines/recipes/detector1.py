"""Stage 1: from raw ramps to count rates, dark ramps and guide-star images."""

from webbcal.pipelines.recipes._recipe import Recipe
from webbcal.spec.products import GuiderRaw, Uncal

_NEAR_INFRARED_RAMP = (
    "group_scale",
    "dq_init",
    "saturation",
    "ipc",
    "superbias",
    "refpix",
    "linearity",
)

_MIRI_RAMP = (
    "group_scale",
    "dq_init",
    "emicorr",
    "saturation",
    "ipc",
    "firstframe",
    "lastframe",
    "reset",
    "linearity",
    "rscd",
)

_TO_RATES = (
    "charge_migration",
    "jump",
    "picture_frame",
    "clean_flicker_noise",
    "persistence",
    "ramp_fit",
    "gain_scale",
)

NEAR_INFRARED = Recipe(
    name="detector1_near_infrared",
    stage=1,
    parameters="pars-detector1pipeline",
    reads=(Uncal,),
    steps=(*_NEAR_INFRARED_RAMP, "dark_current", *_TO_RATES),
    saves={"ramp": "persistence"},
)

MIRI = Recipe(
    name="detector1_miri",
    stage=1,
    parameters="pars-detector1pipeline",
    reads=(Uncal,),
    steps=(*_MIRI_RAMP, "dark_current", "refpix", *_TO_RATES),
    saves={"ramp": "persistence"},
)

DARK_NEAR_INFRARED = Recipe(
    name="dark_near_infrared",
    stage=1,
    parameters="pars-darkpipeline",
    reads=(Uncal,),
    steps=_NEAR_INFRARED_RAMP,
    saves={},
    makes=("dark",),
)

DARK_MIRI = Recipe(
    name="dark_miri",
    stage=1,
    parameters="pars-darkpipeline",
    reads=(Uncal,),
    steps=_MIRI_RAMP,
    saves={},
    makes=("dark",),
)

GUIDER = Recipe(
    name="guider",
    stage=1,
    parameters="pars-guiderpipeline",
    reads=(GuiderRaw,),
    steps=("dq_init", "guider_cds", "flat_field"),
    saves={},
    makes=("cal",),
)
