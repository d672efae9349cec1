"""Which pixels of an image show nothing but background, and at what level it is."""

from typing import Any

import numpy as np

from webbcal.numerics.histogram_peak import histogram_peak

CLIP_SIGMA = 3.0
CLIP_ROUNDS = 5
LOW_SIGMA = 3.0
"""Background pixels are not further below the centre."""


class Values:
    """The usable values of an image, made ready for clipped statistics.

    Parameters
    ----------
    image : array
        float32, (y, x).
    usable : array
        bool or uint8, (y, x): false or 0 leaves a pixel out, as one that is not finite must be.
    """

    def __init__(self, image: np.ndarray, usable: np.ndarray) -> None:
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.clipping import into_buckets

        self._buckets: Any = into_buckets(
            frozen(image, np.float32).reshape(-1), frozen(usable, np.uint8).reshape(-1)
        )

    def centre(
        self, *, fit_histogram: bool = False, lower_half: bool = False
    ) -> tuple[float, float]:
        r"""Return the level of the background and its standard deviation.

        They are the median and the deviation of what is within 3 deviations of the median, five
        times over. With `lower_half`, the deviation is that of the values below the level and
        their mirror images, so that faint sources do not widen it. With `fit_histogram`, both
        come from a Gaussian curve fitted to the histogram.

        Returns
        -------
        tuple of float
            NaN if no value is usable.
        """
        from webbcal.kernels.clipping import clipped_level, clipped_lower_half

        level = clipped_level(self._buckets, CLIP_SIGMA, CLIP_ROUNDS)
        centre = level.mean if fit_histogram else level.median
        deviation = level.deviation
        if lower_half:
            deviation = clipped_lower_half(self._buckets, centre, CLIP_SIGMA, CLIP_ROUNDS)
        if not fit_histogram or not deviation > 0:
            return float(centre), float(deviation)
        values = self._buckets.values
        if lower_half:
            below = values[values <= centre]
            values = np.concatenate([below, 2 * centre - below])
        return histogram_peak(values, float(centre), float(deviation))

    def median(self, low: float, high: float) -> float:
        """Return the median of the values from `low` to `high`; NaN if there is none."""
        from webbcal.kernels.clipping import median_between, rank_of

        if np.isnan(low) or np.isnan(high):
            return float("nan")
        first, last = rank_of(self._buckets, low, False), rank_of(self._buckets, high, True)
        return float(median_between(self._buckets, first, last))


def background_mask(
    image: np.ndarray, usable: np.ndarray, n_sigma: float, *, fit_histogram: bool = False
) -> np.ndarray:
    """Return where an image shows only background.

    Parameters
    ----------
    image : array
        float32, (y, x), count rates, say.
    usable : array
        bool or uint8, (y, x): pixels that may count as background.
    n_sigma : float
        How far above its level, in standard deviations, the background reaches; below it is 3.
    fit_histogram : bool
        Take level and deviation from a fit to the histogram.

    Returns
    -------
    array
        bool, (y, x). A value that is not finite, or exactly 0, is no background.

    Source: JWST User Documentation, calwebb_detector1, 1/f noise correction: scene mask.
    """
    candidates = (usable != 0) & np.isfinite(image) & (image != 0)
    centre, deviation = Values(image, candidates).centre(fit_histogram=fit_histogram)
    inside = (image >= centre - LOW_SIGMA * deviation) & (image <= centre + n_sigma * deviation)
    return np.asarray(candidates & inside)
