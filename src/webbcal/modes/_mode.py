"""What webbcal knows about one way of observing."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an exposure shows."""

    IMAGE = "image"
    SPECTRUM = "spectrum"
    SLITLESS = "slitless spectra"
    CORONAGRAPH = "coronagraphic image"
    TIME_SERIES_IMAGE = "time series of images"
    TIME_SERIES_SPECTRUM = "time series of spectra"
    TARGET_ACQUISITION = "target acquisition"
    CALIBRATION = "internal calibration"


@dataclass(frozen=True)
class Mode:
    """One exposure type, and the recipes that calibrate it, by name.

    A recipe that is None does not exist (yet) for this kind of exposure.
    """

    exposure_type: str
    instrument: str
    kind: Kind
    stage1: str | None
