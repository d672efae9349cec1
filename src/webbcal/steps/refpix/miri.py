"""Reference columns at the left and right of a MIRI detector."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.window import Window
from webbcal.steps.refpix.options import RefpixOptions

FRAME = (1024, 1032)
"""Rows and columns of the whole detector."""

OUTPUTS = 4
"""Outputs; neighbouring columns belong to different ones."""


@dataclass(frozen=True)
class OutputLevels:
    """What to subtract from an exposure.

    Parameters
    ----------
    levels : array
        Drift of each output since the first group, float32, DN, axes (integration, group, parity
        of the row, output).
    """

    levels: np.ndarray

    def subtracted_from(self, ramp: Ramp) -> Ramp:
        """Return an exposure, or a window of it, less the drifts of its outputs."""
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.reference_pixels import subtract_by_parity

        height, width = ramp.sci.shape[-2:]
        window = Window.whole((height, width)) if ramp.window is None else ramp.window
        output = np.arange(window.x0, window.x1) % OUTPUTS
        pairs = self.levels[..., output]  # (integration, group, parity, x)
        return replace(ramp, sci=subtract_by_parity(frozen(ramp.sci), frozen(pairs), window.y0))


def windows(meta: Meta, shape: tuple[int, int], options: RefpixOptions) -> list[Window]:
    """Return the reference columns.

    Raises
    ------
    CannotCalibrate
        If the exposure is a subarray: its few reference pixels, if any, do not see all outputs.
    """
    if shape != FRAME:
        raise CannotCalibrate("the reference pixels of MIRI subarrays are not used")
    rows, columns = shape
    return [
        Window(0, rows, 0, OUTPUTS, shape),
        Window(0, rows, columns - OUTPUTS, columns, shape),
    ]


def measure(parts: Sequence[Ramp], options: RefpixOptions) -> OutputLevels:
    r"""Return the drift of each output.

    With :math:`\bar l_{jpa}` and :math:`\bar r_{jpa}` the clipped means, over the rows of parity
    p, of the change since the first group in the left and right reference column of output a,

    .. math:: L_{jpa} = (\bar l_{jpa} + \bar r_{jpa}) / 2

    Parameters
    ----------
    parts : sequence of Ramp
        The columns at the left and right.
    options : RefpixOptions
        Separation of rows; clipping.

    Raises
    ------
    CannotCalibrate
        If no reference pixel is usable.

    Notes
    -----
    Flags used: DO_NOT_USE in `pixeldq` excludes a pixel. A pixel that is NaN is left out. The
    side that has no usable pixel leaves the level to the other one; where both have none the
    level is 0.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.reference_pixels import clipped_means

    sides = []
    for part in parts:
        usable = (part.pixeldq & np.uint32(DQ.DO_NOT_USE)) == 0
        change = np.where(usable, part.sci - part.sci[:, :1], np.float32(np.nan))
        integrations, groups, rows, _ = change.shape
        parities = 2 if options.odd_even_rows else 1
        # (integration, group, row of a parity, parity, output) to sets of rows one by one
        sets = change.reshape(integrations, groups, rows // parities, parities, OUTPUTS)
        ordered = np.moveaxis(sets, 2, 4).reshape(integrations, groups, -1)
        bounds = np.arange(parities * OUTPUTS + 1) * (rows // parities)
        means = np.asarray(clipped_means(frozen(ordered), frozen(bounds), options.siglimit))
        means = means.reshape(integrations, groups, parities, OUTPUTS)
        sides.append(np.broadcast_to(means, (integrations, groups, 2, OUTPUTS)))
    left, right = sides
    if np.isnan(left).all() and np.isnan(right).all():
        raise CannotCalibrate("none of the reference pixels is usable")
    mean = np.float32(0.5) * (left + right)
    known = np.where(np.isnan(left), right, np.where(np.isnan(right), left, mean))
    return OutputLevels(np.ascontiguousarray(np.nan_to_num(known, nan=0.0), np.float32))
