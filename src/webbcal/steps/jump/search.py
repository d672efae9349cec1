"""The search in the ramps of single pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.kernels.arrays import frozen
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps._exposure import positive
from webbcal.steps.jump.options import JumpOptions

FEWEST_GROUPS = 3
FEWEST_DIFFERENCES_FOR_SHOWERS = 10
PER_THOUSAND_PIXELS = 1000.0

SAMPLE_COLUMNS = 64
SAMPLE_ROWS = (0.25, 0.5, 0.75)  # of the height of the frame


@dataclass(frozen=True)
class Dropped:
    """Which groups an earlier step has made unusable in the whole frame.

    `groups` : bool, axes (integration, group).
    """

    groups: np.ndarray


def sample_windows(meta: Meta, shape: tuple[int, int], options: JumpOptions) -> Sequence[Window]:
    """Return a few short rows of the frame that tell which groups are dropped everywhere."""
    rows, columns = shape
    width = min(SAMPLE_COLUMNS, columns)
    x0 = (columns - width) // 2
    heights = sorted({int(part * rows) for part in SAMPLE_ROWS})
    return [Window(y, y + 1, x0, x0 + width, shape) for y in heights]


def find_dropped(
    parts: Sequence[Ramp], gain: Gain, readnoise: ReadNoise, options: JumpOptions
) -> Dropped:
    """Return the groups that are DO_NOT_USE in all the pixels looked at.

    Some pixels tell of all: a group is dropped for every pixel (the first and last ones of a
    MIRI integration, say) or for those which saturate, and not two hundred at once on
    three rows far apart.
    """
    return Dropped(
        np.logical_and.reduce([(p.groupdq & DQ.DO_NOT_USE != 0).all(axis=(2, 3)) for p in parts])
    )


def find_jumps(
    ramp: Ramp,
    gain: Gain,
    readnoise: ReadNoise,
    options: JumpOptions,
    measured: Dropped | None = None,
) -> Ramp:
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
    measured : Dropped or None
        The groups that an earlier step has dropped for all pixels; none by default. They do
        not count where the method depends on the number of groups.

    Returns
    -------
    Ramp
        New product; `groupdq`, `pixeldq` and `cosmic_rays` differ. If showers are to be found,
        it also has the typical differences of the groups, which are found here.

    Raises
    ------
    CannotCalibrate
        An integration has fewer than three groups; or fewer than `minimum_groups` that are not
        dropped, where it is not compared with others.
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
    positive; of a negative one the size counts in G, and where it is 0, NaN or infinite nothing
    is found. JUMP_DET is removed from groups that are unusable anyway.
    NaN signal takes part in no difference.
    Assumes that the median difference tells the photon noise, and that read noise is
    uncorrelated between groups.

    With `expand_large_events` or `find_showers`, whole frames are searched afterwards
    (`webbcal.steps.jump.extended`). That sets JUMP_DET wherever such an event reaches and, for
    the times in the options, in the groups and integrations after it; and SATURATED in and
    around the core of a snowball to the end of the integration.

    Source: JWST User Documentation, calwebb_detector1, jump detection; R. E. Anderson
    and K. D. Gordon 2011, PASP 123, 1237; M. Regan 2023, JWST-STScI-008545. Departures: decision
    records 0011, 0050 and 0051.
    """
    # Numba costs half a second to import; only a run that gets here pays for it.
    from webbcal.kernels.jump import CLIP_INTEGRATIONS, Pixels
    from webbcal.kernels.jump import find_jumps as find

    nints, ngroups, rows, columns = ramp.sci.shape
    search = _search(ramp, options, _dropped_groups(measured))
    sci = frozen(ramp.sci).reshape(nints, ngroups, -1)
    groupdq, count = find(
        Pixels(
            sci,
            frozen(ramp.groupdq).reshape(nints, ngroups, -1),
            frozen(gain.sci).reshape(-1),
            frozen(readnoise.sci).reshape(-1),
        ),
        columns,
        search,
        _spread(ramp.meta, options),
    )
    no_gain = ~((gain.sci > 0) & np.isfinite(gain.sci))
    flags = np.uint32(DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE)
    result = replace(
        ramp,
        groupdq=groupdq.reshape(ramp.groupdq.shape),
        pixeldq=np.where(no_gain, ramp.pixeldq | flags, ramp.pixeldq),
        cosmic_rays=count.reshape(rows, columns),
        jump_differences=np.full((rows, columns), _differences(ramp, measured), np.uint32),
    )
    if not options.find_showers:
        return result
    return _with_typical(result, together=search.method != CLIP_INTEGRATIONS)


def _dropped_groups(measured: Dropped | None) -> int:
    """Return how many groups are dropped in the integration with the fewest left."""
    return 0 if measured is None else int(measured.groups.sum(axis=1).max())


def _differences(ramp: Ramp, measured: Dropped | None) -> int:
    """Return how many differences between groups that are not dropped an exposure has."""
    nints, ngroups = ramp.sci.shape[:2]
    dropped = 0 if measured is None else int(measured.groups.sum())
    count: int = nints * (ngroups - 1) - dropped
    return max(count, 0)


def _search(ramp: Ramp, options: JumpOptions, dropped: int) -> Any:
    """Choose the method: it depends on the size of the exposure, not on flags of pixels."""
    from webbcal.kernels import jump

    nints, ngroups = ramp.sci.shape[:2]
    usable = ngroups - dropped
    if ngroups < FEWEST_GROUPS:
        raise CannotCalibrate(f"jumps need {FEWEST_GROUPS} groups per integration, not {ngroups}")
    compared = nints if options.only_use_ints else nints * usable
    if compared >= options.minimum_sigclip_groups:
        method = jump.CLIP_INTEGRATIONS if options.only_use_ints else jump.CLIP_ALL
    elif usable < options.minimum_groups:
        needed = options.minimum_groups
        raise CannotCalibrate(f"jumps need {needed} usable groups per integration, not {usable}")
    elif usable - 1 >= options.min_diffs_single_pass:
        method = jump.SINGLE_PASS
    else:
        method = jump.ITERATIVE
    return jump.Search(
        method,
        options.three_group_rejection_threshold,
        options.four_group_rejection_threshold,
        options.rejection_threshold,
        positive(ramp.meta, "nframes"),
    )


def _with_typical(ramp: Ramp, *, together: bool) -> Ramp:
    """Add the typical differences of the groups, unless there are too few to tell."""
    from webbcal.kernels.differences import typical_differences

    nints, ngroups, *shape = ramp.sci.shape
    if nints * (ngroups - 1) < FEWEST_DIFFERENCES_FOR_SHOWERS:
        return ramp
    centre, scatter = typical_differences(
        frozen(ramp.sci).reshape(nints, ngroups, -1),
        frozen(ramp.groupdq).reshape(nints, ngroups, -1),
        together,
    )
    return replace(
        ramp,
        typical_difference=centre.reshape(-1, *shape),
        difference_scatter=scatter.reshape(-1, *shape),
    )


def _spread(meta: Meta, options: JumpOptions) -> Any:
    """Turn times after a jump into whole groups."""
    from webbcal.kernels.jump import Spread

    times = (options.after_jump_flag_time1, options.after_jump_flag_time2)
    spacing = positive(meta, "group_time") if any(times) else 1.0
    return Spread(
        options.flag_4_neighbors,
        options.min_jump_to_flag_neighbors,
        options.max_jump_to_flag_neighbors,
        options.after_jump_flag_dn1,
        int(times[0] // spacing),
        options.after_jump_flag_dn2,
        int(times[1] // spacing),
    )


def conclude(sums: Mapping[str, int], meta: Meta) -> Mapping[str, Any]:
    """Return the jumps per second and thousand pixels: of the time between usable groups."""
    seconds = sums["jump_differences"] * positive(meta, "group_time")  # of all pixels together
    rate = PER_THOUSAND_PIXELS * sums["cosmic_rays"] / seconds if seconds else 0.0
    return {"exposure.primary_cosmic_rays": rate}
