"""What to simulate."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Options, option
from webbcal.sim.nircam import (
    DEFAULT_FILTER,
    DETECTORS,
    FILTERS,
    READ_PATTERNS,
    Detector,
    Subarray,
    subarray_of,
)


@dataclass(frozen=True)
class ImageSimulation(Options):
    """Options of a simulated NIRCam imaging programme: instrument, exposures, scene, effects."""

    detector: str = option("NRCB1", "Detector.", choices=tuple(DETECTORS))
    filter: str | None = option(None, "Filter; none for F200W or F356W, as the channel allows.")
    subarray: str = option("SUB160", "FULL, SUB640, SUB320, SUB160, SUB64P or ROWSxCOLUMNS.")
    x_start: int | None = option(None, "First column on the detector, from 1.", unit="pixel")
    y_start: int | None = option(None, "First row on the detector, from 1.", unit="pixel")
    readpatt: str = option("RAPID", "Read pattern.", choices=tuple(READ_PATTERNS))
    ngroups: int = option(8, "Groups per integration.", low=1, high=1000)
    nints: int = option(1, "Integrations per exposure.", low=1, high=10000)
    segments: int = option(1, "Files per exposure, its integrations shared out.", low=1)
    exposures: int = option(1, "Number of dithered exposures.", low=1, high=99999)
    program: int = option(99001, "Programme number.", low=1, high=99999)

    stars: int | None = option(None, "Number of stars; none for one per 2500 pixels.", low=0)
    brightest_star: float = option(2e5, "Rate of the brightest star.", unit="electron/s", low=0)
    faintest_star: float = option(20.0, "Rate of the faintest star.", unit="electron/s", low=0)
    sky: float = option(2.0, "Rate of the sky.", unit="electron/s/pixel", low=0)
    flat: bool = option(True, "Let the response vary over the pixels.")
    dark: bool = option(True, "Dark current.")
    hot_pixels: bool = option(True, "Hot pixels.")
    dead_pixels: bool = option(True, "Dead pixels.")
    photon_noise: bool = option(True, "Poisson noise of every frame.")
    read_noise: bool = option(True, "White read noise of every frame, different in every pixel.")
    amplifier_offsets: bool = option(True, "Offsets of the amplifiers, drifting.")
    odd_even_columns: bool = option(True, "Offsets of odd and even columns, drifting.")
    one_over_f: bool = option(True, "Correlated 1/f noise in readout order.")
    cosmic_rays: float = option(1.0, "Cosmic rays, relative to the usual rate.", low=0)
    snowballs: float = option(1.0, "Snowballs, relative to the usual rate.", low=0)
    bias_structure: bool = option(True, "Bias pattern and reset noise.")
    nonlinearity: bool = option(True, "Nonlinear response to charge.")
    full_well: bool = option(True, "Pixels hold no more charge than their full well.")
    interpixel_capacitance: bool = option(False, "Capacitive coupling of neighbouring pixels.")
    zero_frame: bool = option(False, "Store the first frame of each integration.")
    coarse: bool = option(
        False,
        "Draw noise once per group instead of per frame: fast, for benchmarks; frames of a group "
        "are then identical in charge.",
    )

    dark_frames: int = option(50, "Frames of the dark reference.", low=1, high=1000)
    full_frame_references: bool = option(
        False, "References, all but the dark, of the whole detector, to be cut."
    )
    reference_noise: bool = option(False, "References as noisy as measured ones.")

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = self.filter_name
        known = FILTERS[self.chip.channel]
        if chosen not in known:
            raise InvalidOptions(
                f"filter for {self.detector}", expected=" or ".join(known), found=chosen
            )
        if self.segments > self.nints:
            raise InvalidOptions(
                "option segments",
                expected=f"at most one per integration, {self.nints}",
                found=self.segments,
            )
        if self.coarse and self.zero_frame:
            raise InvalidOptions(
                "options coarse and zero_frame",
                expected="one of them: a coarse exposure has no single frames",
                found="both",
            )
        if self.faintest_star > self.brightest_star:
            raise InvalidOptions(
                "option faintest_star",
                expected=f"at most the brightest, {self.brightest_star}",
                found=self.faintest_star,
            )
        _ = self.window

    @property
    def chip(self) -> Detector:
        """Facts of the detector."""
        return DETECTORS[self.detector]

    @property
    def filter_name(self) -> str:
        """The filter, or the usual one of the channel."""
        return self.filter or DEFAULT_FILTER[self.chip.channel]

    @property
    def window(self) -> Subarray:
        """The part of the detector that is read."""
        return subarray_of(self.subarray, self.chip, self.x_start, self.y_start)


QUIET = {
    "photon_noise": False,
    "read_noise": False,
    "amplifier_offsets": False,
    "odd_even_columns": False,
    "one_over_f": False,
    "cosmic_rays": 0.0,
    "snowballs": 0.0,
    "bias_structure": False,
    "hot_pixels": False,
    "dead_pixels": False,
}
"""Switches that leave nothing random in an exposure but the scene and the detector."""
