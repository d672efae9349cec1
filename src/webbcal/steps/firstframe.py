"""First frame: leave out the group that still shows the reset."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.spec.products.detector1 import Ramp
from webbcal.steps._step import Step

MINIMUM_GROUPS = 4


@dataclass(frozen=True)
class FirstframeOptions(Options):
    """Options of `flag_first_group`."""

    bright_use_group1: bool = option(
        True, "Keep the first group of pixels that would have one group left without it."
    )


def flag_first_group(ramp: Ramp, options: FirstframeOptions) -> Ramp:
    r"""Flag the first group of every integration.

    .. math:: g'_{i0k} = g_{i0k} \lor \mathrm{DO\_NOT\_USE}

    for integration i and pixel k, except for pixels that saturate in the third group, if the
    options keep those.

    Parameters
    ----------
    ramp : Ramp
        Axes (integration, group, y, x), saturation flagged.
    options : FirstframeOptions
        Whether bright pixels keep their first group.

    Returns
    -------
    Ramp
        New product; `groupdq` and `pixeldq` differ.

    Raises
    ------
    CannotCalibrate
        If there are fewer than 4 groups.

    Notes
    -----
    Flags used: SATURATED in `groupdq`. Flags set: DO_NOT_USE in `groupdq`; FLUX_ESTIMATED in
    `pixeldq` of pixels that keep their first group. The signal, NaN or not, is not looked at and
    stays as it is.
    For MIRI, `rscd` leaves out the first groups as well, by integration; this step is the older
    way and off by default.

    Source: JWST User Documentation, calwebb_detector1, first frame correction.
    """
    groups = ramp.groupdq.shape[1]
    if groups < MINIMUM_GROUPS:
        raise CannotCalibrate(
            "too few groups to do without the first", expected="4 or more", found=groups
        )
    groupdq, pixeldq = ramp.groupdq.copy(), ramp.pixeldq
    flag = np.uint8(DQ.DO_NOT_USE)
    if not options.bright_use_group1:
        groupdq[:, 0] |= flag
        return replace(ramp, groupdq=groupdq)
    bright = (groupdq[:, 2] & np.uint8(DQ.SATURATED)) != 0
    groupdq[:, 0] |= np.where(bright, np.uint8(0), flag)
    estimated = np.where(bright.any(axis=0), np.uint32(DQ.FLUX_ESTIMATED), np.uint32(0))
    return replace(ramp, groupdq=groupdq, pixeldq=pixeldq | estimated)


STEP = Step("firstframe", flag_first_group, FirstframeOptions, status="firstframe", optional=True)
