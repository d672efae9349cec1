"""Ramp fitting: from accumulated signal to count rate."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions, InvalidProduct
from webbcal.core.options import Options, option
from webbcal.kernels.arrays import frozen
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import CountRates, Ramp, Rate, RateInts
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._step import Needs, Step

UNIT = "DN/s"


@dataclass(frozen=True)
class RampFitOptions(Options):
    """Options of `fit_ramps`."""

    algorithm: str = option(
        "OLS_C", "Weighted least squares in the segments between jumps.", choices=("OLS_C",)
    )
    suppress_one_group: bool = option(
        True, "Leave out ramps with a single good group, unless the exposure has one group."
    )
    variances: str = option(
        "exact",
        "Variances of the weights used; or 'prescribed': those of the published description, "
        "which are too small for long faint ramps.",
        choices=("exact", "prescribed"),
    )
    firstgroup: int | None = option(None, "First group to use, counted from 0.", low=0)
    lastgroup: int | None = option(None, "Last group to use, counted from 0.", low=0)


def fit_ramps(ramp: Ramp, readnoise: ReadNoise, gain: Gain, options: RampFitOptions) -> CountRates:
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

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x).
    readnoise : ReadNoise
        Noise of the difference of two frames, DN, axes (y, x).
    gain : Gain
        Electrons per DN, axes (y, x).
    options : RampFitOptions
        See the class.

    Returns
    -------
    CountRates
        Rates of the exposure, axes (y, x), and of its integrations, axes (integration, y, x):
        value, error and variances, float32, DN/s; flags.

    Raises
    ------
    InvalidOptions
        `lastgroup` is before `firstgroup`, or `firstgroup` beyond the last one.
    InvalidProduct
        The exposure lacks its group time, frame time or number of frames.

    Notes
    -----
    Flags used: every one of `groupdq` but PERSISTENCE ends a segment. A ramp that is SATURATED
    in its first group has none, save for a zero frame. DO_NOT_USE in `pixeldq` gives NaN.
    Flags set: those of `pixeldq`; JUMP_DET, SATURATED and PERSISTENCE of any group;
    NO_GAIN_VALUE and DO_NOT_USE where the gain is not positive; DO_NOT_USE where nothing can be
    fitted, in the exposure only where no integration can.
    NaN signal counts as DO_NOT_USE. What cannot be fitted is NaN with zero error.
    Segments of one group are left out where there is a longer one; else the first is used.
    A ramp with a single good group is left out with `suppress_one_group`, unless the exposure has
    no more groups. Where they are kept, the zero frame stands in for the first group of a ramp
    that has no good one.
    Groups with CHARGELOSS are left out of the fit, but not of V_R: they were flagged for being
    bright, and the weights of later combinations must not depend on that.
    Assumes that groups are equally spaced and that read noise is uncorrelated between frames.

    Source: JWST User Documentation, calwebb_detector1, slope fitting; D. Fixsen et al. 2000,
    PASP 112, 1350 (weights); T. Brandt 2024, PASP 136, 045004 (covariance of averaged groups).
    Departures: ``docs/decisions/0010-ramp-fitting.md``, ``0012-exact-variances.md``.
    """
    # Numba costs half a second to import; only a run that gets here pays for it.
    from webbcal.kernels.ramp import Detector, Ramps, Timing
    from webbcal.kernels.ramp import fit_ramps as fit

    nints, ngroups, rows, columns = ramp.sci.shape
    none = np.zeros((0, 0), np.float32)
    groupdq = _chosen_groups(ramp.groupdq, options)
    zeroframe = none if ramp.zeroframe is None else ramp.zeroframe.reshape(nints, -1)
    dark = none if ramp.average_dark_current is None else ramp.average_dark_current
    values, flags = fit(
        Ramps(
            frozen(ramp.sci).reshape(nints, ngroups, -1),
            frozen(groupdq).reshape(nints, ngroups, -1),
            frozen(ramp.pixeldq).reshape(-1),
            frozen(zeroframe),
        ),
        Detector(
            frozen(gain.sci).reshape(-1),
            frozen(readnoise.sci).reshape(-1),
            frozen(dark).reshape(-1),
        ),
        Timing(*_timing(ramp.meta)),
        options.suppress_one_group and ngroups > 1,
        options.variances == "exact",
    )
    values = values.reshape(4, nints + 1, rows, columns)
    flags = flags.reshape(nints + 1, rows, columns)
    meta = _meta(ramp.meta, gain.meta)
    place: dict[str, Any] = {"attributes": ramp.attributes, "window": ramp.window}
    place |= {"extras": ramp.extras, "meta": meta}
    names = ("sci", "err", "var_poisson", "var_rnoise")
    rate: dict[str, Any] = {name: values[n, nints] for n, name in enumerate(names)}
    ints: dict[str, Any] = {name: values[n, :nints] for n, name in enumerate(names)}
    return CountRates(
        rate=Rate(**rate, dq=flags[nints], **place),
        rateints=RateInts(**ints, dq=flags[:nints], int_times=ramp.int_times, **place),
    )


def _chosen_groups(groupdq: np.ndarray, options: RampFitOptions) -> np.ndarray:
    """Return the flags with DO_NOT_USE in the groups outside `firstgroup` to `lastgroup`."""
    ngroups = groupdq.shape[1]
    first = options.firstgroup or 0
    last = ngroups - 1 if options.lastgroup is None else options.lastgroup
    if first == 0 and last >= ngroups - 1:
        return groupdq
    if first > min(last, ngroups - 1):
        raise InvalidOptions(
            "options firstgroup, lastgroup",
            expected=f"firstgroup <= lastgroup, within the {ngroups} groups (0 to {ngroups - 1})",
            found=f"{options.firstgroup} and {options.lastgroup}",
        )
    flags = groupdq.copy()
    flags[:, :first] |= np.uint8(DQ.DO_NOT_USE)
    flags[:, last + 1 :] |= np.uint8(DQ.DO_NOT_USE)
    return flags


def _timing(meta: Meta) -> tuple[float, float, float, float]:
    """Return seconds between groups, to the first group, to the first frame; frames per group.

    Times count from the reset; that of a group is the mean over its frames.
    """
    exposure = meta.exposure
    for name in ("group_time", "frame_time", "nframes"):
        value = exposure.lookup(name)
        if not isinstance(value, int | float) or not value > 0:
            raise InvalidProduct(f"meta.exposure.{name}", expected="a positive number", found=value)
    dropped = exposure.lookup("drop_frames1", 0)
    to_middle = dropped + (exposure.nframes + 1) / 2
    return (
        float(exposure.group_time),
        float(exposure.frame_time * to_middle),
        float(exposure.frame_time),
        float(exposure.nframes),
    )


def _meta(ramp: Meta, gain: Meta) -> Meta:
    """Return the metadata of the rates: their unit, and the gain factor of a subarray."""
    values: dict[str, object] = {"bunit_data": UNIT, "bunit_err": UNIT}
    factor = gain.lookup("exposure.gain_factor")
    if factor is not None:
        values["exposure.gain_factor"] = factor
    return ramp.replace(values)


STEP = Step(
    "ramp_fit",
    fit_ramps,
    RampFitOptions,
    references={"readnoise": Needs(ReadNoise), "gain": Needs(Gain)},
    status="ramp_fit",
)
