"""Stages 2 and 3 of images: from count rates to calibrated images, mosaics and catalogues."""

from dataclasses import replace

from webbcal.pipelines.recipes._recipe import Recipe
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, Rate, RateInts

_CALIBRATE = ("bkg_subtract", "assign_wcs", "flat_field", "photom")

PLANE = 2


def _several_integrations(meta: Meta, shape: tuple[int, ...]) -> str:
    return "" if len(shape) == PLANE else "its integrations stay apart"


def _moves(meta: Meta) -> bool:
    return str(meta.lookup("target.type") or "").upper() == "MOVING"


def _fixed_target(meta: Meta, shape: tuple[int, ...]) -> str:
    return "" if _moves(meta) else "the target does not move"


def _moving_target(meta: Meta, shape: tuple[int, ...]) -> str:
    return "stars move relative to the target" if _moves(meta) else ""


IMAGE2 = Recipe(
    name="image2",
    stage=2,
    parameters="pars-image2pipeline",
    reads=(Rate, RateInts),
    steps=_CALIBRATE,
    saves={"bsub": "bkg_subtract"},
    makes=("cal", "calints"),
    sets=("resample",),
    unless={"resample": _several_integrations},
)

IMAGE2_ALONE = replace(IMAGE2, name="image2_alone", sets=(), unless={})
"""For exposures that are not combined to mosaics: time series, coronagraphs, wavefront sensing."""

IMAGE2_NIRSPEC = replace(
    IMAGE2_ALONE,
    name="image2_nirspec",
    steps=("bkg_subtract", "assign_wcs_nirspec_image", "flat_field", "photom"),
)
"""For images through the spectrograph, with a mirror in place of its grating."""

IMAGE3 = Recipe(
    name="image3",
    stage=3,
    parameters="pars-image3pipeline",
    reads=(Cal,),
    steps=(),
    saves={},
    makes=("crf", "i2d", "cat", "segm"),
    sets=(
        "assign_mtwcs",
        "tweakreg",
        "skymatch",
        "outlier_detection",
        "resample",
        "source_catalog",
    ),
    unless={"assign_mtwcs": _fixed_target, "tweakreg": _moving_target},
)
