"""Group scale: undo an on-board average that divided by another number than that of its frames."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.steps._step import Step


@dataclass(frozen=True)
class GroupScaleOptions(Options):
    """Options of `rescale_groups`: none."""


def rescale_groups(ramp: Ramp, options: GroupScaleOptions) -> Ramp:
    r"""Turn each group into the mean of its frames.

    The electronics sum the n frames of a group and divide by shifting bits, that is by a power
    of two, d:

    .. math:: s' = s \, d / n

    Parameters
    ----------
    ramp : Ramp
        Raw signal, DN, axes (integration, group, y, x); number of frames and divisor in
        ``meta.exposure.nframes`` and ``meta.exposure.frame_divisor``.
    options : GroupScaleOptions
        None.

    Returns
    -------
    Ramp
        New product; `sci` differs.

    Raises
    ------
    CannotCalibrate
        If the groups are means already, or if it is not known what they were divided by.

    Notes
    -----
    Flags used: none. Flags set: none. NaN stays NaN. The zero frame is one frame, not a mean,
    and stays as it is.

    Source: JWST User Documentation, NIRSpec detector readout modes (frames averaged on board).
    """
    scale = np.float32(_scale(ramp.meta))
    return replace(ramp, sci=ramp.sci * scale)


def _scale(meta: Meta) -> float:
    frames, divisor = meta.exposure.nframes, meta.exposure.frame_divisor
    if frames is None:
        raise CannotCalibrate("the number of frames per group is not known", where="NFRAMES")
    if divisor is None:
        raise CannotCalibrate("no divisor of the frame average is recorded", where="FRMDIVSR")
    if frames == divisor:
        raise CannotCalibrate("the groups are means of their frames already")
    if frames < 1:
        raise CannotCalibrate("no scale follows", where="NFRAMES", expected=">= 1", found=frames)
    return float(divisor) / float(frames)


STEP = Step("group_scale", rescale_groups, GroupScaleOptions, status="group_scale")
