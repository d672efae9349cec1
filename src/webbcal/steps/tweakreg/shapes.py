"""Shapes of stars by moments, as IRAF's starfind measures them, and the filter that finds peaks.

photutils measures the same to the last digits. Importing it takes longer than measuring the stars
of ten exposures, so that the default star finder does without.
"""

from dataclasses import dataclass

import numpy as np

FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
LEAST_RADIUS = 2.0  # pixel


@dataclass(frozen=True)
class Filter:
    """A round Gaussian, cut off, less its mean: the sum of its values is zero.

    Attributes
    ----------
    values : ndarray
        float64, axes (y, x). Filtered with it, a star of that width has its height as peak.
    inside : ndarray
        bool, axes (y, x): where the Gaussian is not cut off.
    noise : float
        Of the filtered image, for pixels with a noise of 1.
    fwhm : float
        Full width of the Gaussian, pixel.

    Source: Stetson 1987, section II.
    """

    values: np.ndarray
    inside: np.ndarray
    noise: float
    fwhm: float

    @classmethod
    def of(cls, fwhm: float, sigma_radius: float) -> "Filter":
        """Return the filter for a full width, cut off at so many standard deviations."""
        sigma = fwhm / FWHM_PER_SIGMA
        reach = int(max(LEAST_RADIUS, sigma_radius * sigma))
        offsets = np.arange(-reach, reach + 1)
        square = np.add.outer(offsets**2, offsets**2)
        in_sigma = square / (2.0 * sigma**2)
        inside = (in_sigma <= sigma_radius**2 / 2.0) | (square <= LEAST_RADIUS**2)
        gaussian = np.where(inside, np.exp(-in_sigma), 0.0)
        total, count = gaussian.sum(), np.count_nonzero(inside)
        norm = (gaussian**2).sum() - total**2 / count
        values = np.where(inside, gaussian - total / count, 0.0) / norm
        return cls(values, inside, float(1.0 / np.sqrt(norm)), fwhm)

    @property
    def reach(self) -> int:
        """Pixels on each side of the middle."""
        return int(self.values.shape[0] // 2)


@dataclass(frozen=True)
class Shapes:
    """What moments tell of sources.

    Attributes
    ----------
    x, y : ndarray
        Centroids, pixel, float64, axis (source).
    flux : ndarray
        Sum of what is above the surroundings, unit of the image.
    sharpness : ndarray
        Full width by second moments, over that of the filter.
    roundness : ndarray
        0 for a round source, 1 for a line.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    sharpness: np.ndarray
    roundness: np.ndarray


def shapes_of(image: np.ndarray, places: np.ndarray, kernel: Filter) -> Shapes:
    """Measure sources by moments.

    Parameters
    ----------
    image : ndarray
        Axes (y, x), no NaN.
    places : ndarray
        Pixel x and y of each source, int64, axes (source, 2); not closer to the border than the
        filter reaches.
    kernel : Filter
        The pixels that belong to a source. The mean of the others in its square is the level of
        the surroundings; what is below it counts as nothing.

    Returns
    -------
    Shapes
        NaN where nothing is above the surroundings.

    Source: IRAF, task starfind.
    """
    offsets = np.arange(-kernel.reach, kernel.reach + 1)
    rows = (places[:, 1, None] + offsets)[:, :, None]
    columns = (places[:, 0, None] + offsets)[:, None, :]
    values = image[rows, columns].astype(np.float64)
    inside = kernel.inside
    outside = np.count_nonzero(~inside)
    level = np.where(inside, 0.0, values).sum(axis=(1, 2)) / max(outside, 1)
    light = np.where(inside, values - level[:, None, None], 0.0).clip(min=0.0)
    flux = light.sum(axis=(1, 2))

    def mean(weight: np.ndarray) -> np.ndarray:
        return np.asarray((light * weight).sum(axis=(1, 2)) / flux)

    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = mean(offsets[None, None, :]), mean(offsets[None, :, None])
        dx = offsets[None, None, :] - x[:, None, None]
        dy = offsets[None, :, None] - y[:, None, None]
        xx, yy, xy = mean(dx**2), mean(dy**2), mean(dx * dy)
        size = xx + yy
        roundness = np.hypot(xx - yy, 2.0 * xy) / size
    width = 2.0 * np.sqrt(np.log(2.0) * size)
    return Shapes(places[:, 0] + x, places[:, 1] + y, flux, width / kernel.fwhm, roundness)
