"""Showers: find areas in which the signal rises by a little in one group, and flag them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.steps.jump.integration import BAD, JUMP, Integration
from webbcal.steps.jump.options import JumpOptions

BLIND = np.uint32(DQ.DO_NOT_USE | DQ.REFERENCE_PIXEL | DQ.NON_SCIENCE)

EXCESS_SCATTER = 0.8
"""Part of the observed scatter that counts where it is more than the known noise.

The scatter of forty differences is itself uncertain by a fifth; less than that is no reason to
distrust the known noise.
"""

SIGNIFICANT = 4.0
"""Scatter of the mean excess over the frame, times this: what a shower has to exceed."""

SAMPLE_STEP = 4  # pixels; the ring makes closer ones tell the same
MEDIAN_OF_NORMAL = 0.6745  # median of the absolute value of a normal variate of unit width

UNDOUBTED = 3.0  # standard deviations


@dataclass(frozen=True)
class Noise:
    """What the differences of the pixels are like.

    `typical` (DN) and `sigma` (DN), float32, axes (difference, y, x), the first one or as many as
    there are differences; `blind`, bool (y, x), marks pixels that are not looked at.
    """

    typical: np.ndarray
    sigma: np.ndarray
    blind: np.ndarray

    def of(self, difference: int) -> tuple[np.ndarray, np.ndarray]:
        """Return typical value and standard deviation of a difference."""
        n = difference if len(self.typical) > 1 else 0
        return self.typical[n], self.sigma[n]


@dataclass(frozen=True)
class Shower:
    """One event: the group it is first seen in, and flat indices of the pixels to flag."""

    group: int
    pixels: np.ndarray


def noise_of(
    integration: Integration, typical: np.ndarray, scatter: np.ndarray, pixeldq: np.ndarray
) -> Noise:
    """Return the noise of each pixel: of photons and of two reads, or more where it shows more."""
    gain, readnoise = integration.gain, integration.readnoise
    frames = np.float32(integration.frames)
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.sqrt(np.abs(typical) / gain + np.square(readnoise) / frames)
    sigma = np.fmax(known, np.float32(EXCESS_SCATTER) * scatter)
    sigma[~(np.isfinite(known) & (gain > 0))] = np.nan
    return Noise(typical, sigma, pixeldq & BLIND != 0)


def find_showers(
    integration: Integration, noise: Noise, options: JumpOptions, parallel: Any
) -> tuple[Shower, ...]:
    """Return the showers of one integration, in order of their groups.

    Parameters
    ----------
    integration : Integration
        With the jumps of the single pixels flagged.
    noise : Noise
        Of the pixels.
    options : JumpOptions
        See the class.
    parallel : callable
        Like `map`.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.showers import mean_excess, ring_widths

    outer = options.extend_inner_radius + options.extend_outer_radius
    widths = ring_widths(options.extend_inner_radius, outer)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(noise.blind | ~(noise.sigma > 0), np.float32(0), 1 / noise.sigma)

    def search(group: int) -> list[Shower]:
        pair = slice(group - 1, group + 1)
        typical, _ = noise.of(group - 1)
        weight = weights[group - 1 if len(weights) > 1 else 0]
        mean = mean_excess(
            frozen(integration.signal(groups=pair)),
            frozen(integration.flags[pair]),
            frozen(typical),
            frozen(weight),
            frozen(widths),
        )
        return list(_in_group(group, mean, options))

    found: list[Shower] = []
    for showers in parallel(search, range(1, len(integration.flags))):
        found.extend(showers)
    return tuple(found)


def _in_group(group: int, mean: np.ndarray, options: JumpOptions) -> Iterator[Shower]:
    """Yield the showers of a group, from the mean excess around each pixel."""
    from webbcal.kernels import events, regions

    rows, columns = mean.shape
    above = events.where_above(mean.reshape(-1), _threshold(mean, options))
    labels, count = regions.label(above, columns, True)
    area = np.bincount(labels, minlength=count)
    for number in np.flatnonzero(area >= options.extend_min_area):
        pixels = above[labels == number]
        around = _ellipse(pixels, (rows, columns), options)
        yield Shower(group, np.union1d(pixels, around))


def _threshold(mean: np.ndarray, options: JumpOptions) -> float:
    """Return from which mean excess on a pixel is in a shower.

    Noise that neighbouring pixels share does not average out in the ring; what of it an earlier
    step has left shows in the scatter over the frame.
    """
    sample = mean[::SAMPLE_STEP, ::SAMPLE_STEP]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return np.inf
    level = float(np.median(sample))
    scatter = float(np.median(np.abs(sample - level))) / MEDIAN_OF_NORMAL
    return level + max(options.extend_snr_threshold, SIGNIFICANT * scatter)


def _ellipse(pixels: np.ndarray, shape: tuple[int, int], options: JumpOptions) -> np.ndarray:
    """Return the pixels of the ellipse that has the second moments of a region, enlarged."""
    y, x = np.divmod(pixels, shape[1])
    cy, cx = y.mean(), x.mean()
    moments = np.cov(np.stack([y, x]), bias=True) + np.eye(2) / 12  # a pixel is a square
    values, axes = np.linalg.eigh(moments)
    radii = 2 * np.sqrt(values) * options.extend_ellipse_expand_ratio
    radii = np.clip(radii, 0.5, options.max_extended_radius)
    reach = int(np.ceil(radii.max()))
    y0, y1 = max(int(cy) - reach, 0), min(int(cy) + reach + 2, shape[0])
    x0, x1 = max(int(cx) - reach, 0), min(int(cx) + reach + 2, shape[1])
    v, u = np.mgrid[y0:y1, x0:x1]
    along = axes.T @ np.stack([(v - cy).ravel(), (u - cx).ravel()])
    inside = ((along / radii[:, None]) ** 2).sum(axis=0) <= 1
    indices: np.ndarray = (v * shape[1] + u).ravel()[inside]
    return indices


def apply(
    integration: Integration,
    noise: Noise,
    showers: tuple[Shower, ...],
    options: JumpOptions,
    parallel: Any,
) -> list[tuple[int, np.ndarray]]:
    """Set JUMP_DET in and after showers, except where the signal changes its pace for good.

    What a shower leaves is charge; if a source is brighter after it than before, what was found
    is something else. Where nothing is known before or after, the flags stay.

    Returns
    -------
    list
        For each shower the first group after it that may be used, which may be one of a
        later integration, and the flat indices of its pixels.
    """
    frames = integration.flags.reshape(len(integration.flags), -1)
    gain = integration.gain.reshape(-1)
    touched, values = _ramps_of(showers, integration, parallel)
    later = int(options.time_masked_after_shower // integration.group_time)
    changes = []
    for shower in showers:
        pixels = shower.pixels
        span = slice(shower.group, min(shower.group + later + 1, len(frames)))
        sigma = noise.of(shower.group - 1)[1].reshape(-1)[pixels]
        ramps = values[:, np.searchsorted(touched, pixels)]
        change, error = _change_of_pace(ramps, frames[:, pixels], span, sigma)
        rate = change * gain[pixels] / integration.group_time
        lasting = (rate > options.max_shower_amplitude) & (change > UNDOUBTED * error)
        changes.append((span, pixels[~lasting]))
    for span, pixels in changes:
        here = frames[span, pixels]
        frames[span, pixels] = np.where(here & BAD == 0, here | JUMP, here)
    return [(span.start + later + 1, pixels) for span, pixels in changes]


def _ramps_of(
    showers: tuple[Shower, ...], integration: Integration, parallel: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of all showers, ascending, and their signal, axes (group, pixel)."""
    mark = np.zeros(integration.gain.size, bool)
    for shower in showers:
        mark[shower.pixels] = True
    pixels = np.flatnonzero(mark)
    if not pixels.size:
        return pixels, np.empty((len(integration.flags), 0), np.float32)

    def of(group: int) -> np.ndarray:
        frame: np.ndarray = integration.signal(groups=slice(group, group + 1))
        ramps: np.ndarray = frame.reshape(-1)[pixels]
        return ramps

    return pixels, np.stack(list(parallel(of, range(len(integration.flags)))))


def _change_of_pace(
    values: np.ndarray, flags: np.ndarray, span: slice, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much the median difference changes across some groups, and its error.

    `values` (DN) and `flags` have axes (group, pixel), the results, DN, (pixel); NaN where no
    difference is usable before or after the groups.
    """
    d = np.diff(values, axis=0)
    good = ((flags[1:] | flags[:-1]) & BAD == 0) & (flags[1:] & JUMP == 0) & np.isfinite(d)
    before, after = slice(0, span.start - 1), slice(span.stop - 1, None)
    first, variance0 = _median(d[before], good[before])
    last, variance1 = _median(d[after], good[after])
    return np.abs(last - first), sigma * np.sqrt(variance0 + variance1)


def _median(values: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median along the first axis, and its variance for values of unit variance."""
    n = usable.sum(axis=0)
    if not len(values):
        nothing = np.full(n.shape, np.nan)
        return nothing, nothing
    ordered = np.sort(np.where(usable, values, np.inf), axis=0)
    ranks = np.maximum(n - 1, 0) // 2, np.minimum(n // 2, len(values) - 1)
    lower, upper = (np.take_along_axis(ordered, rank[None], axis=0)[0] for rank in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.where(n > 0, 0.5 * (lower + upper), np.nan)
        return middle, np.pi / 2 / n
