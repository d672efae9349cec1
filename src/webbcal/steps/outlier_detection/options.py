"""Options of outlier detection."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Options, option
from webbcal.steps._drizzled import fill_value


@dataclass(frozen=True)
class OutlierDetectionOptions(Options):
    """Options of `find_outliers`."""

    weight_type: str = option(
        "ivm",
        "Weights of the pixels: inverse variance by read noise, or exposure time.",
        choices=("ivm", "exptime"),
    )
    pixel_weights: bool = option(
        False,
        "Let weights by read noise differ from pixel to pixel; else each exposure has one.",
    )
    pixfrac: float = option(1.0, "Width of the drops.", unit="pixel", low=0.0, high=1.0)
    kernel: str = option("square", "Shape of the drops.", choices=("square", "point", "turbo"))
    fillval: str = option("NAN", "Value of pixels without data in intermediate mosaics.")
    maskpt: float = option(
        0.7, "Pixels of a group with a weight below this part of the mean one are left out.", low=0
    )
    snr: str = option(
        "5.0 4.0", "Standard deviations that count, for a pixel and then for its neighbours."
    )
    scale: str = option(
        "0.5 0.3", "Parts of the steepest slope that are added to them, for both likewise."
    )
    curvature: float = option(
        0.35,
        "Part of the sum of the differences to four neighbours that interpolation can take away "
        "from a peak, at most.",
        low=0.0,
    )
    backg: float = option(
        0.0, "Sky level of exposures without BKGLEVEL, or of which it was subtracted."
    )
    two_groups: str = option(
        "lowest",
        "What is taken for the median where just two groups see the sky.",
        choices=("lowest", "mean"),
    )
    kernel_size: str = option("7 7", "For integral-field spectra: rows and columns of the median.")
    threshold_percent: float = option(
        99.8, "For integral-field spectra: percentile that is the limit.", unit="percent"
    )
    rolling_window_width: int = option(
        25, "For time series: integrations whose median is taken.", low=0
    )
    ifu_second_check: bool = option(False, "For integral-field spectra: look a second time.")
    save_intermediate_results: bool = option(
        False, "Save the mosaic of each group, their median, and what it is at each exposure."
    )
    resample_data: bool = option(
        True, "Compare on one grid; else pixel by pixel, for exposures without dithers."
    )
    good_bits: str | None = option(
        "~DO_NOT_USE",
        "Flags of pixels that may be used; with ~ in front, of those that may not.",
    )
    search_output_file: bool = option(False, "Accepted, without effect.")
    in_memory: bool = option(True, "Accepted, without effect: few images are held at a time.")
    pixmap_stepsize: float = option(
        1.0, "Accepted, without effect: maps of pixels are exact to 1e-4 pixel.", low=1.0
    )
    pixmap_order: int = option(1, "Accepted, without effect.", choices=(1, 3))

    def __post_init__(self) -> None:
        super().__post_init__()
        two_numbers("snr", self.snr)
        two_numbers("scale", self.scale)
        fill_value(self.fillval)


def two_numbers(name: str, text: str) -> tuple[float, float]:
    """Return the two numbers of an option; one stands for both.

    Raises
    ------
    InvalidOptions
        If it is something else, or negative.
    """
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(number >= 0 for number in numbers):
        raise InvalidOptions(
            f"option {name}", expected="two numbers, 0 or more, as in '5.0 4.0'", found=repr(text)
        )
    return numbers[0], numbers[-1]
