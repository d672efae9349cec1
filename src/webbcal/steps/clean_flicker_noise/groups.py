"""The noise of groups, from that of the differences and that of the count rate."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.steps.clean_flicker_noise.light import (
    Levels,
    light_of,
    share_of_noise,
    shares_of_light,
)
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.noise import WITH_BACKGROUND, Steady, sampled
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

Groups = Callable[[int, slice], np.ndarray]
"""``groups(number, rows)``: these rows of a group, axes (y, x), read where they lie."""

ALL = slice(None)


@dataclass(frozen=True)
class Combined:
    """The noise of an integration.

    Parameters
    ----------
    share : array
        What part of what differences tell beyond their level is noise, axes (line, sample).
    level : array
        What all lines have in common in each group's difference to the one before, DN, axis
        (group): noise, where no background is subtracted, else 0.
    reads : array
        Sum of that noise up to each group, DN, axes (group, line, sample).
    usable : array
        bool, (group): which groups tell.
    slopes : array
        Noise that every difference has beside, DN, axes (line, place).
    weights : array
        How much each group counts in a count rate, axis (group).
    """

    share: np.ndarray
    level: np.ndarray
    reads: np.ndarray
    usable: np.ndarray
    slopes: np.ndarray
    weights: np.ndarray

    def without_slope(self, noise: np.ndarray) -> np.ndarray:
        """Return the slope of the noise of the groups, DN per group, from that of differences.

        Medians do not add up: their sums drift, and have a slope that is not that of the noise,
        which the count rate tells. It is the one that its fit takes, so that what is left of a
        noise does not depend on how a pixel weighs its groups. `noise` has axes (group, ...), 0
        for the first.
        """
        groups = np.flatnonzero(self.usable)
        slope = np.zeros(noise.shape[1:], noise.dtype)
        if groups.size > 1:
            own = self.weights[groups] if self.weights[groups].sum() > 0 else np.ones(groups.size)
            place = groups - np.average(groups, weights=own)
            time = np.zeros(len(noise))
            time[groups] = own * place / (own @ place**2)
            weights = time[::-1].cumsum()[::-1]
            for weight, one in zip(weights.astype(noise.dtype), noise, strict=True):
                slope += weight * one
        return slope


def combine(
    told: Levels,
    steady: Steady,
    first_told: bool,
    weights: np.ndarray,
    integrations: int,
    options: CleanFlickerNoiseOptions,
) -> Combined:
    """Combine what differences and the count rate tell of the noise.

    Parameters
    ----------
    told : Levels
        Noise of the differences, axes (difference, line, sample).
    steady : Steady
        What every group adds.
    first_told : bool
        Whether the first group is usable.
    weights : array
        How much each group counts in a count rate, axis (group).
    integrations : int
        In the count rate.
    options : CleanFlickerNoiseOptions
        Methods.
    """
    known = np.isfinite(told.levels)
    usable = np.array([first_told, *known.any(axis=(1, 2))])
    level = np.zeros(len(usable))
    if options.background_method not in WITH_BACKGROUND:
        number = known.sum(axis=(1, 2))
        level[1:] = np.nan_to_num(told.levels).sum(axis=(1, 2)) / np.maximum(number, 1)
    rest = Levels(told.levels - level[1:, None, None], told.variance)
    share = share_of_noise(rest)
    differences = np.concatenate([np.zeros_like(share)[None], share * np.nan_to_num(rest.levels)])
    reads = (level[:, None, None] + differences).cumsum(axis=0)
    slopes = _slopes(steady, reads[usable], np.flatnonzero(usable), integrations, options)
    return Combined(share, level, reads, usable, slopes, weights)


def _slopes(
    steady: Steady,
    reads: np.ndarray,
    groups: np.ndarray,
    integrations: int,
    options: CleanFlickerNoiseOptions,
) -> np.ndarray:
    """Return what is noise in what lines have in common in a rate, 0 where it is unknown."""
    common, own = steady.common, steady.own
    known = np.isfinite(common)
    noise = np.where(known, common, 0.0)
    if options.background_method in WITH_BACKGROUND and known.any():
        if groups.size > 1:
            time = groups - groups.mean()
            reads = reads - time[:, None, None] * (np.tensordot(time, reads, 1) / (time @ time))
        others = None if own is None else np.nan_to_num(sampled(own))
        shares = shares_of_light(sampled(common), reads, others, integrations)
        noise = noise - light_of(common, shares)
        noise = np.where(known, noise - noise[known].mean(dtype=np.float64), 0.0)
    return np.asarray(noise if own is None else noise + np.nan_to_num(own))


@dataclass(frozen=True)
class LevelNoise:
    """Noise that is the same along a line, or along an amplifier's part of it.

    `levels`: DN, axes (group, line, part).
    """

    levels: np.ndarray
    shape: tuple[int, int]
    lines: Lines

    @classmethod
    def of(cls, combined: Combined, shape: tuple[int, int], lines: Lines) -> Self:
        """Add the slope of the noise to the noise of the groups."""
        levels = combined.reads
        drift = combined.without_slope(np.diff(levels, axis=0, prepend=0))
        group = np.arange(len(levels))[:, None, None]
        levels = levels + group * (combined.slopes - drift)
        return cls(levels, shape, lines)

    def of_groups(self, differences: np.ndarray) -> np.ndarray:
        """Return the noise, float32, axes (group, y, x)."""
        noise = np.empty_like(differences)
        for group, levels in enumerate(self.levels):
            noise[group] = self.lines.spread(levels, self.shape)
        return noise

    def subtract(self, signal: Groups, cleaned: np.ndarray, rows: slice) -> None:
        """Put the groups less their noise into `cleaned`, on some rows."""
        for group, levels in enumerate(self.levels):
            noise = self.lines.spread(levels, self.shape, rows)
            np.subtract(signal(group, rows), noise, out=cleaned[group, rows])


@dataclass(frozen=True)
class WaveNoise:
    """Noise that changes along a line; that of the differences is in the place of the groups.

    `share`: part of it that counts; `level`: (group), what counts of differences beside, where
    the share does not; `slopes`: noise that all differences have; float32, (y, x).
    """

    share: np.ndarray
    level: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, combined: Combined, differences: np.ndarray, lines: Lines) -> Self:
        """Put shares and slopes on the image; a line has one share, the mean of its samples."""
        rows, columns = differences.shape[1:]
        length = rows if lines.along_y else columns
        mean = combined.share.mean(axis=1, keepdims=True)
        share = _image(np.broadcast_to(mean, (len(mean), length)), lines)
        level = combined.level.astype(np.float32)
        slopes = _image(combined.slopes, lines)
        slopes = slopes - share * combined.without_slope(differences)
        slopes = slopes - (1 - share) * combined.without_slope(level)
        return cls(share, level, slopes.astype(np.float32))

    def of_groups(self, differences: np.ndarray) -> np.ndarray:
        """Return the noise, float32, axes (group, y, x)."""
        group = np.arange(len(differences))[:, None, None]
        beside = self.level[:, None, None] * (1 - self.share)
        noise = np.cumsum(differences * self.share + beside, axis=0) + group * self.slopes
        return np.asarray(noise.astype(np.float32))

    def subtract(self, signal: Groups, cleaned: np.ndarray, rows: slice) -> None:
        """Replace the noise of the differences by the cleaned groups, on some rows."""
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.flicker import accumulate

        share, slopes = frozen(self.share[rows]), frozen(self.slopes[rows])
        total = -slopes.astype(np.float64)  # the first group stays as it is
        for group, level in enumerate(self.level):
            values = np.ascontiguousarray(signal(group, rows))
            beside = slopes if level == 0 else frozen(slopes + level * (1 - share))
            accumulate(values, cleaned[group, rows], share, beside, total)


def noise_of(
    combined: Combined, differences: np.ndarray, lines: Lines, options: CleanFlickerNoiseOptions
) -> LevelNoise | WaveNoise:
    """Return the noise of the groups of an integration.

    `differences`: noise of waves, float32, axes (group, y, x); else of that shape.
    """
    if options.fit_method == "fft":
        return WaveNoise.of(combined, differences, lines)
    rows, columns = differences.shape[1:]
    return LevelNoise.of(combined, (rows, columns), lines)


def _image(noise: np.ndarray, lines: Lines) -> np.ndarray:
    return np.ascontiguousarray(lines.from_read(noise.astype(np.float32)))
