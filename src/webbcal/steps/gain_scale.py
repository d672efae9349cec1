"""Gain scale: undo a detector gain other than the standard one."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options
from webbcal.spec.products.detector1 import CountRates, Rate, RateInts
from webbcal.spec.references import Gain
from webbcal.steps._step import Needs, Step

AnyRate = TypeVar("AnyRate", Rate, RateInts)


@dataclass(frozen=True)
class GainScaleOptions(Options):
    """Options of `scale_gain`: none."""


def scale_gain(rates: CountRates, gain: Gain, options: GainScaleOptions) -> CountRates:
    r"""Multiply the count rates by the gain factor of the subarray.

    .. math:: s' = f s, \quad \sigma' = f \sigma, \quad V' = f^2 V

    Parameters
    ----------
    rates : CountRates
        Rates of the exposure and of its integrations, DN/s.
    gain : Gain
        Its metadata may hold the factor f; the array is not used.
    options : GainScaleOptions
        None.

    Returns
    -------
    CountRates
        New products; values, errors and variances differ.

    Raises
    ------
    CannotCalibrate
        Neither the rates nor the gain reference have a factor: the standard gain was used.

    Notes
    -----
    The factor of the rates, put there by the ramp fit, wins over that of the reference.
    Flags used: none. Flags set: none. NaN stays NaN.
    Assumes that the factor has no error.

    Source: JWST User Documentation, calwebb_detector1, gain scale correction.
    """
    factor = rates.meta.lookup("exposure.gain_factor", gain.meta.lookup("exposure.gain_factor"))
    if factor is None:
        raise CannotCalibrate("the gain reference has no GAINFACT: the standard gain applies")
    return replace(
        rates, rate=_scaled(rates.rate, factor), rateints=_scaled(rates.rateints, factor)
    )


def _scaled(rate: AnyRate, factor: float) -> AnyRate:
    scale, square = np.float32(factor), np.float32(factor * factor)
    return replace(
        rate,
        sci=rate.sci * scale,
        err=rate.err * scale,
        var_poisson=rate.var_poisson * square,
        var_rnoise=rate.var_rnoise * square,
        meta=rate.meta.replace({"exposure.gain_factor": factor}),
    )


STEP = Step(
    "gain_scale",
    scale_gain,
    GainScaleOptions,
    references={"gain": Needs(Gain)},
    status="gain_scale",
)
