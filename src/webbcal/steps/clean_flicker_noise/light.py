"""Light and noise in what the lines of a count rate have in common.

Arrays have axes (line, place): a place is a part of a line that has one level, or a sample of a
wave along it.
"""

from dataclasses import dataclass

import numpy as np

REACH = 16.0
"""Standard deviation of the bell over which levels are smooth across lines, lines."""

SURE = 0.99
"""Probability with which noise alone does not pass for light."""

SLOW_MODES = 4
"""Independent numbers in smooth levels: drift has most of its power in the slowest waves."""

ROUGH_MODES = float(2 * np.sqrt(np.pi) * REACH)
"""Independent numbers below the bell, in levels that are not smooth."""


@dataclass(frozen=True)
class Levels:
    """What lines have in common, as their pixels tell it.

    Parameters
    ----------
    levels : array
        DN, axes (..., line, place), NaN where unknown.
    variance : array
        Of their errors, that the scatter of the pixels makes, DN^2, of the same shape, or with
        one place; 0 where it is not known.
    """

    levels: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Shares:
    """What part of the levels of a rate is light.

    Parameters
    ----------
    slow : float
        Of what is smooth across lines, 0 to 1.
    rough : array
        Of the rest, float64, axes (line, place), 0 to 1.
    """

    slow: float
    rough: np.ndarray


def shares_of_light(
    common: np.ndarray, reads: np.ndarray, own: np.ndarray | None, integrations: int
) -> Shares:
    r"""Return what part of the levels that lines have in a rate is light.

    Light adds the same to every group, noise comes and goes. From the scatter
    :math:`\sigma^2` of the noise of G reads follows the variance of its slope,
    :math:`V = 12 \sigma^2 / (G (G^2 - 1) n)`, for n integrations. Where the mean square E of
    the levels is above c V, with c such that noise alone is below it in 99 of 100 cases,
    :math:`1 - c V / E` of the levels is light; else nothing. Smooth levels are judged together,
    what is left of them around each line.

    Parameters
    ----------
    common : array
        Levels of the rate, DN per group, axes (line, place); NaN where unknown.
    reads : array
        Noise of each read, DN, axes (group, line, place), but for a constant and a slope.
    own : array or None
        Slope of the noise of one integration beyond that of the mean, as `common`; None with
        one integration.
    integrations : int
        In the rate.

    Notes
    -----
    With two groups of one integration there is no scatter: the noise is then taken as that of
    independent lines, as neighbouring lines of the rate tell it; what is smooth beyond that is
    light, the rest noise.

    Source: W. James, C. Stein 1961, Proc. Fourth Berkeley Symp. 1, 361 (shrinkage); variance of
    the slope of a straight line: P. R. Bevington, Data Reduction and Error Analysis, 6.4.
    """
    known = np.isfinite(common)
    smooth = smooth_across(common, known)
    rest = np.where(known, common, 0.0) - smooth
    freedom, slow, noise = _noise_of_slopes(reads, own, integrations, known)
    rough = np.zeros(common.shape)
    if freedom > 0:
        noise, power = (smooth_across(v, known, sloping=False) for v in (noise, rest**2))
        rough = _share(power, _limit(ROUGH_MODES, freedom) * noise)
    else:
        freedom, slow = 1.0, _independent(common, known)
    energy = np.array((smooth[known] ** 2).mean())
    share = _share(energy, np.array(_limit(SLOW_MODES, freedom) * slow))
    return Shares(float(share), rough)


def _noise_of_slopes(
    reads: np.ndarray, own: np.ndarray | None, integrations: int, known: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """Return degrees of freedom, and the variance of slopes: of smooth ones, of the rest."""
    groups = len(reads)
    freedom, parts, weights = 0.0, [], []
    if groups > 2:  # a constant and a slope are taken away
        freedom += groups - 2
        parts += [reads - reads.mean(axis=0)]
        weights += [12 / (groups * (groups**2 - 1))]
    if own is not None and integrations > 1:
        freedom += 1 - 1 / integrations
        parts += [own[np.newaxis]]
        weights += [1.0]
    slow, rough = 0.0, np.zeros(known.shape)
    for part, weight in zip(parts, weights, strict=True):
        smooth = smooth_across(part, known)
        factor = weight / (freedom * integrations)
        slow += factor * float((smooth**2).sum(axis=0)[known].mean())
        rough += factor * ((part - smooth) ** 2).sum(axis=0)
    return freedom, slow, rough


def light_of(common: np.ndarray, shares: Shares) -> np.ndarray:
    """Return the light in levels, axes (line, place); 0 where they are unknown.

    There may be more places than in the shares: each of these then stands for several.
    """
    known = np.isfinite(common)
    smooth = smooth_across(common, known)
    places = np.arange(common.shape[1]) * shares.rough.shape[1] // common.shape[1]
    light = shares.slow * smooth + shares.rough[:, places] * (common - smooth)
    return np.where(known, light, 0.0)


def share_of_noise(told: Levels) -> np.ndarray:
    r"""Return what part of what differences tell is noise of reads, 0 to 1, axes (line, place).

    The noise of a read is in the difference before it and, with the other sign, in the one after
    it. Photon noise, and errors of medians that do not add up, are in one difference only: the
    covariance of neighbouring differences is :math:`-\sigma^2` of the first, their variance
    :math:`2 \sigma^2` and that of the second. Errors of medians that do add up are told by the
    scatter of the pixels (`share_beyond_errors`). All are taken around each line.

    Parameters
    ----------
    told : Levels
        Of the differences, axes (difference, line, place).
    """
    known = np.isfinite(told.levels).any(axis=0)
    share = share_beyond_errors(told)
    if len(told.levels) == 1:
        return share
    values = np.nan_to_num(told.levels)
    variance = (values**2).mean(axis=0)
    covariance = (values[1:] * values[:-1]).mean(axis=0)
    variance = smooth_across(variance, known, sloping=False)
    covariance = smooth_across(covariance, known, sloping=False)
    returned = -2 * covariance / np.where(variance > 0, variance, 1)
    return np.asarray(np.minimum(share, np.clip(returned, 0.0, 1.0)))


def share_beyond_errors(told: Levels) -> np.ndarray:
    r"""Return what part of levels is not their errors, 0 to 1, axes (line, place).

    Of levels with mean square v and errors of variance e, the part :math:`1 - e / v` of each is
    the best estimate. Both are taken around each line; 0 where unknown.

    Parameters
    ----------
    told : Levels
        With mean zero, axes (image, line, place).

    Source: W. James, C. Stein 1961, Proc. Fourth Berkeley Symp. 1, 361 (shrinkage).
    """
    finite = np.isfinite(told.levels)
    known = finite.any(axis=0)
    errors = np.where(finite, told.variance, 0.0).mean(axis=0)
    variance = smooth_across((np.nan_to_num(told.levels) ** 2).mean(axis=0), known, sloping=False)
    return _share(variance, smooth_across(errors, known, sloping=False))


def smooth_across(levels: np.ndarray, known: np.ndarray, *, sloping: bool = True) -> np.ndarray:
    """Return levels smooth across lines.

    A straight line goes through the known levels below a bell around each line; a number if not
    `sloping`. 0 where a level is unknown.

    Parameters
    ----------
    levels : array
        float64, axes (..., line, place).
    known : array
        bool, (line, place).

    Source: W. S. Cleveland 1979, J. Am. Stat. Assoc. 74, 829.
    """
    from scipy.ndimage import correlate1d

    reach = int(4 * REACH)
    x = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (x / REACH) ** 2)

    def sums(values: np.ndarray, power: int) -> np.ndarray:
        return np.asarray(correlate1d(values, bell * x**power, axis=-2, mode="constant"))

    alike = bool((known == known[:, :1]).all())  # whole lines of waves are known, or are not
    weight = (known[:, :1] if alike else known).astype(float)
    values = np.where(known, levels, 0.0)
    w0, smooth = sums(weight, 0), sums(values, 0)
    inverse = 1 / np.where(w0 > 0, w0, 1)
    if sloping:  # (w2 v0 - w1 v1) / (w0 w2 - w1^2), where two lines at least tell a slope
        w1, w2 = sums(weight, 1), sums(weight, 2)
        spread = w0 * w2 - w1**2
        told = spread > 1e-6 * w0**2
        spread = np.where(told, spread, 1)
        inverse = np.where(told, w2 / spread, inverse)
        tilt = sums(values, 1)
        tilt *= np.where(told, w1 / spread, 0)
        smooth *= inverse
        smooth -= tilt
    else:
        smooth *= inverse
    return np.asarray(np.where(known, smooth, 0.0))


def _independent(common: np.ndarray, known: np.ndarray) -> float:
    """Return the variance of smooth levels if those of neighbouring lines are independent."""
    both = known[1:] & known[:-1]
    if not both.any():
        return 0.0
    change = np.diff(np.where(known, common, 0.0), axis=0)[both]
    return float(0.5 * (change**2).mean() / ROUGH_MODES)


def _limit(modes: float, freedom: float) -> float:
    """Return the ratio of two variances of noise that is exceeded in 1 of 100 cases."""
    from scipy.special import fdtri

    return float(fdtri(modes, modes * freedom, SURE))


def _share(power: np.ndarray, limit: np.ndarray) -> np.ndarray:
    share = 1 - limit / np.where(power > 0, power, 1)
    return np.asarray(np.where(power > limit, share, 0.0))
