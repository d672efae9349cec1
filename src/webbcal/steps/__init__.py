"""Catalogue of every step on single exposures."""

from webbcal.steps._catalogue import Catalogue
from webbcal.steps._step import Step

STEPS: Catalogue[Step] = Catalogue(
    "group_scale",
    "dq_init",
    "emicorr",
    "saturation",
    "ipc",
    "superbias",
    "refpix",
    "firstframe",
    "lastframe",
    "reset",
    "linearity",
    "rscd",
    "dark_current",
    "charge_migration",
    "jump",
    "picture_frame",
    "clean_flicker_noise",
    "persistence",
    "ramp_fit",
    "gain_scale",
    "guider_cds",
    "flat_field",
    "assign_wcs",
    "assign_wcs_nirspec_image",
    "photom",
    bkg_subtract="background",
)
