"""The segments that rates were made of, for those who want to see them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp, RampFit
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps.ramp_fit.arrays import arrays_of
from webbcal.steps.ramp_fit.least_squares import timing_of
from webbcal.steps.ramp_fit.options import RampFitOptions

SEGMENT_ARRAYS = ("slope", "sigslope", "var_poisson", "var_rnoise", "yint", "sigyint", "weights")


class Lengths(NamedTuple):
    """How many segments, and hits, any ramp of the exposure has at most; at least one each."""

    segments: int
    hits: int


def look_at_lengths(
    ramp: Ramp, readnoise: ReadNoise, gain: Gain, options: RampFitOptions
) -> Mapping[str, np.ndarray]:
    """Return the numbers of segments and of hits, uint16, axes (y, x)."""
    from webbcal.kernels.ramp_details import count_details

    ramps, _ = arrays_of(ramp, readnoise, gain)
    suppress = options.suppress_one_group and ramp.sci.shape[1] > 1
    segments, hits = count_details(ramps, suppress)
    shape = ramp.pixeldq.shape
    return {"segments": segments.reshape(shape), "hits": hits.reshape(shape)}


def most(planes: Mapping[str, np.ndarray], meta: Meta, *rest: Any) -> Lengths:
    """Return the largest numbers of the exposure."""
    return Lengths(max(int(planes["segments"].max()), 1), max(int(planes["hits"].max()), 1))


def fit_details(
    ramp: Ramp,
    readnoise: ReadNoise,
    gain: Gain,
    options: RampFitOptions,
    lengths: Lengths | None,
) -> RampFit:
    r"""Return the segments of the fit by least squares.

    A segment of n groups from number f on has the slope s of the fit, the intercept at group 0

    .. math:: b = \frac{\sum w_i y_i}{\sum w_i} - s\, t_g \left(f + \frac{n - 1}{2}\right)

    and the weight :math:`1 / V_R`, V_R the variance of equal weights; uncertainties hold photons
    and reads. The pedestal is the first group less the rate times its time since the reset; the
    height of a jump is the difference of the groups, less what the rate brings.

    What there is not is NaN, and 0 in uncertainties, variances and weights.
    """
    from webbcal.kernels.ramp import Timing
    from webbcal.kernels.ramp_details import find_details

    if lengths is None:
        lengths = most(look_at_lengths(ramp, readnoise, gain, options), ramp.meta)
    ramps, detector = arrays_of(ramp, readnoise, gain)
    nints, ngroups, rows, columns = ramp.sci.shape
    timing = Timing(*timing_of(ramp.meta))
    suppress = options.suppress_one_group and ngroups > 1
    exact = options.variances == "exact"
    shape = tuple(lengths)
    segments, pedestals, hits = find_details(ramps, detector, timing, suppress, exact, shape)
    cubes = segments.reshape(len(SEGMENT_ARRAYS), nints, lengths.segments, rows, columns)
    arrays: dict[str, Any] = dict(zip(SEGMENT_ARRAYS, cubes, strict=True))
    return RampFit(
        **arrays,
        pedestal=pedestals.reshape(nints, rows, columns),
        crmag=hits.reshape(nints, lengths.hits, rows, columns),
    )
