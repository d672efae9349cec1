"""Reference pixels: subtract the drifts of the readout that pixels blind to light record.

What is done depends on how the detector was read; one module for each way. Each has
``windows(meta, shape, options)``, the parts of the frame to look at, and ``measure(parts, ...,
options)``, which returns what to subtract: an object with ``subtracted_from(ramp)``. A run loads
the module of its own way.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from webbcal.geometry.irs2 import is_interleaved
from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.geometry.stripes import in_stripes, in_superstripes, without_stripes
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import ReferencePixelFilters, SirsKernel
from webbcal.spec.window import Window
from webbcal.steps._step import Frames, Measurement, Needs, Parallel, Scope, Step
from webbcal.steps.refpix.options import RefpixOptions

__all__ = ["STEP", "RefpixOptions", "subtract_reference_pixels"]


class Levels(Protocol):
    """What the reference pixels of a frame tell."""

    def subtracted_from(self, ramp: Ramp) -> Ramp:
        """Return a ramp, or a window of it, without them."""


def subtract_reference_pixels(
    ramp: Ramp,
    refpix: ReferencePixelFilters | None,
    sirskernel: SirsKernel | None,
    options: RefpixOptions,
    measured: Levels | None = None,
) -> Ramp:
    r"""Subtract the level of the reference pixels from each group.

    Where four amplifiers read the detector, amplifier a has the level
    :math:`A_{ap} = (\bar t_{ap} + \bar b_{ap}) / 2` in its even and odd columns p: the mean of
    the clipped means of the reference pixels in the four rows at the top and at the bottom. After
    its subtraction, each row r has the level :math:`S_r = (l_r + m_r) / 2`, where l and m are
    running medians over several rows of the four columns at the left and right:

    .. math:: s'_{rc} = s_{rc} - A_{ap} - \gamma S_r

    A subarray read by one amplifier has one level for its even and one for its odd columns:
    the clipped mean of all its reference pixels there. So has each stripe of an exposure in
    stripes, for each amplifier; superstripes come out where they lie on the detector.

    The four outputs of MIRI each have a level for odd and even rows, from the reference columns
    at the left and right: what has changed since the first group (`miri.measure`).

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x), bias subtracted.
    refpix : ReferencePixelFilters or None
        Filters of the detector in the IRS2 mode; not used otherwise.
    sirskernel : SirsKernel or None
        Filters of the columns at the sides, for ``refpix_algorithm = "sirs"``, which replaces
        S by the noise of each amplifier that they predict.
    options : RefpixOptions
        Separation of columns; use, smoothing and gain :math:`\gamma` of the side pixels;
        clipping.
    measured : Levels or None
        What the reference pixels tell; None to measure here, for which `ramp` must be the
        whole frame.

    Returns
    -------
    Ramp
        New product; `sci` and `zeroframe` differ.

    Raises
    ------
    CannotCalibrate
        If no usable reference pixel exists.
    InvalidProduct
        If the orientation of the readout is not recorded.

    Notes
    -----
    Flags used: DO_NOT_USE of `pixeldq` excludes a reference pixel; REFERENCE_PIXEL includes one
    in a subarray. Flags set: none. A reference pixel that is NaN is left out; NaN in the signal
    stays NaN.
    Levels that no pixel tells are 0; where top or bottom, left or right are missing, the other
    side decides alone. Means in float64, medians and subtraction in float32.
    Zero frames: likewise, except where a value is exactly 0.
    The noise of the levels is not propagated; it is common to all pixels of a row or column.

    Source: JWST User Documentation, calwebb_detector1, reference pixel correction; Rauscher et
    al. 2012, Proc. SPIE 8453, 84531F (reference pixels of the HAWAII-2RG).
    """
    if measured is None:
        rows, columns = ramp.shape_of("sci")[-2:]
        parts = [ramp.cut(part) for part in _windows(ramp.meta, (rows, columns), options)]
        measured = _measure(parts, refpix, sirskernel, options)
    return measured.subtracted_from(ramp)


def _on_miri(meta: Meta) -> bool:
    return str(meta.instrument.name).strip() == "MIRI"


def _windows(meta: Meta, shape: tuple[int, int], options: RefpixOptions) -> list[Window]:
    if in_stripes(meta):
        from webbcal.steps.refpix import stripes

        return stripes.windows(meta, shape, options)
    if _on_miri(meta):
        from webbcal.steps.refpix import miri

        return miri.windows(meta, shape, options)
    from webbcal.steps.refpix import near_infrared

    return near_infrared.windows(meta, shape, options)


def _measure(
    parts: Sequence[Ramp],
    refpix: ReferencePixelFilters | None,
    sirskernel: SirsKernel | None,
    options: RefpixOptions,
) -> Levels:
    if parts and in_stripes(parts[0].meta):
        from webbcal.steps.refpix import stripes

        return stripes.measure(parts, options)
    if parts and _on_miri(parts[0].meta):
        from webbcal.steps.refpix import miri

        return miri.measure(parts, options)
    if parts and options.refpix_algorithm == "sirs" and _is_whole(parts[0]):
        from webbcal.steps.refpix import sirs

        return sirs.measure_with_filters(parts, sirskernel, options)
    from webbcal.steps.refpix import near_infrared

    return near_infrared.measure(parts, options)


def _is_whole(part: Ramp) -> bool:
    """Tell whether a part is of a frame that has both sides of the detector."""
    shape = part.shape_of("sci")[-2:] if part.window is None else part.window.shape
    return shape == (DETECTOR_SIZE, DETECTOR_SIZE)


def _wanted(options: RefpixOptions, meta: Meta) -> bool:
    return is_interleaved(meta) or in_superstripes(meta)


def _on_frames(
    ramp: Ramp,
    refpix: ReferencePixelFilters | None,
    sirskernel: SirsKernel | None,
    options: RefpixOptions,
    *,
    carried: Any,
    measured: Any,
    parallel: Parallel,
) -> tuple[Ramp, Any]:
    if in_superstripes(ramp.meta):
        from webbcal.steps.refpix import stripes

        return stripes.arrange(subtract_reference_pixels(ramp, refpix, sirskernel, options)), None
    from webbcal.steps.refpix import irs2

    return irs2.subtract_interleaved(
        ramp, refpix, options, carried=carried, measured=measured, parallel=parallel
    )


def _finish(ramp: Ramp, carried: Any, options: RefpixOptions) -> Ramp:
    if in_superstripes(ramp.meta):
        return ramp.with_changes(meta=without_stripes(ramp.meta))
    return ramp


def _leaves(options: RefpixOptions | None, meta: Meta) -> str:
    if is_interleaved(meta) and (options is None or options.preserve_irs2_refpix):
        return "interleaved reference pixels (IRS2)"
    if in_superstripes(meta) and options is None:
        return "superstripes"
    return ""


STEP = Step(
    "refpix",
    subtract_reference_pixels,
    RefpixOptions,
    references={
        "refpix": Needs(ReferencePixelFilters, required=False),
        "sirskernel": Needs(SirsKernel, required=False),
    },
    status="refpix",
    scope=Scope.FRAME,
    measurement=Measurement(_windows, _measure),
    frames=Frames(_on_frames, _wanted, finish=_finish, leaves=_leaves),
)
