"""Linearity: make the signal of each pixel proportional to the charge it has collected."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidReference
from webbcal.core.options import Options
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Linearity
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class LinearityOptions(Options):
    """Options of `linearise_ramps`: none."""


def linearise_ramps(ramp: Ramp, linearity: Linearity, options: LinearityOptions) -> Ramp:
    r"""Correct the signal for the nonlinear response of each pixel.

    .. math:: s' = \sum_k c_k s^k

    A group that is the mean of n > 1 frames is not corrected exactly by that, because the mean
    of a curve is not the curve of the mean. Where the reference has the inverse polynomial C,
    the frames f of each group are therefore restored first. With the count rate r between the
    first and the last but one of the unsaturated groups, of linear signals L, and frame
    numbers :math:`t_f`

    .. math:: m_f = C(L_0 + r (t_f - \bar t_0)), \quad
              s' = \frac{1}{n} \sum_f \sum_k c_k (m_f - \bar m + s)^k

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x), bias and reference pixels subtracted.
    linearity : Linearity
        Coefficients c, and C where they are known, of the powers of a signal in DN, on the same
        pixels, axes (power, y, x).
    options : LinearityOptions
        None.

    Returns
    -------
    Ramp
        New product; `sci`, `zeroframe` and `pixeldq` differ.

    Raises
    ------
    InvalidReference
        If a polynomial has less than two coefficients.

    Notes
    -----
    Flags used: SATURATED groups keep their value; NO_LIN_CORR pixels of the reference, too.
    Flags set: those of the reference in `pixeldq`, and NO_LIN_CORR for pixels with a coefficient
    that is NaN or a linear one of 0, which keep their value (in the inverse polynomial: whose
    frames are taken to be evenly spaced).
    NaN in the signal stays NaN. Zero frames: likewise, except where a value is exactly 0.
    Polynomials are evaluated in float64: terms of opposite sign cancel to a part in ten of the
    largest, which would cost float32 a digit.
    Errors are not propagated. Assumes that groups follow each other without a gap: where frames
    are dropped, the count rate per frame, and so the spread of the frames, is overestimated.

    Source: JWST User Documentation, calwebb_detector1, linearity correction.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.linearity import linearise, linearise_reads

    frames = ramp.meta.exposure.nframes or 1
    inverse = linearity.inverse if frames > 1 and ramp.sci.shape[1] > 1 else None
    _check_powers(linearity.coeffs, inverse)
    skip = np.uint32(DQ.NO_LIN_CORR)
    coefficients = frozen(linearity.coeffs)
    unusable = frozen((linearity.dq & skip) != 0)
    sci, groupdq = frozen(ramp.sci), frozen(ramp.groupdq)
    if inverse is None:
        linear, left = linearise(sci, groupdq, coefficients, unusable)
    else:
        linear, left = linearise_reads(
            sci, groupdq, coefficients, frozen(inverse), unusable, frames
        )
    zeroframe = ramp.zeroframe
    if zeroframe is not None:
        missing = np.where(zeroframe == 0, np.uint8(DQ.SATURATED), np.uint8(0))
        as_groups = frozen(zeroframe[:, np.newaxis]), frozen(missing[:, np.newaxis])
        zeroframe = linearise(*as_groups, coefficients, unusable)[0][:, 0]
    return replace(
        ramp,
        sci=linear,
        zeroframe=zeroframe,
        pixeldq=ramp.pixeldq | linearity.dq | np.where(left, skip, np.uint32(0)),
    )


def _check_powers(*polynomials: np.ndarray | None) -> None:
    for coefficients in polynomials:
        if coefficients is not None and len(coefficients) < 2:
            raise InvalidReference(
                "linearity", expected="at least 2 coefficients", found=len(coefficients)
            )


STEP = Step(
    "linearity",
    linearise_ramps,
    LinearityOptions,
    references={"linearity": Needs(Linearity)},
    status="linearity",
)
