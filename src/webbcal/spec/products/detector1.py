"""What stage 1 reads and makes: raw exposures, ramps, count rates."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from webbcal.spec.fields import Product, declaration, image, table, working
from webbcal.spec.meta import Meta
from webbcal.spec.products.arrays import (
    CUBE,
    PLANE,
    RAMP,
    error,
    flags,
    science,
    variance_poisson,
    variance_rnoise,
)
from webbcal.spec.products.tables import (
    GROUP_COLUMNS,
    INT_TIMES_COLUMNS,
    INT_TIMES_STRIPE_COLUMNS,
    MOVING_TARGET_COLUMNS,
    MSA_TARG_ACQ_COLUMNS,
)
from webbcal.spec.window import Window

REFOUT = ("integration", "group", "y_refout", "x_refout")


@declaration
class Uncal(Product):
    """A raw exposure, as the spacecraft sent it."""

    model: ClassVar[str] = "Level1bModel"
    suffixes: ClassVar[tuple[str, ...]] = ("uncal",)

    sci: np.ndarray = image("SCI", "u2", RAMP, unit="DN", doc="Raw pixel values.")
    group: np.ndarray = table(
        "GROUP",
        *GROUP_COLUMNS,
        doc="Times and completion codes of the groups.",
        required=False,
        empty=True,
    )
    int_times: np.ndarray = table(
        "INT_TIMES",
        *INT_TIMES_COLUMNS,
        doc="Times of the integrations.",
        required=False,
        empty=True,
    )
    zeroframe: np.ndarray = image(
        "ZEROFRAME", "u2", CUBE, unit="DN", doc="First frame of each integration.", required=False
    )
    refout: np.ndarray = image(
        "REFOUT",
        "u2",
        REFOUT,
        unit="DN",
        doc="Reference output of the MIRI detectors.",
        required=False,
    )
    moving_target_position: np.ndarray = table(
        "MOVING_TARGET_POSITION",
        *MOVING_TARGET_COLUMNS,
        doc="Where a moving target was, by time.",
        required=False,
        node="moving_target",
    )
    cheby: np.ndarray = table(
        "CHEBY",
        doc="Chebyshev coefficients of the path of a moving target, x00 to z05.",
        required=False,
        open_ended=True,
        node="cheby_coefficients",
    )
    int_times_stripe: np.ndarray = table(
        "INT_TIMES_STRIPE",
        *INT_TIMES_STRIPE_COLUMNS,
        doc="Times of the integrations, by stripe.",
        required=False,
    )
    msa_targ_acq: np.ndarray = table(
        "MSA_TARG_ACQ",
        *MSA_TARG_ACQ_COLUMNS,
        doc="Target acquisition with the NIRSpec micro-shutters.",
        required=False,
        node="msa_targ_acq_table",
    )


@declaration
class Ramp(Product):
    """An exposure on its way through stage 1: one value per pixel, group and integration."""

    model: ClassVar[str] = "RampModel"
    suffixes: ClassVar[tuple[str, ...]] = ("ramp",)

    sci: np.ndarray = image("SCI", "f4", RAMP, unit="DN", doc="Accumulated signal.")
    pixeldq: np.ndarray = image(
        "PIXELDQ", "u4", PLANE, doc="Flags of a pixel in all groups and integrations.", fill=0
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
        "GROUP",
        *GROUP_COLUMNS,
        doc="Times and completion codes of the groups.",
        required=False,
        empty=True,
    )
    int_times: np.ndarray = table(
        "INT_TIMES",
        *INT_TIMES_COLUMNS,
        doc="Times of the integrations.",
        required=False,
        empty=True,
    )
    refout: np.ndarray = image(
        "REFOUT",
        "f4",
        REFOUT,
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
    int_times_stripe: np.ndarray = table(
        "INT_TIMES_STRIPE",
        *INT_TIMES_STRIPE_COLUMNS,
        doc="Times of the integrations, by stripe.",
        required=False,
    )
    msa_targ_acq: np.ndarray = table(
        "MSA_TARG_ACQ",
        *MSA_TARG_ACQ_COLUMNS,
        doc="Target acquisition with the NIRSpec micro-shutters.",
        required=False,
        node="msa_targ_acq_table",
    )
    cosmic_rays: np.ndarray = working(
        PLANE, "u2", doc="Jumps found in the ramps of a pixel, before neighbours are flagged."
    )
    jump_differences: np.ndarray = working(
        PLANE, "u4", doc="Differences between groups in which jumps were searched."
    )
    typical_difference: np.ndarray = working(
        ("difference", "y", "x"), "f4", doc="Median difference of the groups, one for all or each."
    )
    difference_scatter: np.ndarray = working(
        ("difference", "y", "x"), "f4", doc="Half the range of the middle 68 % of the differences."
    )
    background_mask: np.ndarray = working(
        CUBE, "u1", doc="1 where a pixel shows only background, for the 1/f noise."
    )
    flicker_background: np.ndarray = working(
        RAMP, "f4", doc="Background while the 1/f noise was measured, DN."
    )
    flicker_noise: np.ndarray = working(RAMP, "f4", doc="1/f noise that was subtracted, DN.")
    thermal_mask: np.ndarray = working(
        PLANE, "u1", doc="1 where a pixel shows only background, for the picture frame."
    )
    thermal_pattern: np.ndarray = working(RAMP, "f4", doc="Picture frame that was subtracted, DN.")
    traps_filled: np.ndarray = working(
        ("family", "y", "x"), "f4", doc="Charge in the traps of each family at the end, DN."
    )
    persistence: np.ndarray = working(RAMP, "f4", doc="Persistence that was subtracted, DN.")
    persistence_end: np.ndarray = working(
        PLANE, "f8", doc="When the persistence of a pixel ends, MJD; 0 where there is none."
    )
    subtracted_dark: np.ndarray = working(
        ("dark_integration", "group", "y", "x"), "f4", doc="The dark that was subtracted, DN."
    )
    subtracted_dark_dq: np.ndarray = working(PLANE, "u4", doc="Flags of that dark.")
    emi_pattern: np.ndarray = working(
        RAMP, "f4", doc="Electromagnetic interference that was subtracted, DN."
    )
    no_skip_int1: np.ndarray = working(
        PLANE, "u1", doc="Whether a pixel keeps all groups of the first integration."
    )
    no_skip_int2p: np.ndarray = working(PLANE, "u1", doc="The same, for a later integration.")
    lowered_skip_int1: np.ndarray = working(
        PLANE, "u1", doc="Whether a pixel leaves out fewer groups of the first integration."
    )
    lowered_skip_int2p: np.ndarray = working(PLANE, "u1", doc="The same, for a later integration.")


@declaration
class Dark(Ramp):
    """A dark exposure, calibrated as far as a ramp goes."""

    suffixes: ClassVar[tuple[str, ...]] = ("dark",)


@declaration
class SuperstripeRamp(Ramp):
    """A ramp of an exposure that reads the detector stripe by stripe."""

    model: ClassVar[str] = "SuperstripeRampModel"
    layout: ClassVar[str] = "superstripe"

    pixeldq: np.ndarray = image(
        "PIXELDQ", "u4", ("stripe", "y", "x"), doc="Flags of a pixel in all groups.", fill=0
    )


@declaration
class Rate(Product):
    """Count rate of an exposure, all its integrations combined."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("rate",)

    sci: np.ndarray = science(PLANE, "DN/s")
    err: np.ndarray = error(PLANE, "DN/s")
    dq: np.ndarray = flags(PLANE)
    var_poisson: np.ndarray = variance_poisson(PLANE, "DN2 / s2")
    var_rnoise: np.ndarray = variance_rnoise(PLANE, "DN2 / s2")


@declaration
class Bsub(Rate):
    """Count rate of an exposure with the background subtracted."""

    suffixes: ClassVar[tuple[str, ...]] = ("bsub",)

    mask: np.ndarray = image(
        "MASK",
        "u4",
        PLANE,
        doc="1 where a pixel served as background (wide-field slitless spectra).",
        required=False,
    )


@declaration
class CombinedBackground(Rate):
    """Mean count rate of background exposures, as it was subtracted."""

    suffixes: ClassVar[tuple[str, ...]] = ("combinedbackground",)


@declaration
class RateIfu(Rate):
    """Count rate of an exposure with an integral-field unit."""

    model: ClassVar[str] = "IFUImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("rate", "bsub")
    layout: ClassVar[str] = "integral field"


@declaration
class RateInts(Product):
    """Count rate of each integration of an exposure."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("rateints", "bsubints")

    sci: np.ndarray = science(CUBE, "DN/s")
    err: np.ndarray = error(CUBE, "DN/s")
    dq: np.ndarray = flags(CUBE)
    int_times: np.ndarray = table(
        "INT_TIMES",
        *INT_TIMES_COLUMNS,
        doc="Times of the integrations.",
        required=False,
        empty=True,
    )
    var_poisson: np.ndarray = variance_poisson(CUBE, "DN2 / s2")
    var_rnoise: np.ndarray = variance_rnoise(CUBE, "DN2 / s2")


@dataclass(frozen=True, kw_only=True)
class CountRates:
    """The two results of ramp fitting, which later steps of stage 1 correct together.

    Beside them, where asked for, the `segments` that were fitted or the `quality` of the fit.
    """

    rate: Rate
    rateints: RateInts
    segments: "RampFit | None" = None
    quality: "LikelihoodQuality | None" = None

    @property
    def meta(self) -> Meta:
        """Metadata of the exposure."""
        return self.rate.meta

    @property
    def window(self) -> Window | None:
        """Which rows and columns of the exposure they hold."""
        return self.rate.window

    def cut(self, window: Window) -> Self:
        """Return all of them on a window of the exposure."""
        return replace(
            self,
            rate=self.rate.cut(window),
            rateints=self.rateints.cut(window),
            segments=None if self.segments is None else self.segments.cut(window),
            quality=None if self.quality is None else self.quality.cut(window),
        )


@declaration
class RampFit(Product):
    """Details of the ramp fit: one value per pixel, segment and integration."""

    model: ClassVar[str] = "RampFitOutputModel"
    suffixes: ClassVar[tuple[str, ...]] = ("fitopt",)

    slope: np.ndarray = image(
        "SLOPE",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN/s",
        doc="Slope of each segment.",
        required=False,
    )
    sigslope: np.ndarray = image(
        "SIGSLOPE",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN/s",
        doc="Its uncertainty.",
        required=False,
    )
    var_poisson: np.ndarray = image(
        "VAR_POISSON",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN2 / s2",
        doc="Variance by photon noise.",
        required=False,
    )
    var_rnoise: np.ndarray = image(
        "VAR_RNOISE",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN2 / s2",
        doc="Variance by read noise.",
        required=False,
    )
    yint: np.ndarray = image(
        "YINT",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN",
        doc="Signal of each segment extrapolated to the first group.",
        required=False,
    )
    sigyint: np.ndarray = image(
        "SIGYINT",
        "f4",
        ("integration", "segment", "y", "x"),
        unit="DN",
        doc="Its uncertainty.",
        required=False,
    )
    pedestal: np.ndarray = image(
        "PEDESTAL", "f4", CUBE, unit="DN", doc="Signal at the reset.", required=False
    )
    weights: np.ndarray = image(
        "WEIGHTS",
        "f4",
        ("integration", "segment", "y", "x"),
        doc="Weight of each segment in the mean.",
        required=False,
    )
    crmag: np.ndarray = image(
        "CRMAG",
        "f4",
        ("integration", "hit", "y", "x"),
        unit="DN",
        doc="Size of each cosmic-ray hit.",
        required=False,
    )


@declaration
class LikelihoodQuality(Product):
    """How well straight lines fit the ramps, by likelihood."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("likely_chisq",)

    sci: np.ndarray = image("SCI", "f4", PLANE, doc="Chi squared, the sum over the integrations.")
    freedom: np.ndarray = image(
        "FREEDOM", "i4", PLANE, doc="Degrees of freedom: what chi squared should be."
    )


@declaration
class TrapsFilled(Product):
    """Charge traps that an exposure has filled, by family."""

    model: ClassVar[str] = "TrapsFilledModel"
    suffixes: ClassVar[tuple[str, ...]] = ("trapsfilled",)

    sci: np.ndarray = image(
        "SCI", "f4", ("family", "y", "x"), doc="Filled traps of each pixel at the end."
    )


@declaration
class PersistenceEnd(Product):
    """Until when the pixels that an exposure has saturated show persistence."""

    model: ClassVar[str] = "JwstDataModel"
    suffixes: ClassVar[tuple[str, ...]] = ("perswindow",)

    sci: np.ndarray = image(
        "SCI", "f8", PLANE, unit="d", doc="End of the persistence, MJD; 0 where there is none."
    )


@declaration
class FlickerMask(Product):
    """Which pixels told of the 1/f noise."""

    model: ClassVar[str] = "ImageModel"
    suffixes: ClassVar[tuple[str, ...]] = ("mask",)

    sci: np.ndarray = image("SCI", "f4", PLANE, doc="1 where there is only background, else 0.")


@declaration
class FlickerMasks(Product):
    """Which pixels told of the 1/f noise, integration by integration."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("mask",)
    layout: ClassVar[str] = "integrations"

    sci: np.ndarray = image("SCI", "f4", CUBE, doc="1 where there is only background, else 0.")
