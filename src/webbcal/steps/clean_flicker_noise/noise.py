"""The noise in what the groups add: what repeats in all of them, and what does not."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.geometry.readout import BORDER, DETECTOR_SIZE
from webbcal.numerics.background_mask import LOW_SIGMA, Values
from webbcal.numerics.smooth_background import smooth_background
from webbcal.numerics.waves import slow_waves, waves_in_time
from webbcal.steps.clean_flicker_noise.choice import look_at
from webbcal.steps.clean_flicker_noise.light import Levels, share_beyond_errors
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

ANYTHING = (-np.inf, np.inf)
WITH_BACKGROUND = ("median", "model")
ENOUGH, ENOUGH_PIXELS = 0.05, 16
"""Part of the pixels of a line, or of an amplifier's part of it, that must show background, and
their number: the median of fewer has a third of the noise of a pixel."""

SCATTER_PIXELS = 128
"""Of a line, that tell how its pixels scatter, at least where there are as many."""

SAMPLES = 16
"""Along a line, from which the noise of waves is judged."""


@dataclass(frozen=True)
class Steady:
    """What every group adds, from the count rate: light, and the slope of the noise.

    Parameters
    ----------
    image : array
        float32, DN per group, axes (y, x); 0 where unknown.
    background : array
        What light adds outside of sources, float32, DN, axes (y, x) or none.
    common : array
        What its lines have in common beyond that, DN, axes (line, place), NaN where unknown:
        noise, and light that has the shape of noise.
    own : array or None
        What the lines of the integration at hand have beyond the mean of all integrations, as
        `common`: noise. None for the mean.
    """

    image: np.ndarray
    background: Any
    common: np.ndarray
    own: np.ndarray | None = None


def steady(
    image: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
    flat: np.ndarray | None,
) -> Steady:
    """Take apart what every group adds.

    Parameters
    ----------
    image : array
        Count rate times the spacing of groups, float32, DN, axes (y, x); NaN where unknown.
    mask : array
        uint8, axes (y, x): 1 where there is only background.
    lines, options
        See `unsteady`.
    flat : array or None
        Response of the pixels, by which the background is modulated, but not the noise.

    Notes
    -----
    Levels of amplifiers that differ are light where the background slopes along the lines
    within the amplifiers, as no drift of the electronics does; else they are noise.
    """
    known = np.isfinite(image)
    image = np.where(known, image, np.float32(0))
    usable = mask * known
    if options.background_method not in WITH_BACKGROUND:
        common = _noise(image, usable, lines, options).levels
        return Steady(image, np.float32(0), common)
    seen = image if flat is None else image / flat
    background = _background(seen, usable, options)
    if flat is not None:
        background = background * flat
    rest = image - background
    common = _noise(rest, usable, lines, options).levels
    if common.shape[1] == lines.parts > 1 and look_at(rest, usable, lines).slope > 0:
        told = np.isfinite(common).any(axis=0)
        common[:, told] -= np.nanmean(common[:, told], axis=0)
    return Steady(image, background, common)


def unsteady(
    difference: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
) -> tuple[Levels, float]:
    """Return the noise of a difference less what every group adds, and its level.

    Parameters
    ----------
    difference : array
        Finite, float32, DN, axes (y, x).
    mask : array
        uint8, axes (y, x): 1 where there is only background.
    lines : Lines
        Along which the noise is common.
    options : CleanFlickerNoiseOptions
        Methods.

    Returns
    -------
    Levels
        float64 or, of waves, float32, DN, axes (line, place). Their mean is zero where a
        background is subtracted: that level belongs to it.
    float
        The level of the background.
    """
    if options.background_method not in WITH_BACKGROUND:
        return _noise(difference, mask, lines, options), 0.0
    level = 0.0
    if options.save_background:
        level = float(np.nan_to_num(Values(difference, mask).median(*ANYTHING)))
    return _noise(difference, mask, lines, options), level


def of_integration(
    mean: Steady,
    image: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
) -> Steady:
    """Return what every group of one integration adds, where that of their mean is known.

    `image` (float32, DN per group, axes (y, x), NaN where unknown) is from its own count rate.
    """
    known = np.isfinite(image)
    image = np.where(known, image, mean.image)
    noise, _ = unsteady(image - mean.image, mask * known, lines, options)
    own = share_beyond_errors(_one(noise)) * noise.levels
    return replace(mean, image=image, own=own)


def beyond_light(
    image: np.ndarray,
    light: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
) -> Steady:
    """Return what every group adds, of which all that lines share beyond the light is noise.

    What all lines share is told by so many pixels that it has no error to speak of; lines that
    show too little background have it, too.

    Parameters
    ----------
    image, light : array
        Of the count rate, and of light alone, float32, DN per group, axes (y, x); NaN where
        unknown.
    mask, lines, options
        See `unsteady`.
    """
    beyond = image - light
    known = np.isfinite(beyond)
    noise = _noise(np.where(known, beyond, np.float32(0)), mask * known, lines, options)
    told = np.isfinite(noise.levels)
    level = noise.levels[told].mean() if told.any() else 0.0
    rest = replace(noise, levels=noise.levels - level)
    share = share_beyond_errors(_one(rest))
    common = level + share * np.nan_to_num(rest.levels)
    every, known_light = (np.nan_to_num(one, posinf=0, neginf=0) for one in (image, light))
    return Steady(every, known_light, common)


def _one(noise: Levels) -> Levels:
    """Return the levels of one image as those of several, axes (image, line, place)."""
    return Levels(noise.levels[np.newaxis], noise.variance[np.newaxis])


def sampled(noise: np.ndarray) -> np.ndarray:
    """Return noise, (line, place), at a few places in the line."""
    step = max(noise.shape[1] // SAMPLES, 1)
    return noise[:, step // 2 :: step].astype(np.float64)


def on_image(
    noise: np.ndarray, shape: tuple[int, int], lines: Lines, options: CleanFlickerNoiseOptions
) -> np.ndarray:
    """Return noise, (line, place), on the pixels (y, x), float32; of length 1 where constant."""
    if options.fit_method == "fft":
        return lines.from_read(np.nan_to_num(noise, nan=0.0).astype(np.float32))
    return lines.spread(noise, shape)


def _noise(
    image: np.ndarray,
    mask: np.ndarray,
    lines: Lines,
    options: CleanFlickerNoiseOptions,
) -> Levels:
    """Return the noise of an image, (line, place), from masked values.

    Where a background is known, the mean level belongs to it: medians of whole numbers must not
    shift it.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import line_medians, median_errors

    without_mean = options.background_method in WITH_BACKGROUND
    if options.fit_method == "fft":
        waves = _waves(lines.as_read(image), lines.as_read(mask), lines)
        known = np.isfinite(waves)
        if without_mean and known.any():
            waves -= np.float32(waves[known].mean(dtype=np.float64))
        return Levels(waves, np.zeros((len(waves), 1)))
    turned, usable = frozen(lines.turned(image)), frozen(lines.turned(mask))
    enough = _enough(turned.shape[1] // lines.parts)
    levels = np.asarray(line_medians(turned, usable, *ANYTHING, lines.parts, enough))
    variance = np.asarray(median_errors(turned, usable, levels, SCATTER_PIXELS))
    known = np.isfinite(levels)
    if without_mean and known.any():
        levels -= levels[known].mean()
    return Levels(levels, variance)


def _background(image: np.ndarray, mask: np.ndarray, options: CleanFlickerNoiseOptions) -> Any:
    """Return the background, 0 where nothing tells."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import narrow

    values = Values(image, mask)
    centre, sigma = _level(values, options)
    low, high = centre - LOW_SIGMA * sigma, centre + LOW_SIGMA * sigma
    background: Any = np.float32(np.nan_to_num(values.median(low, high), nan=0.0))
    if options.background_method == "model":
        surface = _surface(image, narrow(frozen(mask), frozen(image), low, high), options)
        background = background if surface is None else surface
    return background


def _enough(pixels: int) -> int:
    """Return how many of the pixels of a line must show background, at least."""
    return min(max(int(np.ceil(ENOUGH * pixels)), ENOUGH_PIXELS), pixels)


def _waves(image: np.ndarray, mask: np.ndarray, lines: Lines) -> np.ndarray:
    """Return slow waves along the lines of a whole detector, or in the time of a subarray.

    NaN in lines that show too little background.
    """
    few = np.count_nonzero(mask, axis=1) < _enough(mask.shape[1])
    inner = np.where(few[:, np.newaxis], np.uint8(0), mask)
    if image.shape == (DETECTOR_SIZE, DETECTOR_SIZE):
        # Lines of reference pixels have no background, and no level in common with the others.
        inner[:BORDER], inner[-BORDER:] = 0, 0
        waves = slow_waves(image, inner)
    else:
        waves = waves_in_time(image, inner, lines.low_pass_hz)
    waves[few] = np.nan
    return waves


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
