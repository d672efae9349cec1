"""What to simulate."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Options, option
from webbcal.sim.instruments import (
    DETECTORS,
    INSTRUMENTS,
    Detector,
    Instrument,
    Subarray,
    instrument_of,
)
from webbcal.sim.instruments.fgs import FGS

GUIDING = frozenset(FGS.further_types)
EXPOSURE_TYPES = tuple(t for i in INSTRUMENTS.values() for t in i.exposure_types)
READ_PATTERNS = tuple(p for i in INSTRUMENTS.values() for p in i.read_patterns)

OF_MIRI = ("interference", "reset_anomaly", "charge_decay", "last_frame", "dark_settling")
"""Effects that only this instrument has."""


@dataclass(frozen=True)
class ImageSimulation(Options):
    """Options of a simulated programme: detector, exposures, scene, effects."""

    detector: str = option(
        "NRCB1", "Detector; it decides on the instrument.", choices=tuple(DETECTORS)
    )
    exposure_type: str | None = option(
        None, "Exposure type; none for imaging with the instrument.", choices=EXPOSURE_TYPES
    )
    filter: str | None = option(None, "Filter; none for the usual one of the detector.")
    subarray: str | None = option(
        None, "Name of a subarray, FULL or ROWSxCOLUMNS; none for a small one of the instrument."
    )
    x_start: int | None = option(None, "First column on the detector, from 1.", unit="pixel")
    y_start: int | None = option(None, "First row on the detector, from 1.", unit="pixel")
    readpatt: str | None = option(
        None,
        "Read pattern; none for one frame per group.",
        choices=READ_PATTERNS,
    )
    ngroups: int = option(8, "Groups per integration.", low=1, high=1000)
    nints: int = option(1, "Integrations per exposure.", low=1, high=10000)
    segments: int = option(1, "Files per exposure, its integrations shared out.", low=1)
    exposures: int = option(1, "Number of dithered exposures.", low=1, high=99999)
    program: int = option(99001, "Programme number.", low=1, high=99999)

    stars: int | None = option(None, "Number of stars; none for one per 2500 pixels.", low=0)
    brightest_star: float = option(2e5, "Rate of the brightest star.", unit="electron/s", low=0)
    faintest_star: float = option(20.0, "Rate of the faintest star.", unit="electron/s", low=0)
    sky: float = option(2.0, "Rate of the sky.", unit="electron/s/pixel", low=0)
    transit_depth: float = option(
        0.01, "Light that a planet takes from the star of a time series.", low=0, high=0.2
    )
    transit_duration: float = option(
        0.4, "Duration of the transit as a part of the exposure.", low=0, high=1
    )
    flat: bool = option(True, "Let the response vary over the pixels.")
    dark: bool = option(True, "Dark current.")
    hot_pixels: bool = option(True, "Hot pixels.")
    dead_pixels: bool = option(True, "Dead pixels.")
    photon_noise: bool = option(True, "Poisson noise of every frame.")
    read_noise: bool = option(True, "White read noise of every frame, different in every pixel.")
    amplifier_offsets: bool = option(True, "Offsets of the amplifiers, drifting.")
    odd_even_columns: bool = option(True, "Offsets of odd and even columns, drifting.")
    one_over_f: bool = option(True, "Correlated 1/f noise in readout order.")
    one_over_f_level: float = option(1.0, "Its level, relative to the usual one.", low=0)
    cosmic_rays: float = option(1.0, "Cosmic rays, relative to the usual rate.", low=0)
    snowballs: float = option(1.0, "Snowballs, relative to the usual rate.", low=0)
    showers: float = option(0.0, "Showers, relative to the usual rate of MIRI.", low=0)
    bias_structure: bool = option(True, "Bias pattern and reset noise.")
    nonlinearity: bool = option(True, "Nonlinear response to charge.")
    full_well: bool = option(True, "Pixels hold no more charge than their full well.")
    interpixel_capacitance: bool = option(False, "Capacitive coupling of neighbouring pixels.")
    traps: float = option(
        0.0, "Charge traps, which cause persistence, relative to the usual number.", low=0
    )
    charge_migration: float = option(
        0.0, "Charge that bright pixels lose to their neighbours; 1 for a strong case.", low=0
    )
    interference: float = option(
        0.0, "Electromagnetic interference, relative to the usual one of MIRI.", low=0
    )
    reset_anomaly: float = option(
        0.0, "Offset that dies away after a reset, relative to the usual one of MIRI.", low=0
    )
    charge_decay: float = option(
        0.0, "Deficit after the reset of a bright pixel, relative to the usual one of MIRI.", low=0
    )
    last_frame: float = option(
        0.0, "Disturbance of the last frame, relative to the usual one of MIRI.", low=0
    )
    dark_settling: float = option(
        0.0, "Dark signal that settles in the first integration of MIRI, relative.", low=0
    )
    picture_frame: float = option(
        0.0, "Glow of the edges of a NIRSpec detector, relative to the usual one.", low=0
    )
    reference_output: bool = option(False, "Store the reference output of a MIRI detector.")
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
        self._check_instrument()
        self._check_readout()
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

    def _check_instrument(self) -> None:
        """Refuse what the instrument does not have."""
        instrument = self.instrument
        for name, chosen, known in (
            ("exposure_type", self.exptype, instrument.exposure_types),
            ("filter", self.filter_name, instrument.wavelengths(self.chip)),
            ("readpatt", self.read_pattern, instrument.read_patterns),
        ):
            if chosen not in known:
                raise InvalidOptions(
                    f"{name} for {self.detector}", expected=" or ".join(known), found=chosen
                )
        only_miri = [name for name in OF_MIRI if getattr(self, name) > 0]
        if only_miri and instrument.name != "MIRI":
            raise InvalidOptions(
                f"options {', '.join(only_miri)}",
                expected="a detector of MIRI",
                found=self.detector,
            )

    def _check_readout(self) -> None:
        """Refuse what cannot be read in this way."""
        instrument = self.instrument
        pattern, reads = self.read_pattern, instrument.read_patterns[self.read_pattern].reads
        if instrument.read_patterns[pattern].reference_reads and not self.window.full_frame:
            raise InvalidOptions(f"subarray for {pattern}", expected="FULL", found=self.window.name)
        if reads and self.ngroups != len(reads):
            raise InvalidOptions(
                f"ngroups for {self.read_pattern}", expected=len(reads), found=self.ngroups
            )
        if self.is_guiding and (self.segments > 1 or self.zero_frame):
            raise InvalidOptions(
                f"options of {self.exptype}",
                expected="one segment, no zero_frame",
                found=f"{self.segments} segments, zero_frame {self.zero_frame}",
            )
        window = self.window
        if instrument.interleaved_outputs and window.columns % instrument.outputs(window):
            raise InvalidOptions(
                "subarray",
                expected=f"a multiple of {instrument.outputs(window)} columns",
                found=window.columns,
            )

    @property
    def chip(self) -> Detector:
        """Facts of the detector."""
        return DETECTORS[self.detector]

    @property
    def instrument(self) -> Instrument:
        """Facts of the instrument."""
        return instrument_of(self.chip)

    @property
    def exptype(self) -> str:
        """The exposure type, or that of an image."""
        return self.exposure_type or self.instrument.image

    @property
    def is_dark(self) -> bool:
        """Whether no light reaches the detector."""
        return "DARK" in self.exptype

    @property
    def is_time_series(self) -> bool:
        """Whether the exposure follows a source in time."""
        return self.exptype == self.instrument.time_series

    @property
    def is_guiding(self) -> bool:
        """Whether the exposure is one of a guide star."""
        return self.exptype in GUIDING

    def visit_of(self, exposure: int) -> tuple[int, int]:
        """Return visit (from 1) and number in it (from 0) of an exposure (from 0)."""
        return 1, exposure

    @property
    def filter_name(self) -> str:
        """The filter, or the usual one."""
        return self.filter or self.instrument.default_filter(self.chip)

    @property
    def read_pattern(self) -> str:
        """The read pattern, or the usual one."""
        return self.readpatt or self.instrument.default_pattern

    @property
    def window(self) -> Subarray:
        """The part of the detector that is read."""
        name = self.subarray or self.instrument.default_subarray
        return self.instrument.window(name, self.chip, self.x_start, self.y_start)


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
