"""Options of tweakreg."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Numbers, option
from webbcal.steps._header_wcs import HeaderWcsOptions

GEOMETRIES = ("shift", "rshift", "rscale", "general")


def _geometry(doc: str) -> str:
    geometry: str = option(
        "rshift",
        f"{doc}: shift; with rotation (rshift); with rotation and scale (rscale); any linear "
        "transformation (general). What the stars cannot support is left out.",
        choices=GEOMETRIES,
    )
    return geometry


@dataclass(frozen=True)
class TweakregOptions(HeaderWcsOptions):
    """Options of `align_exposures`."""

    save_catalogs: bool = option(False, "Whether the list of stars of each exposure is written.")
    use_custom_catalogs: bool = option(
        False, "Whether lists of stars are taken from files instead of being made."
    )
    catalog_format: str = option(
        "ecsv", "Format of the lists that are written.", choices=("ecsv", "fits")
    )
    catfile: str | None = option(
        None, "File that names the list of stars of each exposure: two columns of file names."
    )
    starfinder: str = option(
        "iraf", "How stars are found.", choices=("iraf", "dao", "segmentation")
    )
    snr_threshold: float = option(10.0, "Threshold in units of the noise.", low=0.0)
    kernel_fwhm: float = option(
        2.5, "Full width at half maximum of a star.", unit="pixel", low=0.1, high=100.0
    )
    bkg_boxsize: int = option(400, "Size of the boxes of the background.", unit="pixel", low=10)
    minsep_fwhm: float = option(
        0.0, "Smallest distance of two stars, in units of kernel_fwhm.", low=0.0
    )
    sigma_radius: float = option(
        1.5, "Radius of the search kernel, in standard deviations.", low=0.1
    )
    sharplo: float = option(0.5, "Smallest sharpness of a star (iraf, dao).")
    sharphi: float = option(2.0, "Largest sharpness of a star (iraf, dao).")
    roundlo: float = option(0.0, "Smallest roundness of a star (iraf, dao).")
    roundhi: float = option(0.2, "Largest roundness of a star (iraf, dao).")
    brightest: int | None = option(
        200, "How many of the brightest stars are kept; None: all.", low=1
    )
    peakmax: float | None = option(None, "Stars with a brighter pixel are left out.")
    npixels: int = option(10, "Smallest number of pixels of a source (segmentation).", low=1)
    connectivity: int = option(
        8, "Which pixels of a source touch: 4 or 8 neighbours (segmentation).", choices=(4, 8)
    )
    nlevels: int = option(32, "Levels of deblending (segmentation).", low=1)
    contrast: float = option(
        0.001, "Part of the flux that makes a source of its own (segmentation).", low=0.0, high=1.0
    )
    multithresh_mode: str = option(
        "exponential",
        "Spacing of the levels (segmentation).",
        choices=("exponential", "linear", "sinh"),
    )
    localbkg_width: int = option(
        0, "Width of the annulus of a local background (segmentation).", unit="pixel", low=0
    )
    apermask_method: str = option(
        "correct",
        "What is done with neighbours in apertures (segmentation).",
        choices=("correct", "mask", "none"),
    )
    kron_params: Numbers | None = option(
        None, "Scale, smallest radius and, if given, smallest aperture (segmentation)."
    )
    deblend: bool = option(True, "Whether sources that overlap are parted (segmentation).")
    enforce_user_order: bool = option(
        False, "Whether the first group stays where it is, and not the middle of all."
    )
    expand_refcat: bool = option(
        False, "No effect: the stars of all groups that are aligned always count."
    )
    minobj: int = option(15, "Smallest number of common stars of a group.", low=1)
    fitgeometry: str = _geometry("What a group may need")
    nclip: int = option(3, "How many times outliers are removed.", low=0)
    sigma: float = option(3.0, "How far out they are, in units of the scatter.", low=0.0)
    searchrad: float = option(2.0, "How far a group may be off.", unit="arcsec", low=0.0)
    use2dhist: bool = option(
        True, "Whether the first offset of a group is searched, and not given."
    )
    separation: float = option(
        1.0, "Stars closer than this are left out of the search.", unit="arcsec", low=0.0
    )
    tolerance: float = option(
        0.7, "How far stars are apart at most, after the search.", unit="arcsec", low=0.0
    )
    xoffset: float = option(0.0, "First offset to the east, where it is given.", unit="arcsec")
    yoffset: float = option(0.0, "First offset to the north, where it is given.", unit="arcsec")
    abs_refcat: str | None = option(
        None, "Catalogue to align to: a file, or a service (GAIADR3, GAIADR2, GAIADR1)."
    )
    save_abs_catalog: bool = option(
        False, "Whether the stars of the catalogue that were used are written."
    )
    abs_minobj: int = option(15, "Smallest number of stars in common with the catalogue.", low=1)
    abs_fitgeometry: str = _geometry("What all exposures together may need")
    abs_nclip: int = option(3, "How many times outliers are removed.", low=0)
    abs_sigma: float = option(3.0, "How far out they are, in units of the scatter.", low=0.0)
    abs_searchrad: float = option(
        6.0, "How far the exposures may be off the catalogue.", unit="arcsec", low=0.0
    )
    abs_use2dhist: bool = option(
        True, "Whether the first offset to the catalogue is searched, and not zero."
    )
    abs_separation: float = option(
        1.0, "Stars closer than this are left out of the search.", unit="arcsec", low=0.0
    )
    abs_tolerance: float = option(
        0.7, "How far stars are from the catalogue, after the search.", unit="arcsec", low=0.0
    )
    output_use_model: bool = option(
        True, "Without effect: files are named after their exposures always."
    )
    in_memory: bool = option(True, "Without effect: memory is bounded always.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kron_params is not None and len(self.kron_params) not in (2, 3):
            raise InvalidOptions(
                "option kron_params", expected="2 or 3 numbers", found=self.kron_params
            )
        for low, high in (("sharplo", "sharphi"), ("roundlo", "roundhi")):
            if getattr(self, low) > getattr(self, high):
                raise InvalidOptions(
                    f"option {low}",
                    expected=f"no more than {high} = {getattr(self, high):g}",
                    found=f"{getattr(self, low):g}",
                )
