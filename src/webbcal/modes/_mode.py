"""What webbcal knows about one way of observing."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an exposure shows."""

    IMAGE = "image"
    SPECTRUM = "spectrum"
    INTEGRAL_FIELD = "integral-field spectra"
    SLITLESS = "slitless spectra"
    CORONAGRAPH = "coronagraphic image"
    INTERFEROGRAM = "aperture-masking interferogram"
    TIME_SERIES_IMAGE = "time series of images"
    TIME_SERIES_SPECTRUM = "time series of spectra"
    TARGET_ACQUISITION = "target acquisition"
    GUIDING = "guide star"
    CALIBRATION = "internal calibration"
    DARK = "dark"


class Guiding(Enum):
    """How the count rate of a guide star is taken from the reads of an exposure."""

    PAIRS = "difference of the two reads of each integration"
    SMALLER = "smallest of these differences, against cosmic rays"
    FOURS = "difference of the means of the last four and the first four reads"


NEAR_INFRARED = "detector1_near_infrared"
MIRI = "detector1_miri"
DARK_NEAR_INFRARED = "dark_near_infrared"
DARK_MIRI = "dark_miri"
GUIDER = "guider"


@dataclass(frozen=True)
class Mode:
    """One exposure type, and the recipes that calibrate it, by name.

    A recipe that is None does not exist (yet) for this kind of exposure. `integral_field` says
    that its count rates are those of an integral-field unit: True, False, or only with a lamp in
    that mode. `guiding` says how the images of a guider are made, None for all other modes.
    """

    exposure_type: str
    instrument: str
    kind: Kind
    stage1: str | None
    integral_field: bool | None = False
    guiding: Guiding | None = None
