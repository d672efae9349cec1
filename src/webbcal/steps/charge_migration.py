"""Charge migration: leave out the groups in which a bright pixel loses charge to its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Reference
from webbcal.steps._step import Scope, Step

FEWEST_GROUPS = 3
REACH = 1  # pixels; charge goes to the four neighbours that share an edge


@dataclass(frozen=True)
class ChargeMigrationOptions(Options):
    """Options of `flag_charge_migration`."""

    signal_threshold: float = option(
        25000.0, "Signal above which a pixel loses charge to its neighbours.", unit="DN", low=0.0
    )


def flag_charge_migration(ramp: Ramp, options: ChargeMigrationOptions) -> Ramp:
    r"""Flag the groups in which charge has moved from a bright pixel to its neighbours.

    A pixel that fills up repels further electrons into its neighbours: bright stars look too
    wide and too faint in the centre. From the first group k with

    .. math:: s_k > T

    on, all groups of that pixel and of the four neighbours that share an edge with it are left
    out of the fit.

    Parameters
    ----------
    ramp : Ramp
        Linearised signal, DN, axes (integration, group, y, x).
    options : ChargeMigrationOptions
        The threshold T.

    Returns
    -------
    Ramp
        New product; `groupdq` differs.

    Raises
    ------
    CannotCalibrate
        With fewer than three groups, too few would be left.

    Notes
    -----
    Flags used: a group that is DO_NOT_USE and nothing else, in `groupdq`, does not exceed the
    threshold. Flags set: CHARGELOSS and DO_NOT_USE, in `groupdq`.
    A signal that is NaN does not exceed the threshold.
    A pixel that exceeds it in its first group has no rate afterwards, and its neighbours neither.
    The ramp fit does not count the lost groups in the variance by read noise, so that weights
    made of it do not depend on how bright a pixel is.
    Assumes that the charge that moves before the threshold is reached can be neglected.

    Source: JWST User Documentation, calwebb_detector1, charge migration; D. Argyriou et al. 2023,
    A&A 680, A96 (brighter-fatter effect in ramps).
    """
    nints, ngroups = ramp.sci.shape[:2]
    if ngroups < FEWEST_GROUPS:
        raise CannotCalibrate(
            "too few groups to leave any out", expected=f">= {FEWEST_GROUPS}", found=ngroups
        )
    groupdq = ramp.groupdq.copy()
    unusable, flags = np.uint8(DQ.DO_NOT_USE), np.uint8(DQ.DO_NOT_USE | DQ.CHARGELOSS)
    for i in range(nints):
        first = np.full(ramp.sci.shape[2:], ngroups, np.int32)
        for k in reversed(range(ngroups)):
            above = ramp.sci[i, k] > options.signal_threshold
            if above.any():
                first[above & (ramp.groupdq[i, k] != unusable)] = k
        near = _least_around(first)
        for k in range(int(near.min(initial=ngroups)), ngroups):
            groupdq[i, k] |= np.where(near <= k, flags, np.uint8(0))
    return replace(ramp, groupdq=groupdq)


def _least_around(plane: np.ndarray) -> np.ndarray:
    """Return the least of each pixel and its four neighbours, axes (y, x)."""
    least = plane.copy()
    for target, source in (
        (least[1:], plane[:-1]),
        (least[:-1], plane[1:]),
        (least[:, 1:], plane[:, :-1]),
        (least[:, :-1], plane[:, 1:]),
    ):
        np.minimum(target, source, out=target)
    return least


def _reach(options: ChargeMigrationOptions, references: Sequence[Reference | None]) -> int:
    return REACH


STEP = Step(
    "charge_migration",
    flag_charge_migration,
    ChargeMigrationOptions,
    status="charge_migration",
    scope=Scope.NEIGHBOURS,
    reach=_reach,
    optional=True,
)
