"""The noise in what one group adds to the one before."""

from dataclasses import dataclass

import numpy as np

from webbcal.numerics.background_mask import LOW_SIGMA, Values
from webbcal.numerics.smooth_background import smooth_background
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions


@dataclass(frozen=True)
class Parted:
    """A difference taken apart.

    Parameters
    ----------
    background : array or float
        What light adds outside of sources, float32, DN, axes (y, x), or one number.
    noise : array
        What the electronics add, float32, DN, axes (y, x).
    """

    background: np.ndarray | float
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
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import line_medians, narrow

    histogram = options.fit_histogram
    seen = difference if flat is None else difference / flat
    values = Values(seen, mask)
    background: np.ndarray | float = 0.0
    if options.background_method in ("median", "model"):
        centre, sigma = values.centre(fit_histogram=histogram, lower_half=True)
        low, high = centre - LOW_SIGMA * sigma, centre + LOW_SIGMA * sigma
        surface = None
        if options.background_method == "model":
            boxes = options.background_box_size
            inside = narrow(frozen(mask), frozen(seen), low, high)
            surface = smooth_background(seen, inside, boxes and (int(boxes[0]), int(boxes[1])))
        background = values.median(low, high) if surface is None else surface
        background = 0.0 if surface is None and np.isnan(background).all() else background
    if flat is not None:
        background = background * flat
    offset = 0.0
    if isinstance(background, np.ndarray):
        rest = difference - background
        values = Values(rest, mask)
    else:
        rest, offset = difference, background
    centre, sigma = values.centre(fit_histogram=histogram)
    low, high = centre - options.n_sigma * sigma, centre + options.n_sigma * sigma
    turned, usable = frozen(lines.turned(rest)), frozen(lines.turned(mask))
    levels = line_medians(turned, usable, low, high, lines.parts) - offset
    shape = (difference.shape[0], difference.shape[1])
    return Parted(background, lines.spread(levels, shape))
