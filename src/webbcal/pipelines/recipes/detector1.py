"""Stage 1: from raw ramps to count rates."""

from webbcal.pipelines.recipes._recipe import Recipe
from webbcal.spec.products import Uncal

NEAR_INFRARED = Recipe(
    name="detector1_near_infrared",
    stage=1,
    parameters="pars-detector1pipeline",
    reads=Uncal,
    steps=(
        "group_scale",
        "dq_init",
        "saturation",
        "ipc",
        "superbias",
        "refpix",
        "linearity",
        "dark_current",
        "jump",
        "ramp_fit",
        "gain_scale",
    ),
    saves={"ramp": "jump"},
)
