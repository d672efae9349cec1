"""The noise in what one group adds to the one before."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.geometry.readout import BORDER, DETECTOR_SIZE
from webbcal.numerics.background_mask import LOW_SIGMA, Values
from webbcal.numerics.smooth_background import smooth_background
from webbcal.numerics.waves import slow_waves, waves_in_time
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

ANYTHING = (-np.inf, np.inf)
WITH_BACKGROUND = ("median", "model")


@dataclass(frozen=True)
class Parted:
    """A difference taken apart.

    Parameters
    ----------
    background : array
        What light adds outside of sources, float32, DN, axes (y, x) or none.
    noise : array
        What the electronics add, float32, DN, axes (y, x), of length 1 where it is constant.
    """

    background: Any
    noise: np.ndarray


def part(
    difference: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
    flat: np.ndarray | None = None,
) -> Parted:
    """Tell background and noise of a difference apart.

    Parameters
    ----------
    difference : array
        What a group adds to the one before, finite, float32, DN, axes (y, x).
    mask : array
        uint8, axes (y, x): 1 where there is only background.
    lines : Lines
        Along which the noise is common.
    options : CleanFlickerNoiseOptions
        Methods, and the limits of clipping.
    flat : array or None
        Response of the pixels, by which the background is modulated, but not the noise.
    """
    if options.background_method not in WITH_BACKGROUND:
        return Parted(np.float32(0), _noise(difference, mask, ANYTHING, lines, options))
    seen = difference if flat is None else difference / flat
    background, centre, sigma = _background(seen, mask, options)
    if flat is not None:
        background = background * flat
    rest = difference
    if background.ndim == 2 or options.fit_method == "fft":
        rest = difference - background
        centre, sigma = _level(Values(rest, mask), options)
    # Else the background is one number, which lines have in common, and the rest only shifted.
    limits = centre - options.n_sigma * sigma, centre + options.n_sigma * sigma
    return Parted(background, _noise(rest, mask, limits, lines, options))


def _noise(
    image: np.ndarray,
    mask: np.ndarray,
    limits: tuple[float, float],
    lines: Lines,
    options: CleanFlickerNoiseOptions,
) -> np.ndarray:
    """Return the noise of an image, of masked values within limits.

    Where a background is known, the mean level belongs to it: medians of whole numbers must not
    shift it.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import line_medians, narrow

    without_mean = options.background_method in WITH_BACKGROUND
    if options.fit_method == "fft":
        usable = lines.as_read(narrow(frozen(mask), frozen(image), *limits))
        waves = lines.from_read(_waves(lines.as_read(image), usable, lines))
        return waves - np.float32(waves.mean(dtype=np.float64)) if without_mean else waves
    turned, usable = frozen(lines.turned(image)), frozen(lines.turned(mask))
    levels = line_medians(turned, usable, *limits, lines.parts)
    known = np.isfinite(levels)
    if without_mean and known.any():
        levels -= levels[known].mean()
    return lines.spread(levels, (image.shape[0], image.shape[1]))


def _background(
    image: np.ndarray, mask: np.ndarray, options: CleanFlickerNoiseOptions
) -> tuple[Any, float, float]:
    """Return the background, 0 where nothing tells, and level and deviation of what it is of."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import narrow

    values = Values(image, mask)
    centre, sigma = _level(values, options)
    low, high = centre - LOW_SIGMA * sigma, centre + LOW_SIGMA * sigma
    background: Any = np.float32(np.nan_to_num(values.median(low, high), nan=0.0))
    if options.background_method == "model":
        surface = _surface(image, narrow(frozen(mask), frozen(image), low, high), options)
        background = background if surface is None else surface
    return background, centre, sigma


def _waves(image: np.ndarray, mask: np.ndarray, lines: Lines) -> np.ndarray:
    """Return slow waves along the lines of a whole detector, or in the time of a subarray."""
    if image.shape == (DETECTOR_SIZE, DETECTOR_SIZE):
        # Lines of reference pixels have no background, and no level in common with the others.
        inner = mask.copy()
        inner[:BORDER], inner[-BORDER:] = 0, 0
        return slow_waves(image, inner)
    return waves_in_time(image, mask, lines.low_pass_hz)


def _level(values: Values, options: CleanFlickerNoiseOptions) -> tuple[float, float]:
    """Return the level of the background and its standard deviation."""
    return values.centre(fit_histogram=options.fit_histogram, lower_half=True)


def _surface(
    image: np.ndarray, mask: np.ndarray, options: CleanFlickerNoiseOptions
) -> np.ndarray | None:
    """Return a smooth background."""
    boxes = options.background_box_size
    size = None if boxes is None else (int(boxes[0]), int(boxes[1]))
    return smooth_background(image, mask, size)
