"""What a user can choose."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Numbers, Options, option


@dataclass(frozen=True)
class CleanFlickerNoiseOptions(Options):
    """Options of `clean_flicker_noise`."""

    fit_method: str = option(
        "median",
        "Take the noise of a line as its median, or as its slow part by a fit of waves (fft, "
        "NIRSpec spectra).",
        choices=("median", "fft"),
    )
    fit_by_channel: bool = option(
        False, "Take the noise of each of the four amplifiers by itself, where they are in use."
    )
    background_method: str | None = option(
        "median",
        "What is subtracted before the noise is measured and added again afterwards: a number, "
        "a smooth model, the light that all integrations show (time series), or nothing.",
        choices=("median", "model", "median_image"),
    )
    background_box_size: Numbers | None = option(
        None,
        "Size along y and x of the boxes of the smooth model; none for the largest divisors of "
        "the size of the image up to 32.",
        unit="pixel",
        low=1,
    )
    mask_science_regions: bool = option(
        False, "Leave out regions that never show background: for MIRI images by the flat field."
    )
    apply_flat_field: bool = option(
        False, "Divide by the flat field before the background is measured."
    )
    n_sigma: float = option(
        2.0, "Values further above the background are sources.", unit="sigma", low=0.0
    )
    fit_histogram: bool = option(
        False, "Take level and deviation of the background from a fit to the histogram."
    )
    single_mask: bool = option(
        True, "One mask of the sources for all integrations; else one for each."
    )
    user_mask: str | None = option(
        None, "File with a mask to use, 1 where there is only background; none to make one."
    )
    autoparam: bool = option(
        False,
        "Choose background_method, fit_by_channel and apply_flat_field by the image (NIRCam and "
        "NIRISS images).",
    )
    save_mask: bool = option(False, "Write the mask.")
    save_background: bool = option(False, "Write the background of the groups.")
    save_noise: bool = option(False, "Write the noise that was subtracted.")

    def __post_init__(self) -> None:
        super().__post_init__()
        boxes = self.background_box_size
        if boxes is not None and (len(boxes) != 2 or any(size % 1 for size in boxes)):
            raise InvalidOptions(
                "option background_box_size",
                expected="two whole numbers, pixels along y and x",
                found=repr(boxes),
            )
