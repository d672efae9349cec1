"""Flat field: remove the pixel-to-pixel response of the detector and optics."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.spec.products.guiding import GuiderCal
from webbcal.spec.references import Flat
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class FlatFieldOptions(Options):
    """Options of `divide_by_flat`."""

    user_supplied_flat: str | None = option(
        None, "Flat field to use instead of the reference that applies."
    )
    inverse: bool = option(False, "Multiply by the flat field instead, to undo the correction.")


def divide_by_flat(
    image: GuiderCal, flat: Flat | None, user_flat: Flat | None, options: FlatFieldOptions
) -> GuiderCal:
    r"""Divide images by the flat field and propagate its uncertainty.

    With the response :math:`f \pm \sigma_f`, a pixel of value s and error :math:`\sigma` becomes

    .. math:: s' = s / f, \qquad \sigma'^2 = \sigma^2 / f^2 + (s' \sigma_f / f)^2 .

    Parameters
    ----------
    image : GuiderCal
        Count rates, DN/s, axes (integration, y, x).
    flat : Flat or None
        Response on the same pixels, 1 on average, axes (y, x).
    user_flat : Flat or None
        What the user gives instead.
    options : FlatFieldOptions
        Direction of the correction.

    Returns
    -------
    GuiderCal
        New product; `sci`, `err` and `dq` differ.

    Raises
    ------
    CannotCalibrate
        If no flat field applies.

    Notes
    -----
    Flags used: DO_NOT_USE and NO_FLAT_FIELD of the flat. Flags set: those of the flat, and
    NO_FLAT_FIELD where it is NaN or 0; NO_FLAT_FIELD with DO_NOT_USE. Where the flat cannot be
    used, value and error stay as they were. NaN stays NaN.
    Undoing the correction leaves the uncertainty of the flat out.
    Errors of one flat are shared by all exposures that it corrects.

    Source: JWST User Documentation, calwebb_image2, flat field correction; first-order error
    propagation of a ratio, Bevington and Robinson 2003, section 3.3.
    """
    chosen = flat if user_flat is None else user_flat
    if chosen is None:
        raise CannotCalibrate("no flat reference applies to this exposure")
    response, sigma, dq = _usable(chosen)
    factor = response if options.inverse else 1.0 / response
    sci = image.sci * factor
    err = image.err
    if err is not None:
        own = 0.0 if options.inverse else (sci * factor * sigma) ** 2
        err = np.sqrt((err * factor) ** 2 + own).astype(np.float32)
    return replace(
        image,
        sci=sci.astype(np.float32),
        err=err,
        dq=dq if image.dq is None else image.dq | dq,
    )


def _usable(flat: Flat) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return response, its error and flags, axes (y, x): 1 +- 0 where the flat cannot be used."""
    missing = np.isnan(flat.sci) | (flat.sci == 0) | (flat.dq & np.uint32(DQ.NO_FLAT_FIELD) != 0)
    bad = missing | (flat.dq & np.uint32(DQ.DO_NOT_USE) != 0)
    flags = np.where(missing, np.uint32(DQ.NO_FLAT_FIELD | DQ.DO_NOT_USE), np.uint32(0))
    sigma = np.zeros_like(flat.sci) if flat.err is None else flat.err
    return (
        np.where(bad, 1.0, flat.sci.astype(np.float64)),
        np.where(bad, 0.0, np.nan_to_num(sigma)),
        flat.dq | flags,
    )


STEP = Step(
    "flat_field",
    divide_by_flat,
    FlatFieldOptions,
    references={
        "flat": Needs(Flat, required=False),
        "user_flat": Needs(Flat, required=False, option="user_supplied_flat"),
    },
    status="flat_field",
)
