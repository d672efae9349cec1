"""Catalogue of every product: the one list to read, and to extend.

Where several products share a DATAMODL or a suffix, the first is the ordinary form.
"""

from webbcal.spec.fields import Product
from webbcal.spec.products.calibrated import Cal, CalIfu, CalInts, WfsCombined
from webbcal.spec.products.catalogs import Cat, Phot, Segm, Whtlt
from webbcal.spec.products.coronagraphy import (
    Contrast,
    PsfAlign,
    PsfAlignStack,
    PsfStack,
    PsfSub,
)
from webbcal.spec.products.detector1 import (
    Bsub,
    CombinedBackground,
    Dark,
    FlickerMask,
    FlickerMasks,
    LikelihoodQuality,
    PersistenceEnd,
    Ramp,
    RampFit,
    Rate,
    RateIfu,
    RateInts,
    SuperstripeRamp,
    TrapsFilled,
    Uncal,
)
from webbcal.spec.products.guiding import GuiderCal, GuiderRaw
from webbcal.spec.products.interferometry import Ami, AmiFit, AmiOi
from webbcal.spec.products.resampled import I2d, S2d, S2dMultiSlit, S3d
from webbcal.spec.products.slits import CalIntsSlit, CalMultiSlit, CalSlit, CalSource
from webbcal.spec.products.spectra import (
    C1d,
    C1dSingle,
    C1dWfss,
    X1d,
    X1dInts,
    X1dIntsTso,
    X1dMrs,
    X1dWfss,
)

__all__ = [
    "PRODUCTS",
    "Ami",
    "AmiFit",
    "AmiOi",
    "Bsub",
    "C1d",
    "C1dSingle",
    "C1dWfss",
    "Cal",
    "CalIfu",
    "CalInts",
    "CalIntsSlit",
    "CalMultiSlit",
    "CalSlit",
    "CalSource",
    "Cat",
    "CombinedBackground",
    "Contrast",
    "Dark",
    "FlickerMask",
    "FlickerMasks",
    "GuiderCal",
    "GuiderRaw",
    "I2d",
    "LikelihoodQuality",
    "PersistenceEnd",
    "Phot",
    "PsfAlign",
    "PsfAlignStack",
    "PsfStack",
    "PsfSub",
    "Ramp",
    "RampFit",
    "Rate",
    "RateIfu",
    "RateInts",
    "S2d",
    "S2dMultiSlit",
    "S3d",
    "Segm",
    "SuperstripeRamp",
    "TrapsFilled",
    "Uncal",
    "WfsCombined",
    "Whtlt",
    "X1d",
    "X1dInts",
    "X1dIntsTso",
    "X1dMrs",
    "X1dWfss",
    "by_model",
    "by_suffix",
]

PRODUCTS: tuple[type[Product], ...] = (
    # stage 1
    Uncal,
    Ramp,
    Dark,
    SuperstripeRamp,
    Rate,
    RateIfu,
    RateInts,
    RampFit,
    LikelihoodQuality,
    TrapsFilled,
    PersistenceEnd,
    FlickerMask,
    FlickerMasks,
    # stage 2
    Bsub,
    CombinedBackground,
    Cal,
    CalIfu,
    CalInts,
    CalSlit,
    CalIntsSlit,
    CalMultiSlit,
    CalSource,
    # stage 2 and 3
    I2d,
    S2d,
    S2dMultiSlit,
    S3d,
    X1d,
    X1dMrs,
    X1dWfss,
    X1dInts,
    X1dIntsTso,
    # stage 3
    C1d,
    C1dSingle,
    C1dWfss,
    Cat,
    Segm,
    Phot,
    Whtlt,
    PsfStack,
    PsfAlign,
    PsfAlignStack,
    PsfSub,
    Contrast,
    Ami,
    AmiFit,
    AmiOi,
    WfsCombined,
    # guiding
    GuiderRaw,
    GuiderCal,
)


def by_model(datamodl: str) -> tuple[type[Product], ...]:
    """Return the products that a DATAMODL may stand for."""
    return tuple(kind for kind in PRODUCTS if kind.model and kind.model == datamodl)


def by_suffix(suffix: str) -> tuple[type[Product], ...]:
    """Return the forms of the product whose file names end in a suffix."""
    return tuple(kind for kind in PRODUCTS if suffix in kind.suffixes)
