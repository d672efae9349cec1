"""Options of the source catalogue."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Numbers, Options, option


@dataclass(frozen=True)
class SourceCatalogOptions(Options):
    """Options of `catalogue_sources`."""

    aperture_ee1: int = option(
        30, "Light within the smallest aperture.", unit="percent", low=1, high=99
    )
    aperture_ee2: int = option(50, "Light within the middle one.", unit="percent", low=1, high=99)
    aperture_ee3: int = option(70, "Light within the largest one.", unit="percent", low=1, high=99)
    ci1_star_threshold: float = option(
        2.0, "Flux of the middle over the smallest aperture above which a source is extended."
    )
    ci2_star_threshold: float = option(
        1.8, "The same for the largest over the middle aperture; both must be exceeded."
    )
    correct_pixels: bool = option(
        True,
        "Correct fluxes of mosaics that are sharper or softer than aperture corrections assume.",
    )
    starfinder: str = option(
        "segmentation",
        "What finds the sources.",
        choices=("segmentation", "dao", "iraf"),
    )
    snr_threshold: float = option(
        3.0, "Least signal of a source, in deviations of the background.", low=0.1
    )
    bkg_boxsize: int = option(
        1000, "Size of the boxes that tell the background.", unit="pixel", low=8
    )
    kernel_fwhm: float = option(
        2.0, "Width of the Gaussian curve that the image is smoothed with.", unit="pixel", low=0.1
    )
    minsep_fwhm: float = option(
        0.0, "Least distance of two stars (dao, iraf), in widths of that curve.", low=0.0
    )
    sigma_radius: float = option(
        1.5, "Where that curve is cut off (dao, iraf), in standard deviations.", low=0.1
    )
    sharplo: float = option(0.5, "Least sharpness of a star (dao, iraf).")
    sharphi: float = option(2.0, "Largest sharpness of a star (dao, iraf).")
    roundlo: float = option(0.0, "Least roundness of a star (dao, iraf).")
    roundhi: float = option(0.2, "Largest roundness of a star (dao, iraf).")
    brightest: int | None = option(200, "How many stars to keep (dao, iraf).", low=1)
    peakmax: float | None = option(
        None, "Largest value of a pixel of a star (dao, iraf).", unit="MJy/sr"
    )
    npixels: int = option(25, "Least number of connected pixels of a source.", low=1)
    connectivity: int = option(8, "Whether pixels touch at corners (8) or not (4).", choices=(4, 8))
    deblend: bool = option(True, "Separate sources whose segments touch.")
    nlevels: int = option(32, "Number of levels to separate them.", low=1, high=10_000)
    contrast: float = option(
        0.001, "Least part of the light of a segment that makes a source.", low=0.0, high=1.0
    )
    multithresh_mode: str = option(
        "exponential",
        "How the levels are spaced.",
        choices=("exponential", "linear", "sinh"),
    )
    localbkg_width: int = option(
        0, "No effect: the ring of the aperture corrections gives the local background.", low=0
    )
    apermask_method: str = option(
        "correct",
        "No effect: apertures hold all the light in them.",
        choices=("correct", "mask", "none"),
    )
    kron_params: Numbers | None = option(None, "No effect: no column is a Kron magnitude.")
    suffix: str = option("cat", "Suffix of the catalogue.")

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = self.energies
        if not sizes[0] < sizes[1] < sizes[2]:
            raise InvalidOptions(
                "options aperture_ee1, aperture_ee2, aperture_ee3",
                expected="ascending values",
                found=", ".join(map(str, sizes)),
            )

    @property
    def energies(self) -> tuple[int, int, int]:
        """Light within the three apertures, percent."""
        return self.aperture_ee1, self.aperture_ee2, self.aperture_ee3
