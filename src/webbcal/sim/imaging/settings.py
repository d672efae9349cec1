"""What to simulate: exposures of several detectors, dithered over one field of the sky."""

from dataclasses import dataclass, fields, replace
from typing import Self

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import option
from webbcal.sim.instruments import DETECTORS
from webbcal.sim.settings import ImageSimulation

MAS = 1e-3  # arcsec


@dataclass(frozen=True)
class ImagingProgramme(ImageSimulation):
    """Options of a programme: those of its exposures, detectors, field and pointing.

    `exposures` is the number of dithers, each taken by all detectors at once; rates of stars and
    sky are those on the first detector.
    """

    detectors: str = option("", "Detectors, separated by commas; none for the one of `detector`.")
    products: str = option(
        "uncal",
        "Raw exposures, or the count rates of a perfect stage 1.",
        choices=("uncal", "rate"),
    )
    stars: int | None = option(None, "Stars in the field; none for one per 1000 pixels.", low=0)
    brightest_star: float = option(5e3, "Rate of the brightest star.", unit="electron/s", low=0)
    faintest_star: float = option(2.0, "Rate of the faintest star.", unit="electron/s", low=0)
    galaxies: int | None = option(
        None, "Galaxies in the field; none for one per 15000 pixels.", low=0
    )
    sky: float = option(0.3, "Rate of the sky.", unit="electron/s/pixel", low=0)
    sky_scatter: float = option(
        0.05, "Scatter of the sky between exposures, relative.", low=0, high=1
    )
    ra: float = option(80.4903, "Right ascension of the field.", unit="degree", low=0, high=360)
    dec: float = option(-69.4978, "Its declination.", unit="degree", low=-90, high=90)
    roll: float = option(31.0, "Position angle of the V3 axis.", unit="degree", low=-360, high=360)
    dither_radius: float | None = option(
        None, "Of the dithers; none for a twentieth of the field.", unit="arcsec", low=0
    )
    pointing_error: float = option(
        20.0, "Error of each exposure's pointing, root mean square.", unit="mas", low=0
    )
    stray_visit: float = option(
        100.0,
        "Error of the visit that the last quarter of the exposures belong to; 0: one visit.",
        unit="mas",
        low=0,
    )
    roll_error: float = option(
        0.0, "Error of each exposure's roll, root mean square.", unit="arcsec", low=0
    )
    aberration: float = option(
        1.00006, "Scale of the image by velocity aberration.", low=0.999, high=1.001
    )
    distortion: str | None = option(
        None, "Folder with distortion files (ASDF) of the detectors; none for values of its own."
    )
    missed_cosmic_rays: float = option(
        0.05, "Share of the cosmic rays that stage 1 missed, in rates.", low=0, high=1
    )
    flat_error: float = option(0.001, "Error of the flat field, relative.", low=0, high=0.5)
    scene_truth: bool = option(True, "Keep the image of the true scene with the truth.")

    def __post_init__(self) -> None:
        if isinstance(self.detectors, str) and self.detector not in self.detector_names:
            object.__setattr__(self, "detector", self.detector_names[0])
        super().__post_init__()
        for name in self.detector_names:
            if name not in DETECTORS:
                raise InvalidOptions(
                    "option detectors", expected=" or ".join(DETECTORS), found=name
                )
        chips = [DETECTORS[name] for name in self.detector_names]
        kinds = {(chip.instrument, chip.channel) for chip in chips}
        if len(kinds) > 1 or len(set(self.detector_names)) < len(chips):
            raise InvalidOptions(
                "option detectors",
                expected="different detectors of one instrument and channel",
                found=self.detectors,
            )
        if self.exptype != self.instrument.image:
            raise InvalidOptions(
                "option exposure_type", expected=self.instrument.image, found=self.exptype
            )
        if self.segments > 1:
            raise InvalidOptions("option segments", expected=1, found=self.segments)
        if self.products == "rate" and self.ngroups < 2:
            raise InvalidOptions("option ngroups", expected="at least 2", found=self.ngroups)

    @property
    def detector_names(self) -> tuple[str, ...]:
        """The detectors, each once, in the order given."""
        names = [name.strip().upper() for name in self.detectors.split(",") if name.strip()]
        return tuple(names) or (self.detector,)

    def for_detector(self, name: str) -> Self:
        """Return the options of the exposures of one detector."""
        return replace(self, detector=name)

    def visit_of(self, exposure: int) -> tuple[int, int]:
        """Return visit (from 1) and number in it (from 0) of an exposure."""
        stray = max(1, self.exposures // 4)
        if not self.stray_visit or self.exposures == 1 or exposure < self.exposures - stray:
            return 1, exposure
        return 2, exposure - (self.exposures - stray)


OWN_OPTIONS = frozenset(f.name for f in fields(ImagingProgramme)) - frozenset(
    f.name for f in fields(ImageSimulation)
)
"""Options that only programmes have."""
