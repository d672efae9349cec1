"""The noise of groups, from that of the differences and that of the count rate."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.steps.clean_flicker_noise.light import light_of, share_of_noise, shares_of_light
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
        What part of what differences tell is noise, axes (line, sample).
    reads : array
        Sum of that noise up to each group, DN, axes (group, line, sample).
    usable : array
        bool, (group): which groups tell.
    slopes : array
        Noise that every difference has beside, DN, axes (line, place).
    """

    share: np.ndarray
    reads: np.ndarray
    usable: np.ndarray
    slopes: np.ndarray

    @property
    def told(self) -> bool:
        """Whether the count rate tells the slope of the noise."""
        return self.slopes.size > 0

    def without_slope(self, noise: np.ndarray) -> np.ndarray:
        """Return the slope of the noise of the groups, DN per group, from that of differences.

        Medians do not add up: their sums drift, and have a slope that is not that of the noise,
        which the count rate tells. `noise` has axes (group, ...), 0 for the first.
        """
        groups = np.flatnonzero(self.usable)
        slope = np.zeros(noise.shape[1:], noise.dtype)
        if groups.size > 1 and self.told:
            time = np.zeros(len(noise))
            time[groups] = groups - groups.mean()
            weights = time[::-1].cumsum()[::-1] / (time @ time)
            for weight, one in zip(weights.astype(noise.dtype), noise, strict=True):
                slope += weight * one
        return slope


def combine(
    told: np.ndarray,
    steady: Steady | None,
    first_told: bool,
    integrations: int,
    options: CleanFlickerNoiseOptions,
) -> Combined:
    """Combine what differences and the count rate tell of the noise.

    Parameters
    ----------
    told : array
        Noise of the differences, DN, axes (difference, line, sample); NaN where unknown.
    steady : Steady or None
        What every group adds; None if that is in the differences, all of which is noise then.
    first_told : bool
        Whether the first group is usable.
    integrations : int
        In the count rate.
    options : CleanFlickerNoiseOptions
        Methods.
    """
    usable = np.array([first_told, *np.isfinite(told).any(axis=(1, 2))])
    share = np.ones(told.shape[1:]) if steady is None else share_of_noise(told)
    differences = np.concatenate([np.zeros_like(told[:1]), share * np.nan_to_num(told)])
    reads = differences.cumsum(axis=0)
    slopes = np.zeros((0, 0))
    if steady is not None:
        slopes = _slopes(steady, reads[usable], np.flatnonzero(usable), integrations, options)
    return Combined(share, reads, usable, slopes)


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
        if combined.told and combined.slopes.shape == levels.shape[1:]:
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

    `share`: part of it that counts; `slopes`: noise that all differences have; float32, (y, x).
    """

    share: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, combined: Combined, differences: np.ndarray, lines: Lines) -> Self:
        """Put shares and slopes on the image; a line has one share, the mean of its samples."""
        shape = differences.shape[1:]
        length = shape[0] if lines.along_y else shape[1]
        mean = combined.share.mean(axis=1, keepdims=True)
        share = _image(np.broadcast_to(mean, (len(mean), length)), lines)
        slopes = _image(combined.slopes, lines) if combined.told else np.zeros(shape)
        slopes = slopes - share * combined.without_slope(differences)
        return cls(share, slopes.astype(np.float32))

    def of_groups(self, differences: np.ndarray) -> np.ndarray:
        """Return the noise, float32, axes (group, y, x)."""
        group = np.arange(len(differences))[:, None, None]
        noise = np.cumsum(differences * self.share, axis=0) + group * self.slopes
        return np.asarray(noise.astype(np.float32))

    def subtract(self, signal: Groups, cleaned: np.ndarray, rows: slice) -> None:
        """Replace the noise of the differences by the cleaned groups, on some rows."""
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.flicker import accumulate

        share, slopes = frozen(self.share[rows]), frozen(self.slopes[rows])
        total = -slopes.astype(np.float64)  # the first group stays as it is
        for group in range(cleaned.shape[0]):
            values = np.ascontiguousarray(signal(group, rows))
            accumulate(values, cleaned[group, rows], share, slopes, total)


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
