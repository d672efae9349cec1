"""Likelihood: generalised least squares with the covariance of the differences of groups."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import positive
from webbcal.steps.ramp_fit.arrays import Fitted, arrays_of
from webbcal.steps.ramp_fit.options import RampFitOptions

FEWEST_GROUPS = 4


def is_chosen(meta: Meta, groups: int, options: RampFitOptions) -> bool:
    """Tell whether an exposure is fitted by likelihood.

    That needs `FEWEST_GROUPS` groups, to tell jumps; but it alone knows groups at uneven times.
    """
    if meta.lookup("exposure.read_times"):
        return groups > 1
    return options.algorithm == "LIKELY" and groups >= FEWEST_GROUPS


def fit_by_likelihood(
    ramp: Ramp, readnoise: ReadNoise, gain: Gain, options: RampFitOptions
) -> Fitted:
    r"""Fit a count rate to the differences of groups, with their covariance, without jumps.

    The differences of neighbouring groups, :math:`d_j = (y_{j+1} - y_j) / \Delta_j`, with
    :math:`\Delta_j = t_{j+1} - t_j` and t the mean time of the reads of a group, have a common
    mean, the rate a, and the tridiagonal covariance

    .. math::
        C_{jj} = \frac{a + c}{G} \frac{\tau_j + \tau_{j+1} - 2 t_j}{\Delta_j^2}
                 + \frac{R^2}{2 \Delta_j^2} \left(\frac{1}{N_j} + \frac{1}{N_{j+1}}\right),
        \quad
        C_{j-1,j} = \frac{a + c}{G} \frac{t_j - \tau_j}{\Delta_{j-1} \Delta_j}
                   - \frac{R^2}{2 N_j \Delta_{j-1} \Delta_j}

    with gain G, dark current c (as a rate), read noise R of a pair of frames, N reads per group
    and :math:`\tau` the mean over all pairs of its reads of the time of the earlier. Then

    .. math:: a = \frac{1^T C^{-1} d}{1^T C^{-1} 1}, \quad
              \chi^2 = d^T C^{-1} d - \frac{(1^T C^{-1} d)^2}{1^T C^{-1} 1} .

    The variances by photons and by reads are w'Pw and w'Rw for the weights
    :math:`w = C^{-1} 1 / 1^T C^{-1} 1` and the two parts P, R of C.

    C is made with the median difference at first, then with the rate that follows; a rate
    below zero counts as zero there. Weights that follow a guess as good as the
    fit itself do not bias it.

    A jump is a difference, or two neighbouring ones, whose omission lowers :math:`\chi^2` by
    more than x^2, or by :math:`-2 \ln \mathrm{erfc}(x / \sqrt 2)`, which is as improbable; x is
    the option `jump_threshold`. Two are spoilt by one hit only if the group between them averages
    several reads. The largest jump is dropped first, until none is left or a single difference;
    of two that disagree the higher one goes, since hits add charge.

    Next to a group with JUMP_DET that averages several reads neither difference is used: the hit
    may be in their midst. A single read ends the jump, and only the difference to it is spoilt.

    Integrations are combined with the weights :math:`1 / V_i`, V_i their variances at the common
    rate; photon variances of the integrations are at that rate, too. With `variances`
    'prescribed', those of an integration are at the rate a' that its covariance was made with
    last; the weights hold them times max(b / a, 0), a the rate of the integration and b that of
    the exposure: at first the median over the integrations, then, once, the mean that follows.
    The photon variance of the exposure is the one of these weights.

    A zero frame is taken out of the mean of the first group, and used as a group before it.

    Source: T. Brandt 2024, PASP 136, 045004 (fit) and 045005 (jumps).
    Departures: ``docs/decisions/0052-likelihood-fit.md``.
    """
    from webbcal.kernels.likelihood import Rules
    from webbcal.kernels.likelihood import fit_by_likelihood as fit

    ramps, detector = arrays_of(ramp, readnoise, gain)
    reads = read_times(ramp.meta, ramp.sci.shape[1])
    split = [reads[0][:1], reads[0][1:], *reads[1:]] if len(reads[0]) > 1 else reads
    x = options.jump_threshold
    limits = (x * x, -2.0 * math.log(math.erfc(x / math.sqrt(2.0))))
    rules = Rules(options.suppress_one_group, options.variances == "exact")
    rates, chi_square, freedom = fit(ramps, detector, _groups(reads), _groups(split), limits, rules)
    return Fitted(rates.values, rates.flags, chi_square, freedom)


def read_times(meta: Meta, ngroups: int) -> list[np.ndarray]:
    """Return the times of the reads of each group, s from the reset.

    They are those of ``meta.exposure.read_times``, a list of times per group, where there is
    one: repeating stripes are read at uneven times. Else they follow from the read pattern.

    Raises
    ------
    InvalidProduct
        If the list has another number of groups, or a group is not after the one before it.
    """
    given = meta.lookup("exposure.read_times")
    if not given:
        spacing, frame = positive(meta, "group_time"), positive(meta, "frame_time")
        first = meta.exposure.lookup("drop_frames1", 0) + np.arange(positive(meta, "nframes")) + 1
        return [k * spacing + first * frame for k in range(ngroups)]
    times = [np.asarray(group, float) for group in given]
    if len(times) != ngroups:
        raise InvalidProduct("meta.exposure.read_times", expected=ngroups, found=len(times))
    means = [group.mean() if group.size else math.nan for group in times]
    if not np.all(np.diff(means) > 0):
        raise InvalidProduct("meta.exposure.read_times", expected="times that grow", found=means)
    return times


def _groups(reads: Sequence[np.ndarray]) -> Any:
    """Return what the kernel must know of the groups."""
    from webbcal.kernels.likelihood import Groups
    from webbcal.kernels.likelihood_sums import Covariance

    number = np.array([group.size for group in reads], float)
    time = np.array([group.mean() for group in reads])
    shared = np.array([np.minimum.outer(group, group).mean() for group in reads])
    spacing = np.diff(time)
    photon = (shared[:-1] + shared[1:] - 2 * time[:-1]) / spacing**2
    read = (1 / number[:-1] + 1 / number[1:]) / spacing**2
    photon_next, read_next = np.zeros_like(spacing), np.zeros_like(spacing)
    both = spacing[:-1] * spacing[1:]
    photon_next[:-1] = (time[1:-1] - shared[1:-1]) / both
    read_next[:-1] = -1 / (number[1:-1] * both)
    averaged = np.zeros_like(spacing)
    averaged[:-1] = number[1:-1] > 1
    covariance = Covariance(spacing, photon, read, photon_next, read_next, averaged)
    return Groups(time, shared, number, covariance)
