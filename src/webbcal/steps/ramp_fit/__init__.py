"""Ramp fitting: from accumulated signal to count rate."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import (
    CountRates,
    LikelihoodQuality,
    Ramp,
    Rate,
    RateInts,
)
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._step import Needs, Step, Survey
from webbcal.steps.ramp_fit import least_squares, likelihood
from webbcal.steps.ramp_fit.details import Lengths, fit_details, look_at_lengths, most
from webbcal.steps.ramp_fit.options import RampFitOptions

__all__ = ["STEP", "RampFitOptions", "fit_ramps"]

UNIT = "DN/s"


def fit_ramps(
    ramp: Ramp,
    readnoise: ReadNoise,
    gain: Gain,
    options: RampFitOptions,
    measured: Lengths | None = None,
) -> CountRates:
    """Fit a count rate to each ramp, by one of two algorithms, and combine the integrations.

    OLS_C fits straight lines to the segments between jumps by weighted least squares; the
    formulas are in `webbcal.steps.ramp_fit.least_squares`. LIKELY maximises the likelihood of the
    differences of groups, and looks for jumps on its own, beside those that are flagged:
    `webbcal.steps.ramp_fit.likelihood`. An exposure of fewer than four groups is always fitted by
    the former, one whose groups are read at uneven times (``meta.exposure.read_times``) by the
    latter.

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
    measured : Lengths or None
        How many segments and hits ramps have at most, for `save_opt`; None to find out here,
        for which `ramp` must be the whole frame.

    Returns
    -------
    CountRates
        Rates of the exposure, axes (y, x), and of its integrations, axes (integration, y, x):
        value, error and variances, float32, DN/s; flags. With `save_opt` also what was fitted.

    Raises
    ------
    InvalidOptions
        `lastgroup` is before `firstgroup`, or `firstgroup` beyond the last one.
    InvalidProduct
        The exposure lacks its group time, frame time or number of frames.

    Notes
    -----
    Flags used: every one of `groupdq` but PERSISTENCE ends a segment, and rules out the
    differences to that group; a group that only carries JUMP_DET opens the segment after it. A
    ramp that is SATURATED in its first group has none, save for a zero frame. DO_NOT_USE in
    `pixeldq` gives NaN.
    Flags set: those of `pixeldq`; JUMP_DET, SATURATED and PERSISTENCE of any group, whether it
    is used or not; JUMP_DET of jumps found here; NO_GAIN_VALUE and DO_NOT_USE where the gain is
    not positive; DO_NOT_USE where nothing can be fitted, in the exposure only where no
    integration can.
    JUMP_DET of the first group that can be used, where those before it are DO_NOT_USE, does not
    matter to the fit: nothing is measured across that jump.
    NaN signal counts as DO_NOT_USE. What cannot be fitted is NaN with zero error; where that is
    every pixel of an exposure, saturated from the first group, so are its products.
    Segments of one group are left out where there is a longer one; else the first is used.
    A ramp with a single good group is left out with `suppress_one_group`, unless the exposure has
    no more groups. Where they are kept, the zero frame stands in for the first group of a ramp
    that has no good one.

    Source: JWST User Documentation, calwebb_detector1, slope fitting.
    Departures: ``docs/decisions/0010-ramp-fitting.md``, ``0052-likelihood-fit.md``,
    ``0053-details-of-the-fit.md``, ``0054-groups-before-the-first-usable-one.md``.
    """
    ramp = _with_chosen_groups(ramp, options)
    likely = likelihood.is_chosen(ramp.meta, ramp.sci.shape[1], options)
    fit = likelihood.fit_by_likelihood if likely else least_squares.fit_by_least_squares
    fitted = fit(ramp, readnoise, gain, options)
    nints, _, rows, columns = ramp.sci.shape
    values = fitted.values.reshape(4, nints + 1, rows, columns)
    flags = fitted.flags.reshape(nints + 1, rows, columns)
    place: dict[str, Any] = {"attributes": ramp.attributes, "window": ramp.window}
    place |= {"extras": ramp.extras, "meta": _meta(ramp.meta, gain.meta)}
    names = ("sci", "err", "var_poisson", "var_rnoise")
    rate: dict[str, Any] = {name: values[n, nints] for n, name in enumerate(names)}
    ints: dict[str, Any] = {name: values[n, :nints] for n, name in enumerate(names)}
    segments, quality = None, None
    if options.save_opt and likely:
        assert fitted.chi_square is not None
        assert fitted.freedom is not None
        chi_square = fitted.chi_square.reshape(rows, columns)
        quality = LikelihoodQuality(
            sci=chi_square, freedom=fitted.freedom.reshape(rows, columns), **place
        )
    elif options.save_opt:
        segments = fit_details(ramp, readnoise, gain, options, measured).with_changes(**place)
    return CountRates(
        rate=Rate(**rate, dq=flags[nints], **place),
        rateints=RateInts(**ints, dq=flags[:nints], int_times=ramp.int_times, **place),
        segments=segments,
        quality=quality,
    )


def _with_chosen_groups(ramp: Ramp, options: RampFitOptions) -> Ramp:
    """Return the ramp with DO_NOT_USE in the groups outside `firstgroup` to `lastgroup`."""
    ngroups = ramp.sci.shape[1]
    first = options.firstgroup or 0
    last = ngroups - 1 if options.lastgroup is None else options.lastgroup
    if first == 0 and last >= ngroups - 1:
        return ramp
    if first > min(last, ngroups - 1):
        raise InvalidOptions(
            "options firstgroup, lastgroup",
            expected=f"firstgroup <= lastgroup, within the {ngroups} groups (0 to {ngroups - 1})",
            found=f"{options.firstgroup} and {options.lastgroup}",
        )
    flags = ramp.groupdq.copy()
    flags[:, :first] |= np.uint8(DQ.DO_NOT_USE)
    flags[:, last + 1 :] |= np.uint8(DQ.DO_NOT_USE)
    return ramp.with_changes(groupdq=flags)


def _meta(ramp: Meta, gain: Meta) -> Meta:
    """Return the metadata of the rates: their unit, and the gain factor of a subarray."""
    values: dict[str, object] = {"bunit_data": UNIT, "bunit_err": UNIT}
    factor = gain.lookup("exposure.gain_factor")
    if factor is not None:
        values["exposure.gain_factor"] = factor
    return ramp.replace(values)


def _look(
    ramp: Ramp, readnoise: ReadNoise, gain: Gain, options: RampFitOptions
) -> Mapping[str, np.ndarray]:
    return look_at_lengths(_with_chosen_groups(ramp, options), readnoise, gain, options)


def _details_wanted(options: RampFitOptions, meta: Meta) -> bool:
    groups = meta.exposure.ngroups or 0
    return options.save_opt and not likelihood.is_chosen(meta, groups, options)


STEP = Step(
    "ramp_fit",
    fit_ramps,
    RampFitOptions,
    references={"readnoise": Needs(ReadNoise), "gain": Needs(Gain)},
    status="ramp_fit",
    survey=Survey(_look, most, wanted=_details_wanted),
    products={
        "fitopt": lambda rates: rates.segments,
        "likely_chisq": lambda rates: rates.quality,
    },
)
