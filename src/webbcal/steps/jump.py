"""Jump: find the groups in which a cosmic ray hit a pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidProduct
from webbcal.core.options import Options, option
from webbcal.kernels.arrays import frozen
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise, Reference
from webbcal.steps._step import Needs, Scope, Step

FEWEST_GROUPS = 3
PER_THOUSAND_PIXELS = 1000.0


@dataclass(frozen=True)
class JumpOptions(Options):
    """Options of `find_jumps`."""

    rejection_threshold: float = option(
        4.0, "Threshold where there are four usable differences or more.", unit="sigma", low=0.0
    )
    three_group_rejection_threshold: float = option(
        6.0, "Threshold where there are two usable differences.", unit="sigma", low=0.0
    )
    four_group_rejection_threshold: float = option(
        5.0, "Threshold where there are three usable differences.", unit="sigma", low=0.0
    )
    flag_4_neighbors: bool = option(True, "Flag the four neighbours of strong jumps.")
    max_jump_to_flag_neighbors: float = option(
        1000.0, "Jumps above this do not flag their neighbours.", unit="sigma"
    )
    min_jump_to_flag_neighbors: float = option(
        10.0, "Jumps below this do not flag their neighbours.", unit="sigma"
    )
    after_jump_flag_dn1: float = option(
        0.0, "Jumps of this size make the groups after them unusable.", unit="DN"
    )
    after_jump_flag_time1: float = option(0.0, "For this time.", unit="s", low=0.0)
    after_jump_flag_dn2: float = option(
        0.0, "Jumps of this size make more groups after them unusable.", unit="DN"
    )
    after_jump_flag_time2: float = option(0.0, "For this time.", unit="s", low=0.0)
    min_diffs_single_pass: int = option(
        10, "With this many differences in an integration, search once, not iteratively.", low=1
    )
    minimum_groups: int = option(3, "Fewest groups in an integration to search.", low=3)
    minimum_sigclip_groups: int = option(
        100, "With this many integrations, compare these instead of the groups.", low=2
    )
    only_use_ints: bool = option(
        True, "Compare the same group of all integrations; else all groups of all of them."
    )


def find_jumps(ramp: Ramp, gain: Gain, readnoise: ReadNoise, options: JumpOptions) -> Ramp:
    r"""Flag the groups in which the signal jumps.

    The difference d between a group and the one before it is compared with the median m of all
    differences of its pixel, in all integrations. With gain G, read noise R of a pair of frames
    and f frames per group, the group is hit where

    .. math:: |d - m| > t \sigma, \quad \sigma^2 = |m| / G + R^2 / f \quad (DN^2) .

    Integrations with at least `min_diffs_single_pass` differences are searched once. With fewer,
    the difference that deviates most is removed and m recomputed, as long as one deviates; here
    abs(d) takes the place of d, m leaves out the largest of four or more and is the smaller of two,
    and t depends on how many differences are left.

    With `minimum_sigclip_groups` integrations or more, each difference is instead compared with
    the same one of all integrations: their median and standard deviation, five times clipped at
    `rejection_threshold`.

    Parameters
    ----------
    ramp : Ramp
        Linear signal, DN, axes (integration, group, y, x).
    gain : Gain
        Electrons per DN, axes (y, x).
    readnoise : ReadNoise
        Noise of the difference of two frames, DN, axes (y, x).
    options : JumpOptions
        See the class.

    Returns
    -------
    Ramp
        New product; `groupdq`, `pixeldq` and `cosmic_rays` differ.

    Raises
    ------
    CannotCalibrate
        An integration has fewer than three groups, or fewer than `minimum_groups`.
    InvalidProduct
        The exposure lacks its number of frames, or its group time where that is needed.

    Notes
    -----
    Flags used: groups that are DO_NOT_USE or SATURATED take part in no difference and are not
    flagged. Flags set: JUMP_DET in `groupdq`: in groups with a jump; in the same group of the
    four neighbours, for jumps between `min_jump_to_flag_neighbors` and
    `max_jump_to_flag_neighbors` (here m is the plain median); in the groups within
    `after_jump_flag_time1` (2) after jumps, or flagged neighbours, that exceed m by
    `after_jump_flag_dn1` (2). NO_GAIN_VALUE and DO_NOT_USE in `pixeldq` where the gain is not
    positive; nothing is found there. JUMP_DET is removed from groups that are unusable anyway.
    NaN signal takes part in no difference.
    Assumes that the median difference tells the photon noise, and that read noise is
    uncorrelated between groups.

    Source: JWST User Documentation, calwebb_detector1, jump detection; R. E. Anderson
    and K. D. Gordon 2011, PASP 123, 1237. Departures: ``docs/decisions/0011-jump-detection.md``.
    """
    # Numba costs half a second to import; only a run that gets here pays for it.
    from webbcal.kernels.jump import Pixels
    from webbcal.kernels.jump import find_jumps as find

    nints, ngroups, rows, columns = ramp.sci.shape
    if ngroups < max(FEWEST_GROUPS, options.minimum_groups):
        needed = max(FEWEST_GROUPS, options.minimum_groups)
        raise CannotCalibrate(f"jumps need {needed} groups per integration, not {ngroups}")
    groupdq, count = find(
        Pixels(
            frozen(ramp.sci).reshape(nints, ngroups, -1),
            frozen(ramp.groupdq).reshape(nints, ngroups, -1),
            frozen(gain.sci).reshape(-1),
            frozen(readnoise.sci).reshape(-1),
        ),
        columns,
        _search(ramp, options),
        _spread(ramp.meta, options),
    )
    no_gain = ~((gain.sci > 0) & np.isfinite(gain.sci))
    flags = np.uint32(DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE)
    return replace(
        ramp,
        groupdq=groupdq.reshape(ramp.groupdq.shape),
        pixeldq=np.where(no_gain, ramp.pixeldq | flags, ramp.pixeldq),
        cosmic_rays=count.reshape(rows, columns),
    )


def _number(meta: Meta, name: str) -> float:
    """Return a positive number of the exposure."""
    value = meta.exposure.lookup(name)
    if not isinstance(value, int | float) or not value > 0:
        raise InvalidProduct(f"meta.exposure.{name}", expected="a positive number", found=value)
    return float(value)


def _search(ramp: Ramp, options: JumpOptions) -> Any:
    """Choose the method: it depends on the size of the exposure, not on flags."""
    from webbcal.kernels import jump

    nints, ngroups = ramp.sci.shape[:2]
    compared = nints if options.only_use_ints else nints * ngroups
    if compared >= options.minimum_sigclip_groups:
        method = jump.CLIP_INTEGRATIONS if options.only_use_ints else jump.CLIP_ALL
    elif ngroups - 1 >= options.min_diffs_single_pass:
        method = jump.SINGLE_PASS
    else:
        method = jump.ITERATIVE
    return jump.Search(
        method,
        options.three_group_rejection_threshold,
        options.four_group_rejection_threshold,
        options.rejection_threshold,
        _number(ramp.meta, "nframes"),
    )


def _spread(meta: Meta, options: JumpOptions) -> Any:
    """Turn times after a jump into whole groups."""
    from webbcal.kernels.jump import Spread

    times = (options.after_jump_flag_time1, options.after_jump_flag_time2)
    spacing = _number(meta, "group_time") if any(times) else 1.0
    return Spread(
        options.flag_4_neighbors,
        options.min_jump_to_flag_neighbors,
        options.max_jump_to_flag_neighbors,
        options.after_jump_flag_dn1,
        int(times[0] // spacing),
        options.after_jump_flag_dn2,
        int(times[1] // spacing),
    )


def _reach(options: JumpOptions, references: Sequence[Reference | None]) -> int:
    return 1 if options.flag_4_neighbors else 0


def _conclude(sums: Mapping[str, int], meta: Meta) -> Mapping[str, Any]:
    """Return the jumps per second and thousand pixels: of the time between the groups."""
    exposure, subarray = meta.exposure, meta.subarray
    last = exposure.lookup("integration_end", exposure.nints)
    integrations = last - exposure.lookup("integration_start", 1) + 1
    seconds = integrations * (exposure.ngroups - 1) * _number(meta, "group_time")
    pixels = subarray.xsize * subarray.ysize
    rate = PER_THOUSAND_PIXELS * sums["cosmic_rays"] / (seconds * pixels)
    return {"exposure.primary_cosmic_rays": rate}


STEP = Step(
    "jump",
    find_jumps,
    JumpOptions,
    references={"gain": Needs(Gain), "readnoise": Needs(ReadNoise)},
    status="jump",
    scope=Scope.NEIGHBOURS,
    reach=_reach,
    counts=("cosmic_rays",),
    conclude=_conclude,
)
