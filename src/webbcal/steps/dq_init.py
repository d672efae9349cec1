"""Data-quality initialisation: start the flags of an exposure from the detector's bad pixels."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.products.guiding import GuiderRaw
from webbcal.spec.references import Mask, UserMask
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class DqInitOptions(Options):
    """Options of `initialise_flags`."""

    user_supplied_dq: str | None = option(
        None, "FITS image with additional flags, on the pixels of the exposure."
    )


def initialise_flags(
    ramp: Ramp | GuiderRaw, mask: Mask | None, user_mask: UserMask | None, options: DqInitOptions
) -> Ramp | GuiderRaw:
    r"""Flag the bad pixels of the detector.

    .. math:: p'_k = p_k \lor m_k \lor u_k, \quad
              g'_{ijk} = g_{ijk} \lor ((m_k \lor u_k) \land \mathrm{DO\_NOT\_USE})

    for integration i, group j, pixel k, with the pixel flags p, the group flags g, the mask m and
    the flags u of the user.

    Parameters
    ----------
    ramp : Ramp or GuiderRaw
        Raw signal and its flags.
    mask : Mask or None
        Flags on the same pixels, axes (y, x).
    user_mask : UserMask or None
        Flags that the user adds, axes (y, x).
    options : DqInitOptions
        Where those come from.

    Returns
    -------
    Ramp or GuiderRaw
        New product; `pixeldq` and `groupdq` differ, of a guider `dq`.

    Raises
    ------
    CannotCalibrate
        If there is no mask and none of the user.

    Notes
    -----
    Flags used: none. Flags set: those of both masks in `pixeldq`, their DO_NOT_USE in `groupdq`.
    The signal, NaN or not, is not looked at.

    Source: JWST User Documentation, calwebb_detector1, data quality initialisation.
    """
    masks = [given.dq for given in (mask, user_mask) if given is not None]
    if not masks:
        raise CannotCalibrate("no mask of bad pixels applies to this exposure")
    bad = np.bitwise_or.reduce(masks)
    if isinstance(ramp, GuiderRaw):
        return replace(ramp, dq=bad if ramp.dq is None else ramp.dq | bad)
    unusable = (bad & np.uint32(DQ.DO_NOT_USE)).astype(np.uint8)
    groupdq = ramp.groupdq | unusable if unusable.any() else ramp.groupdq
    return replace(ramp, pixeldq=ramp.pixeldq | bad, groupdq=groupdq)


STEP = Step(
    "dq_init",
    initialise_flags,
    DqInitOptions,
    references={
        "mask": Needs(Mask, required=False),
        "user_mask": Needs(UserMask, required=False, option="user_supplied_dq"),
    },
    status="dq_init",
)
