"""Options chosen by what an image shows: how its background is taken, and its amplifiers."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.modes import Kind, Mode
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

BOX = 32
"""Size of the boxes whose levels tell what the background is like, pixels."""

ENOUGH = 0.1
"""Fraction of the pixels of a box that must show background."""

HIGH, LOW = 95, 5
"""Percentiles between which the levels of the boxes are the range of the background."""

SIGNIFICANT = 3.0
"""Errors by which a slope must differ from zero."""

MEDIAN_ERROR = 1.2533
"""Standard error of a median over that of a mean, of normal noise."""

MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class Limits:
    """What an instrument's images may show before a choice changes.

    Parameters
    ----------
    masked : float
        Part of the pixels that sources take, above which a field is crowded.
    slope_empty, slope_crowded : float
        Slope along the lines, DN/s/pixel, above which the background is a surface.
    range_crowded : float
        Range of the background of a crowded field, DN/s, above which it is a surface.
    channels : float
        Level or noise of single amplifiers, DN/s, above which each is treated by itself.
    """

    masked: float
    slope_empty: float
    slope_crowded: float
    range_crowded: float
    channels: float


LIMITS = {
    "NIRCAM": Limits(0.10, 1e-5, 1e-5, 0.07, 0.02),
    "NIRISS": Limits(0.07, 1e-5, 1e-4, 0.07, 0.02),
}
"""By instrument; there are none for others."""


@dataclass(frozen=True)
class Seen:
    """What the count rate of an image shows, DN/s.

    Parameters
    ----------
    masked : float
        Part of the usable pixels that is not background.
    slope : float
        Of the background along the lines of the noise within an amplifier, DN/s/pixel, absolute.
    range : float
        Between its high and its low parts, along the lines: noise is common to these.
    steps : float
        Standard deviation of the levels of the amplifiers, the slope apart; 0 with one.
    noise : float
        Noise of single amplifiers that the other amplifiers of a line do not share, less what
        medians scatter by themselves; 0 with one amplifier.
    break_even : float
        Noise of single amplifiers from which on medians of theirs, of a quarter of the pixels,
        are better than those of whole lines.
    """

    masked: float
    slope: float
    range: float
    steps: float
    noise: float
    break_even: float


def limits_of(mode: Mode) -> Limits | None:
    """Return the limits for a kind of exposure; None where the choice is not defined."""
    return LIMITS.get(mode.instrument) if mode.kind is Kind.IMAGE else None


def chosen(
    options: CleanFlickerNoiseOptions, seen: Seen, limits: Limits, *, flat: bool
) -> CleanFlickerNoiseOptions:
    """Return the options with those replaced that `autoparam` decides on.

    The background is a smooth surface where it slopes along the lines, which no drift of the
    electronics does, and where that of a crowded field is uneven; else a number: a surface also
    takes up slow noise. Amplifiers are treated apart if their own noise is above the limit and
    above what medians of fewer pixels add, or if their levels differ where there is little light.
    A flat field is applied if there is one.

    Source: JWST User Documentation, calwebb_detector1, 1/f noise correction.
    """
    crowded = seen.masked > limits.masked
    surface = seen.slope > (limits.slope_crowded if crowded else limits.slope_empty)
    surface = surface or (crowded and seen.range > limits.range_crowded)
    apart = seen.noise > max(limits.channels, seen.break_even)
    apart = apart or (not crowded and seen.steps > limits.channels)
    return replace(
        options,
        background_method="model" if surface else "median",
        fit_by_channel=apart,
        apply_flat_field=flat,
    )


def look_at(rate: np.ndarray, mask: np.ndarray, lines: Lines) -> Seen:
    """Return what a count rate shows.

    Parameters
    ----------
    rate : array
        float32, DN/s, axes (y, x), over the flat field if there is one; NaN where there is none.
    mask : array
        uint8, (y, x): 1 where there is only background.
    lines : Lines
        Along which the noise is common.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.mesh import box_levels

    known = np.isfinite(rate) & (rate != 0)
    masked = 1 - int(np.count_nonzero(mask)) / max(int(np.count_nonzero(known)), 1)
    image = lines.turned(np.where(known, rate, np.float32(0)))
    usable = lines.turned(mask)
    levels = box_levels(frozen(image), frozen(usable), BOX, BOX, ENOUGH, 3.0, 5)
    told = np.isfinite(levels)
    if not told.any():
        return Seen(float(masked), 0.0, 0.0, 0.0, 0.0, 0.0)
    slope, steps = _plane(levels, told, lines.amplifiers)
    known = told.any(axis=1)
    rest = levels[known] - np.nanmedian(levels[known], axis=1, keepdims=True)
    high, low = np.nanpercentile(rest, [HIGH, LOW])
    noise, white = _channels(image, usable, lines.amplifiers)
    return Seen(float(masked), slope / BOX, float(high - low), steps, noise, white)


def _plane(levels: np.ndarray, told: np.ndarray, amplifiers: int) -> tuple[float, float]:
    """Return the slope along the lines, per box, and the deviation of the levels of amplifiers.

    Through the levels of boxes goes a plane that has a step between amplifiers.
    """
    row, column = np.nonzero(told)
    amplifier = column * amplifiers // told.shape[1]
    one_of = amplifier[:, None] == np.unique(amplifier)
    design = np.column_stack([row, column, one_of])
    values = levels[told]
    for _ in range(3):  # boxes full of sources do not count
        inverse = np.linalg.pinv(design)
        found = inverse @ values
        rest = values - design @ found
        near = np.abs(rest) <= 3 * MAD * np.median(np.abs(rest))
        if near.all() or near.sum() < 2 * design.shape[1]:
            break
        design, values = design[near], values[near]
    slope, error = abs(float(found[1])), float(np.std(rest) * np.sqrt(np.sum(inverse[1] ** 2)))
    return slope if slope > SIGNIFICANT * error else 0.0, float(np.std(found[2:]))


def _channels(image: np.ndarray, usable: np.ndarray, amplifiers: int) -> tuple[float, float]:
    """Return the noise that single amplifiers have, and the break-even of `Seen`.

    The noise is that from line to line, about the median of blocks of lines, in which light
    that lies on one amplifier does not count.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import line_medians

    if amplifiers == 1:
        return 0.0, 0.0
    seen = frozen(image), frozen(usable), -np.inf, np.inf
    apart, together = (line_medians(*seen, parts, 1) for parts in (amplifiers, 1))
    own = apart - together
    blocks = [own[first : first + BOX] for first in range(0, len(own), BOX)]
    own = np.concatenate([block - _median(block) for block in blocks])
    own = own[np.isfinite(own)]
    values = (image - together.astype(np.float32))[usable != 0]
    values = values[np.isfinite(values)]
    if own.size == 0 or values.size == 0:
        return 0.0, 0.0
    pixel = MAD * float(np.median(np.abs(values - np.median(values))))
    white = (MEDIAN_ERROR * pixel) ** 2 * (amplifiers - 1) * len(image) / values.size
    spread = (MAD * float(np.median(np.abs(own)))) ** 2
    return float(np.sqrt(max(spread - white, 0.0))), float(np.sqrt(white))


def _median(block: np.ndarray) -> np.ndarray:
    """Return the median of each channel over the lines, those without any left out."""
    known = np.isfinite(block).any(axis=0)
    levels = np.zeros(block.shape[1])
    levels[known] = np.nanmedian(block[:, known], axis=0)
    return levels
