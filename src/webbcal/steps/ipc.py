"""Interpixel capacitance: return the signal that a pixel's neighbours have coupled from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options
from webbcal.geometry.irs2 import is_interleaved, stored_reach, without_interleaved
from webbcal.geometry.readout import sensitive
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import InterpixelCapacitance, Reference
from webbcal.spec.window import Window
from webbcal.steps._step import Needs, Scope, Step


@dataclass(frozen=True)
class IpcOptions(Options):
    """Options of `deconvolve_ipc`: none."""


def deconvolve_ipc(ramp: Ramp, ipc: InterpixelCapacitance | None, options: IpcOptions) -> Ramp:
    r"""Undo the capacitive coupling between neighbouring pixels.

    .. math:: s'_{yx} = \sum_{jk} w_{jk} \, s_{y + \lfloor J/2 \rfloor - j,\;
              x + \lfloor K/2 \rfloor - k}

    with the J by K weights w of the deconvolution kernel, which is either one for the whole
    detector or one for each output pixel.

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x).
    ipc : InterpixelCapacitance or None
        Weights, axes (j, k) or (j, k, y, x).
    options : IpcOptions
        None.

    Returns
    -------
    Ramp
        New product; `sci` differs.

    Raises
    ------
    CannotCalibrate
        If there is no kernel.

    Notes
    -----
    Flags used: none. Flags set: none. NaN spreads to the neighbours.
    Reference pixels, which are not coupled to light, keep their value and count as zero, as do
    pixels outside the subarray. Neighbours are those on the detector, whatever reference pixels
    are interleaved (IRS2). Zero frames stay as they are.
    Errors are not propagated: the noise of neighbours becomes slightly correlated.

    Source: Moore, Ninkov & Forrest 2006, Optical Engineering 45, 076402; JWST User
    Documentation, calwebb_detector1, interpixel capacitance correction.
    """
    if ipc is None:
        raise CannotCalibrate("no kernel of the interpixel capacitance applies to this exposure")
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.ipc import deconvolve

    weights = ipc.sci if ipc.sci.ndim == 4 else ipc.sci[:, :, np.newaxis, np.newaxis]
    window = Window.whole(ramp.pixeldq.shape) if ramp.window is None else ramp.window
    if not is_interleaved(ramp.meta):
        region = _region(ramp, window)
        return replace(ramp, sci=deconvolve(frozen(ramp.sci), frozen(weights), region))
    rows, window = without_interleaved(ramp.meta, window)
    sci = ramp.sci.copy()
    if rows.size:
        own = frozen(weights[:, :, rows] if ipc.sci.ndim == 4 else weights)
        sci[..., rows, :] = deconvolve(frozen(sci[..., rows, :]), own, _region(ramp, window))
    return replace(ramp, sci=sci)


def _region(ramp: Ramp, window: Window) -> tuple[int, int, int, int]:
    """Return first and last + 1 row and column, on a window, of the pixels that see light."""
    inner = sensitive(ramp.meta, window.shape).relative_to(window)
    rows, columns = window.size
    y0, y1 = np.clip((inner.y0, inner.y1), 0, rows).tolist()
    x0, x1 = np.clip((inner.x0, inner.x1), 0, columns).tolist()
    return y0, y1, x0, x1


def _reach(options: IpcOptions, references: Sequence[Reference | None]) -> int:
    (ipc,) = references
    # Interleaved reference pixels, of which the options say nothing, may lie between.
    return 0 if ipc is None else stored_reach(max(ipc.shape_of("sci")[:2]) // 2)


STEP = Step(
    "ipc",
    deconvolve_ipc,
    IpcOptions,
    references={"ipc": Needs(InterpixelCapacitance, required=False)},
    status="ipc",
    scope=Scope.NEIGHBOURS,
    reach=_reach,
)
