"""What stage 1 reads and makes: raw exposures, ramps, count rates."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from webbcal.spec.fields import Product, image, table, working
from webbcal.spec.meta import Meta
from webbcal.spec.products.tables import GROUP_COLUMNS, INT_TIMES_COLUMNS
from webbcal.spec.window import Window

RAMP = ("integration", "group", "y", "x")
CUBE = ("integration", "y", "x")
PLANE = ("y", "x")


@dataclass(frozen=True, eq=False, kw_only=True)
class Uncal(Product):
    """A raw exposure, as the spacecraft sent it."""

    model: ClassVar[str] = "Level1bModel"
    suffixes: ClassVar[tuple[str, ...]] = ("uncal",)

    sci: np.ndarray = image("SCI", "u2", RAMP, unit="DN", doc="Raw pixel values.")
    group: np.ndarray = table(
        "GROUP", *GROUP_COLUMNS, doc="Times and completion codes of the groups.", required=False
    )
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )
    zeroframe: np.ndarray = image(
        "ZEROFRAME", "u2", CUBE, unit="DN", doc="First frame of each integration.", required=False
    )
    refout: np.ndarray = image(
        "REFOUT",
        "u2",
        ("integration", "group", "y_refout", "x_refout"),
        unit="DN",
        doc="Reference output of the MIRI detectors.",
        required=False,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Ramp(Product):
    """An exposure on its way through stage 1: one value per pixel, group and integration."""

    model: ClassVar[str] = "RampModel"
    suffixes: ClassVar[tuple[str, ...]] = ("ramp",)

    sci: np.ndarray = image("SCI", "f4", RAMP, unit="DN", doc="Accumulated signal.")
    pixeldq: np.ndarray = image(
        "PIXELDQ",
        "u4",
        PLANE,
        doc="Flags of a pixel in all groups and integrations.",
        fill=0,
    )
    groupdq: np.ndarray = image("GROUPDQ", "u1", RAMP, doc="Flags of a pixel in one group.", fill=0)
    err: np.ndarray = image(
        "ERR",
        "f4",
        RAMP,
        unit="DN",
        doc="Uncertainty of SCI.",
        required=False,
        fill=0,
        node="extra_fits.ERR.data",  # stdatamodels knows no ERR here and keeps it as an extra
    )
    zeroframe: np.ndarray = image(
        "ZEROFRAME",
        "f4",
        CUBE,
        unit="DN",
        doc="First frame of each integration; 0 where it cannot be used.",
        required=False,
    )
    group: np.ndarray = table(
        "GROUP", *GROUP_COLUMNS, doc="Times and completion codes of the groups.", required=False
    )
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )
    refout: np.ndarray = image(
        "REFOUT",
        "f4",
        ("integration", "group", "y_refout", "x_refout"),
        unit="DN",
        doc="Reference output of the MIRI detectors.",
        required=False,
    )
    average_dark_current: np.ndarray = image(
        "AVDRKCUR",
        "f4",
        PLANE,
        unit="electron/s",
        doc="Mean dark current.",
        required=False,
        node="average_dark_current",
    )
    cosmic_rays: np.ndarray = working(
        PLANE, "u2", doc="Jumps found in the ramps of a pixel, before neighbours are flagged."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Rate(Product):
    """Count rate of an exposure, all its integrations combined."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("rate", "bsub")

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN/s", doc="Count rate.")
    err: np.ndarray = image("ERR", "f4", PLANE, unit="DN/s", doc="Standard error of SCI.")
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags.")
    var_poisson: np.ndarray = image(
        "VAR_POISSON", "f4", PLANE, unit="(DN/s)^2", doc="Variance of SCI by photon noise."
    )
    var_rnoise: np.ndarray = image(
        "VAR_RNOISE", "f4", PLANE, unit="(DN/s)^2", doc="Variance of SCI by read noise."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class RateInts(Product):
    """Count rate of each integration of an exposure."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("rateints", "bsubints")

    sci: np.ndarray = image("SCI", "f4", CUBE, unit="DN/s", doc="Count rate.")
    err: np.ndarray = image("ERR", "f4", CUBE, unit="DN/s", doc="Standard error of SCI.")
    dq: np.ndarray = image("DQ", "u4", CUBE, doc="Flags.")
    int_times: np.ndarray = table(
        "INT_TIMES", *INT_TIMES_COLUMNS, doc="Times of the integrations.", required=False
    )
    var_poisson: np.ndarray = image(
        "VAR_POISSON", "f4", CUBE, unit="(DN/s)^2", doc="Variance of SCI by photon noise."
    )
    var_rnoise: np.ndarray = image(
        "VAR_RNOISE", "f4", CUBE, unit="(DN/s)^2", doc="Variance of SCI by read noise."
    )


@dataclass(frozen=True, kw_only=True)
class CountRates:
    """The two results of ramp fitting, which later steps of stage 1 correct together."""

    rate: Rate
    rateints: RateInts

    @property
    def meta(self) -> Meta:
        """The metadata, which both share."""
        return self.rate.meta

    @property
    def window(self) -> Window | None:
        """Which rows and columns of the exposure both hold; None for all of them."""
        return self.rate.window

    def cut(self, window: Window) -> Self:
        """Return both on a window, given in the pixel coordinates of the exposure."""
        return replace(self, rate=self.rate.cut(window), rateints=self.rateints.cut(window))
