"""Data-quality initialisation: start the flags of an exposure from the detector's bad pixels."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Mask
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class DqInitOptions(Options):
    """Options of `initialise_flags`."""

    user_supplied_dq: None = option(
        None, "Not available: give a mask that holds the additional flags as reference instead."
    )


def initialise_flags(ramp: Ramp, mask: Mask | None, options: DqInitOptions) -> Ramp:
    r"""Flag the bad pixels of the detector.

    .. math:: p'_k = p_k \lor m_k, \quad
              g'_{ijk} = g_{ijk} \lor (m_k \land \mathrm{DO\_NOT\_USE})

    for integration i, group j, pixel k, with the pixel flags p, the group flags g, the mask m.

    Parameters
    ----------
    ramp : Ramp
        Raw signal and its flags.
    mask : Mask or None
        Flags on the same pixels, axes (y, x).
    options : DqInitOptions
        None that change anything.

    Returns
    -------
    Ramp
        New product; `pixeldq` and `groupdq` differ.

    Raises
    ------
    CannotCalibrate
        If there is no mask.

    Notes
    -----
    Flags used: none. Flags set: those of the mask in `pixeldq`, DO_NOT_USE of the mask in
    `groupdq`. The signal, NaN or not, is not looked at.

    Source: JWST User Documentation, calwebb_detector1, data quality initialisation.
    """
    if mask is None:
        raise CannotCalibrate("no mask of bad pixels applies to this exposure")
    unusable = (mask.dq & np.uint32(DQ.DO_NOT_USE)).astype(np.uint8)
    groupdq = ramp.groupdq | unusable if unusable.any() else ramp.groupdq
    return replace(ramp, pixeldq=ramp.pixeldq | mask.dq, groupdq=groupdq)


STEP = Step(
    "dq_init",
    initialise_flags,
    DqInitOptions,
    references={"mask": Needs(Mask, required=False)},
    status="dq_init",
)
