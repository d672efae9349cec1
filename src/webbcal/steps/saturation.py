"""Saturation: flag groups in which a pixel is full, or the converter at its floor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidProduct
from webbcal.core.options import Options, option
from webbcal.geometry.irs2 import (
    FRAME_ROWS,
    is_interleaved,
    stored_reach,
    without_interleaved,
)
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Reference, Saturation, Superbias
from webbcal.spec.window import Window
from webbcal.steps._step import Needs, Scope, Step


@dataclass(frozen=True)
class SaturationOptions(Options):
    """Options of `flag_saturation`."""

    n_pix_grow_sat: int = option(
        1, "Flag neighbours this far as saturated, too: charge spills over.", unit="pixel", low=0
    )
    use_readpatt: bool = option(
        True, "Look for saturation that a group hides by averaging its frames."
    )
    irs2_partial: bool = option(
        True,
        "Look for it in every group of interleaved readout, too, not in the second only: IRS2.",
    )


def flag_saturation(
    ramp: Ramp,
    saturation: Saturation,
    superbias: Superbias | None,
    options: SaturationOptions,
) -> Ramp:
    r"""Flag saturated groups and those at the floor of the converter.

    With signal s, threshold T and bias b of a pixel, in DN, group g of n frames, whose mean
    frame is number :math:`m_g = g n + (n + 1) / 2` and whose last is :math:`l_g = (g + 1) n`:

    * :math:`s_g \ge T` makes group g and all later ones SATURATED, also in the neighbours;
    * :math:`s_g \le 0` makes it AD_FLOOR and DO_NOT_USE;
    * if g + 1 is the first SATURATED one and :math:`s_g \ge T m_g / l_g`, the pixel may have
      filled up among the frames of g: DO_NOT_USE, also in the neighbours;
    * if the third group is the first SATURATED one though the first group promised
      :math:`(s_0 - b)\, l_2 / m_0 + b < T`, a jump has filled the pixel; where
      :math:`s_1 - s_0 > (T - s_0) / n`, it began within the second group: DO_NOT_USE.

    Parameters
    ----------
    ramp : Ramp
        Raw signal, DN, axes (integration, group, y, x).
    saturation : Saturation
        Threshold on the same pixels, DN, axes (y, x).
    superbias : Superbias or None
        Bias on the same pixels, DN, axes (y, x); zero where none applies.
    options : SaturationOptions
        How far flags grow; whether the frames within groups are considered.

    Returns
    -------
    Ramp
        New product; `groupdq`, `pixeldq` and `zeroframe` differ.

    Raises
    ------
    InvalidProduct
        If the number of frames per group is not recorded.

    Notes
    -----
    Flags used: NO_SAT_CHECK of the reference (never saturated), SATURATED and DO_NOT_USE of
    `groupdq`. Flags set: SATURATED, AD_FLOOR and DO_NOT_USE in `groupdq`; in `pixeldq` those of
    the reference, and NO_SAT_CHECK where the threshold is NaN.
    A signal that is NaN is not flagged; a pixel whose bias is NaN is not searched for such jumps.
    With interleaved reference pixels (IRS2), which are left alone, neighbours are those on the
    detector; the third rule is applied with `irs2_partial`, the fourth to pixels that are full
    themselves, and makes the second group SATURATED, also in the neighbours.
    Zero frames: 0, which marks a value that cannot be used, at or below the floor and where the
    pixel or a neighbour is saturated.
    Assumes that ramps are straight between frames and groups follow each other without a gap;
    where frames are dropped, the dilution of a group is underestimated.

    Source: JWST User Documentation, calwebb_detector1, saturation detection.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.saturation import UNCHECKED

    unknown = np.isnan(saturation.sci)
    skip = np.uint32(DQ.NO_SAT_CHECK)
    dq = saturation.dq | np.where(unknown, skip, np.uint32(0))
    threshold = np.where(dq & skip, UNCHECKED, saturation.sci)
    bias = np.zeros_like(threshold) if superbias is None else superbias.sci
    frames = _frames(ramp, options)
    first_frame = np.arange(ramp.sci.shape[1]) * frames
    limits = (
        frozen(threshold, np.float32),
        frozen(bias, np.float32),
        frozen((first_frame + 0.5 * (frames + 1)) / (first_frame + frames)),
    )
    zeroframe = ramp.zeroframe
    rows = _light_sensitive_rows(ramp)
    pixeldq = ramp.pixeldq.copy()
    pixeldq[rows] |= dq[rows]
    if zeroframe is not None:
        full = zeroframe >= threshold
        full[:, rows] = _grown(full[:, rows], options.n_pix_grow_sat)
        zeroframe = np.where(full | (zeroframe <= 0), np.float32(0), zeroframe)
    return replace(
        ramp,
        groupdq=_flagged(ramp, limits, rows, (frames, options)),
        pixeldq=pixeldq,
        zeroframe=zeroframe,
    )


def _light_sensitive_rows(ramp: Ramp) -> slice | np.ndarray:
    """Return the rows that lie on the detector: all but interleaved reference pixels."""
    if not is_interleaved(ramp.meta):
        return slice(None)
    window = Window.whole(ramp.pixeldq.shape) if ramp.window is None else ramp.window
    return without_interleaved(ramp.meta, window)[0]


def _flagged(
    ramp: Ramp,
    limits: tuple[np.ndarray, np.ndarray, np.ndarray],
    rows: slice | np.ndarray,
    how: tuple[int, SaturationOptions],
) -> np.ndarray:
    """Return the group flags with saturation and floor added on some rows."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.saturation import flag_saturation as flag

    frames, options = how
    reach = options.n_pix_grow_sat
    if isinstance(rows, slice):
        pattern = frames, reach, False, True
        return np.asarray(flag(frozen(ramp.sci), frozen(ramp.groupdq), limits, pattern))
    threshold, bias, dilution = limits
    result = ramp.groupdq.copy()
    if rows.size:
        result[..., rows, :] = flag(
            frozen(ramp.sci[..., rows, :]),
            frozen(ramp.groupdq[..., rows, :]),
            (frozen(threshold[rows]), frozen(bias[rows]), dilution),
            (frames, reach, True, options.irs2_partial),
        )
    return result


def _frames(ramp: Ramp, options: SaturationOptions) -> int:
    if not options.use_readpatt:
        return 1
    frames = ramp.meta.exposure.nframes
    if not isinstance(frames, int) or frames < 1:
        raise InvalidProduct("NFRAMES", expected="1 or more frames per group", found=frames)
    return frames


def _grown(flags: np.ndarray, reach: int) -> np.ndarray:
    """Return (integration, y, x) flags with those of all pixels within a square added."""
    if not reach or not flags.any():
        return flags
    grown = flags
    for axis in (1, 2):
        source = np.moveaxis(grown, axis, -1)
        spread = source.copy()
        for shift in range(1, min(reach, source.shape[-1] - 1) + 1):
            spread[..., shift:] |= source[..., :-shift]
            spread[..., :-shift] |= source[..., shift:]
        grown = np.moveaxis(spread, -1, axis)
    return grown


def _reach(options: SaturationOptions, references: Sequence[Reference | None]) -> int:
    # Flags of hidden saturation grow from pixels that may themselves only be flagged because a
    # neighbour saturates.
    reach = 2 * options.n_pix_grow_sat
    saturation = references[0]
    if saturation is None or saturation.shape_of("sci")[-2] != FRAME_ROWS:
        return reach
    return stored_reach(reach)


STEP = Step(
    "saturation",
    flag_saturation,
    SaturationOptions,
    references={"saturation": Needs(Saturation), "superbias": Needs(Superbias, required=False)},
    status="saturation",
    scope=Scope.NEIGHBOURS,
    reach=_reach,
)
