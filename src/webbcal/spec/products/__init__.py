"""Catalogue of every product: the one list to read, and to extend.

The module of a product is imported when the product is asked for, by whatever way. Where several
products share a DATAMODL or a suffix, the first is the ordinary form.
"""

from typing import TYPE_CHECKING

from webbcal.spec._declarations import Declarations
from webbcal.spec.fields import Product

if TYPE_CHECKING:
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
    "SUFFIXES",
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


class Entry:
    """What is known of a product before it is imported: module and class, DATAMODL, suffixes."""

    def __init__(self, place: str, model: str, *suffixes: str) -> None:
        self.name = place.partition(".")[2]
        self.place = place
        self.model = model
        self.suffixes = suffixes


CATALOGUE = (
    # stage 1
    Entry("detector1.Uncal", "Level1bModel", "uncal"),
    Entry("detector1.Ramp", "RampModel", "ramp"),
    Entry("detector1.Dark", "RampModel", "dark"),
    Entry("detector1.SuperstripeRamp", "SuperstripeRampModel", "ramp"),
    Entry("detector1.Rate", "ImageModel", "rate"),
    Entry("detector1.RateIfu", "IFUImageModel", "rate", "bsub"),
    Entry("detector1.RateInts", "CubeModel", "rateints", "bsubints"),
    Entry("detector1.RampFit", "RampFitOutputModel", "fitopt"),
    Entry("detector1.LikelihoodQuality", "ImageModel", "likely_chisq"),
    Entry("detector1.TrapsFilled", "TrapsFilledModel", "trapsfilled"),
    Entry("detector1.PersistenceEnd", "JwstDataModel", "perswindow"),
    Entry("detector1.FlickerMask", "ImageModel", "mask"),
    Entry("detector1.FlickerMasks", "CubeModel", "mask"),
    # stage 2
    Entry("detector1.Bsub", "ImageModel", "bsub"),
    Entry("detector1.CombinedBackground", "ImageModel", "combinedbackground"),
    Entry("calibrated.Cal", "ImageModel", "cal", "crf"),
    Entry("calibrated.CalIfu", "IFUImageModel", "cal", "crf"),
    Entry("calibrated.CalInts", "CubeModel", "calints", "crfints"),
    Entry("slits.CalSlit", "SlitModel", "cal", "crf"),
    Entry("slits.CalIntsSlit", "SlitModel", "calints", "crfints"),
    Entry("slits.CalMultiSlit", "MultiSlitModel", "cal", "crf", "calints", "crfints"),
    Entry("slits.CalSource", "MultiExposureModel", "cal", "crf"),
    # stage 2 and 3
    Entry("resampled.I2d", "ImageModel", "i2d"),
    Entry("resampled.S2d", "SlitModel", "s2d"),
    Entry("resampled.S2dMultiSlit", "MultiSlitModel", "s2d"),
    Entry("resampled.S3d", "IFUCubeModel", "s3d"),
    Entry("spectra.X1d", "MultiSpecModel", "x1d"),
    Entry("spectra.X1dMrs", "MRSMultiSpecModel", "x1d"),
    Entry("spectra.X1dWfss", "WFSSMultiSpecModel", "x1d"),
    Entry("spectra.X1dInts", "MultiSpecModel", "x1dints"),
    Entry("spectra.X1dIntsTso", "TSOMultiSpecModel", "x1dints"),
    # stage 3
    Entry("spectra.C1d", "MultiCombinedSpecModel", "c1d"),
    Entry("spectra.C1dSingle", "CombinedSpecModel", "c1d"),
    Entry("spectra.C1dWfss", "WFSSMultiCombinedSpecModel", "c1d"),
    Entry("catalogs.Cat", "", "cat"),
    Entry("catalogs.Segm", "SegmentationMapModel", "segm"),
    Entry("catalogs.Phot", "", "phot"),
    Entry("catalogs.Whtlt", "", "whtlt"),
    Entry("coronagraphy.PsfStack", "CubeModel", "psfstack"),
    Entry("coronagraphy.PsfAlign", "QuadModel", "psfalign"),
    Entry("coronagraphy.PsfAlignStack", "CubeModel", "psfalign"),
    Entry("coronagraphy.PsfSub", "CubeModel", "psfsub"),
    Entry("coronagraphy.Contrast", "ContrastModel", "contrast"),
    Entry("interferometry.Ami", "AmiLgModel", "ami", "amiavg", "aminorm"),
    Entry("interferometry.AmiFit", "AmiLgFitModel", "amilg"),
    Entry("interferometry.AmiOi", "AmiOIModel",
          "ami-oi", "psf-ami-oi", "aminorm-oi", "amimulti-oi"),
    Entry("calibrated.WfsCombined", "ImageModel", "wfscmb"),
    # guiding
    Entry("guiding.GuiderRaw", "GuiderRawModel", "uncal"),
    Entry("guiding.GuiderCal", "GuiderCalModel", "cal"),
)  # fmt: skip

_BY_NAME = Declarations[Product](__name__, {entry.name: entry.place for entry in CATALOGUE})

PRODUCTS = _BY_NAME.values()
"""All products, in the order of the catalogue."""

SUFFIXES = frozenset(suffix for entry in CATALOGUE for suffix in entry.suffixes)
"""How names of product files end."""


def by_model(datamodl: str) -> tuple[type[Product], ...]:
    """Return the products that a DATAMODL may stand for."""
    return tuple(_BY_NAME[e.name] for e in CATALOGUE if e.model and e.model == datamodl)


def by_suffix(suffix: str) -> tuple[type[Product], ...]:
    """Return the forms of the product whose file names end in a suffix."""
    return tuple(_BY_NAME[e.name] for e in CATALOGUE if suffix in e.suffixes)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> type[Product]:
        if name not in _BY_NAME:
            raise AttributeError(f"there is no product {name}")
        return _BY_NAME[name]
