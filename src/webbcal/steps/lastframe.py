"""Last frame: leave out the group that the reset of the neighbouring rows has disturbed."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options
from webbcal.spec.products.detector1 import Ramp
from webbcal.steps._step import Step

MINIMUM_GROUPS = 3


@dataclass(frozen=True)
class LastframeOptions(Options):
    """Options of `flag_last_group`: none."""


def flag_last_group(ramp: Ramp, options: LastframeOptions) -> Ramp:
    r"""Flag the last group of every integration.

    .. math:: g'_{i,N-1,k} = g_{i,N-1,k} \lor \mathrm{DO\_NOT\_USE}

    for integration i, N groups, pixel k. The rows of the detector are reset in pairs while the
    last frame is read, which pulls on the pixels that are still to be read.

    Parameters
    ----------
    ramp : Ramp
        Axes (integration, group, y, x).
    options : LastframeOptions
        None.

    Returns
    -------
    Ramp
        New product; `groupdq` differs.

    Raises
    ------
    CannotCalibrate
        If there are fewer than 3 groups: without the last one no slope would be left to check.

    Notes
    -----
    Flags used: none. Flags set: DO_NOT_USE in `groupdq`. The signal, NaN or not, is not looked
    at and stays as it is.

    Source: JWST User Documentation, calwebb_detector1, last frame correction.
    """
    groups = ramp.groupdq.shape[1]
    if groups < MINIMUM_GROUPS:
        raise CannotCalibrate(
            "too few groups to do without the last", expected="3 or more", found=groups
        )
    groupdq = ramp.groupdq.copy()
    groupdq[:, -1] |= np.uint8(DQ.DO_NOT_USE)
    return replace(ramp, groupdq=groupdq)


STEP = Step("lastframe", flag_last_group, LastframeOptions, status="lastframe")
