"""Reset-switch charge decay: leave out the first groups, whose slope is not that of the light."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.core.options import Options
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Rscd
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Needs, Step

MINIMUM_GROUPS = 3
SHORT = 5
"""Exposures of no more groups leave out one."""

_SAME_AS = {"SUBPRISM": "SLITLESSPRISM"}
"""Subarrays that the tables have under another name."""


@dataclass(frozen=True)
class RscdOptions(Options):
    """Options of `flag_first_groups`: none."""


def flag_first_groups(ramp: Ramp, rscd: Rscd, options: RscdOptions) -> Ramp:
    r"""Flag the groups at the start of each integration that the decay of charge spoils.

    With n groups to leave out, a number of its own for the first integration of an exposure,

    .. math:: g'_{ijk} = g_{ijk} \lor \mathrm{DO\_NOT\_USE} \quad \text{for} \quad j < n_{ik}

    for integration i, group j, pixel k. Where a pixel would be left with fewer than two groups
    before it saturates, :math:`n_{ik}` is lowered until two remain, or to 0.

    Parameters
    ----------
    ramp : Ramp
        Axes (integration, group, y, x), saturation flagged.
    rscd : Rscd
        Groups to leave out by subarray and read pattern.
    options : RscdOptions
        None.

    Returns
    -------
    Ramp
        New product; `groupdq`, `pixeldq`, ``meta.rscd`` and the arrays that are counted for it
        differ.

    Raises
    ------
    CannotCalibrate
        If the reference does not know the subarray and read pattern, or there are fewer than 3
        groups.
    InvalidReference
        If the reference asks for a negative number of groups.

    Notes
    -----
    Flags used: SATURATED in `groupdq`. Flags set: DO_NOT_USE in `groupdq`; FLUX_ESTIMATED in
    `pixeldq` where :math:`n_{ik}` was lowered. Pixels saturated from the start stay with n. The
    signal, NaN or not, is not looked at and stays as it is.
    Exposures of at most 5 groups leave out one; at least 3 groups always remain.

    Source: JWST User Documentation, calwebb_detector1, reset switch charge decay; Morrison et
    al. 2023, PASP 135, 075004.
    """
    integrations, groups = ramp.groupdq.shape[:2]
    first, later = groups_to_skip(rscd, ramp.meta, groups)
    start = first_integration(ramp.meta)
    groupdq, saturated = ramp.groupdq.copy(), ramp.groupdq & np.uint8(DQ.SATURATED)
    plane = ramp.pixeldq.shape
    kept = {name: np.zeros(plane, bool) for name in ("int1", "int2p")}
    lowered = {name: np.zeros(plane, bool) for name in kept}
    for i in range(integrations):
        skip, name = (first, "int1") if start + i == 0 else (later, "int2p")
        skips = _lowered(saturated[i], skip)
        kept[name] |= skips == 0
        lowered[name] |= skips < skip
        for j in range(skip):
            groupdq[i, j] |= np.where(skips > j, np.uint8(DQ.DO_NOT_USE), np.uint8(0))
    estimated = lowered["int1"] | lowered["int2p"]
    flags = np.where(estimated, np.uint32(DQ.FLUX_ESTIMATED), np.uint32(0))
    skipped = {"rscd.ngroups_skip_int1": first} if start == 0 else {}
    if start + integrations > 1:
        skipped["rscd.ngroups_skip_int2p"] = later
    return replace(
        ramp,
        groupdq=groupdq,
        pixeldq=ramp.pixeldq | flags,
        meta=ramp.meta.replace(skipped),
        no_skip_int1=kept["int1"].astype(np.uint8),
        no_skip_int2p=kept["int2p"].astype(np.uint8),
        lowered_skip_int1=lowered["int1"].astype(np.uint8),
        lowered_skip_int2p=lowered["int2p"].astype(np.uint8),
    )


def groups_to_skip(rscd: Rscd, meta: Meta, groups: int) -> tuple[int, int]:
    """Return how many groups the first and the later integrations leave out.

    Raises
    ------
    CannotCalibrate, InvalidReference
        See `flag_first_groups`.
    """
    name, pattern = str(meta.subarray.name).strip(), str(meta.exposure.readpatt).strip()
    row = _row(rscd.group_skip, _SAME_AS.get(name, name), pattern)
    if row is None:
        raise CannotCalibrate(f"the rscd reference has no entry for {name} read by {pattern}")
    if groups < MINIMUM_GROUPS:
        raise CannotCalibrate(
            "too few groups to do without the first", expected="3 or more", found=groups
        )
    later = int(row["group_skip"])
    first = int(row["group_skip1"]) if "group_skip1" in (row.dtype.names or ()) else -1
    if later < 0:
        raise InvalidReference("rscd: group_skip", expected="0 or more groups", found=later)
    if first < 0:  # files older than that column
        first = 1
    if groups <= SHORT:
        first = later = 1
    most = max(groups - MINIMUM_GROUPS, 0)
    return min(first, most), min(later, most)


def _row(table: np.ndarray, subarray: str, pattern: str) -> Any:
    for row in table:
        names = (bytes(row[name]).decode("ascii", "replace") for name in ("subarray", "readpatt"))
        if tuple(name.strip().upper() for name in names) == (subarray, pattern):
            return row
    return None


def _lowered(saturated: np.ndarray, skip: int) -> np.ndarray:
    """Return the groups that each pixel leaves out, (y, x); `saturated` is (group, y, x)."""
    skips = np.full(saturated.shape[1:], skip, np.int16)
    bright = saturated[0] == 0
    for lower in range(skip - 1, -1, -1):
        bright &= saturated[lower + 2] != 0
        if not bright.any():
            break
        skips[bright] = lower
    return skips


def _conclude(sums: Mapping[str, int], meta: Meta) -> dict[str, int]:
    """Return the keywords that count pixels, for the integrations the exposure has."""
    start, count = first_integration(meta), meta.exposure.nints
    present = (["int1"] if start == 0 else []) + (
        ["int2p"] if not isinstance(count, int) or start + count > 1 else []
    )
    values = {}
    for name in present:
        values[f"rscd.keep_bright_firstgroup_{name}"] = sums.get(f"no_skip_{name}", 0)
        values[f"rscd.keep_groups_saturation_{name}"] = sums.get(f"lowered_skip_{name}", 0)
    return values


STEP = Step(
    "rscd",
    flag_first_groups,
    RscdOptions,
    references={"rscd": Needs(Rscd)},
    status="rscd",
    counts=("no_skip_int1", "lowered_skip_int1", "no_skip_int2p", "lowered_skip_int2p"),
    conclude=_conclude,
)
