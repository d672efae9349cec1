"""Weighted least squares in the segments between jumps."""

from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import positive
from webbcal.steps.ramp_fit.arrays import Fitted, arrays_of
from webbcal.steps.ramp_fit.options import RampFitOptions


def fit_by_least_squares(
    ramp: Ramp, readnoise: ReadNoise, gain: Gain, options: RampFitOptions
) -> Fitted:
    r"""Fit straight lines to the ramps between jumps, and combine them.

    A segment is a run of groups without flags; a group that only carries JUMP_DET opens the
    segment after it. In a segment of n > 1 groups y_i, t_g apart, with gain G, the slope is

    .. math:: s = \frac{\sum w_i (i - m) y_i}{t_g \sum w_i (i - m)^2}, \quad
              w_i = |(i - m) / m|^P, \quad m = (n - 1) / 2

    where P = 0, 0.4, 1, 3, 6, 10 for a signal-to-noise :math:`D G / \sqrt{N^2 + D G}` below 5,
    10, 20, 50, 100 and above; D is the last minus the first group, N the read noise of a group
    in electrons, :math:`N = R G / \sqrt{2 f}` with R the read noise of a pair of frames (DN) and
    f frames per group. Written as :math:`s = \sum c_i y_i`, its variances are

    .. math:: V_R = \frac{R^2}{2 f} \sum c_i^2, \quad
              V_P = \frac{\max(M, 0) + C / G}{G} \sum_{ij} c_i c_j t_{ij}

    where :math:`t_{ij}` is the time of the earlier of two groups and, for i = j, the mean over all
    pairs of frames of the group of that of the earlier: two reads share the photons of the first.
    M is the mean first difference over t_g, without those that begin or end in a flagged group,
    its mean over the integrations; C the dark current that was subtracted. Of an isolated group
    k, measured t after the reset,

    .. math:: s = y_k / t, \quad V_R = R^2 / (f t^2), \quad
              V_P = t_{kk} (\max(M, 0) + C / G) / (G t^2) .

    Slopes combine with the weights :math:`h = n^3 - n`, over the segments of an integration and
    over those of all integrations; variances follow as :math:`\sum h^2 V / (\sum h)^2`, and the
    error is :math:`\sqrt{V_P + V_R}`.

    With the option ``variances = "prescribed"`` they are those of the published description,

    .. math:: V_R = \frac{6 R^2}{f t_g^2 (n^3 - n)}, \quad
              V_P = \frac{\max(M, 0) + C / G}{G t_g (n - 1)},

    with the median difference in M, and combine as :math:`1 / \sum 1 / V`; the error of an
    integration of several segments is then :math:`(\sum 1 / (V_P + V_R))^{-1/2}`.

    Groups with CHARGELOSS are left out of the fit, but not of V_R: they were flagged for being
    bright, and the weights of later combinations must not depend on that.
    Assumes that groups are equally spaced and that read noise is uncorrelated between frames.

    Source: JWST User Documentation, calwebb_detector1, slope fitting; D. Fixsen et al. 2000,
    PASP 112, 1350 (weights); T. Brandt 2024, PASP 136, 045004 (covariance of averaged groups).
    Departures: ``docs/decisions/0010-ramp-fitting.md``, ``0012-exact-variances.md``.
    """
    # Numba costs half a second to import; only a run that gets here pays for it.
    from webbcal.kernels.ramp import Timing, fit_ramps

    ramps, detector = arrays_of(ramp, readnoise, gain)
    timing = Timing(*timing_of(ramp.meta))
    suppress = options.suppress_one_group and ramp.sci.shape[1] > 1
    values, flags = fit_ramps(ramps, detector, timing, suppress, options.variances == "exact")
    return Fitted(values, flags)


def timing_of(meta: Meta) -> tuple[float, float, float, float]:
    """Return seconds between groups, to the first group, to the first frame; frames per group.

    Times count from the reset; that of a group is the mean over its frames.
    """
    spacing, frame, frames = (
        positive(meta, name) for name in ("group_time", "frame_time", "nframes")
    )
    to_middle = meta.exposure.lookup("drop_frames1", 0) + (frames + 1) / 2
    return spacing, frame * to_middle, frame, frames
