"""Flat field: remove the pixel-to-pixel response of the detector and optics."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.numerics.unusable import matched
from webbcal.spec.products import Cal, CalInts, GuiderCal
from webbcal.spec.references import Flat
from webbcal.steps._step import Needs, Step

Images = TypeVar("Images", GuiderCal, Cal, CalInts)


@dataclass(frozen=True)
class FlatFieldOptions(Options):
    """Options of `divide_by_flat`."""

    user_supplied_flat: str | None = option(
        None, "Flat field to use instead of the reference that applies."
    )
    inverse: bool = option(False, "Multiply by the flat field instead, to undo the correction.")


class _Response(NamedTuple):
    """Response of the pixels, its error and flags, axes (y, x)."""

    value: np.ndarray
    sigma: np.ndarray
    dq: np.ndarray


def divide_by_flat(
    image: Images, flat: Flat | None, user_flat: Flat | None, options: FlatFieldOptions
) -> Images:
    r"""Divide images by the flat field and propagate its uncertainty.

    With the response :math:`f \pm \sigma_f`, a pixel of value s and variance V becomes

    .. math:: s' = s / f, \qquad V' = V / f^2, \qquad V_f = (s' \sigma_f / f)^2, \qquad
              \sigma'^2 = \sum V' + V_f

    Parameters
    ----------
    image : Cal, CalInts or GuiderCal
        Count rates, DN/s, axes (y, x) or (integration, y, x).
    flat : Flat or None
        Response on the same pixels, 1 on average, axes (y, x).
    user_flat : Flat or None
        What the user gives instead.
    options : FlatFieldOptions
        Direction of the correction.

    Returns
    -------
    Cal, CalInts or GuiderCal
        New product; `sci`, `err` and `dq` differ, and of all but the guiders, which have no
        variances, `var_poisson`, `var_rnoise` and `var_flat`.

    Raises
    ------
    CannotCalibrate
        If no flat field applies.

    Notes
    -----
    Flags used: DO_NOT_USE and NO_FLAT_FIELD of the flat. Flags set: those of the flat, and
    NO_FLAT_FIELD where it is not a positive number; NO_FLAT_FIELD with DO_NOT_USE. Of guiders, a
    pixel whose flat cannot be used keeps value and error; of other images it is NaN in all
    arrays, as is one that is flagged DO_NOT_USE or whose value, error or error of the flat is NaN,
    and flagged DO_NOT_USE.
    A flat without errors is taken as exact: `var_flat` is 0.
    Undoing the correction leaves the uncertainty of the flat out.
    Errors of one flat are shared by all exposures that it corrects, and all integrations.

    Source: JWST User Documentation, calwebb_image2, flat field correction; first-order error
    propagation of a ratio, Bevington and Robinson 2003, section 3.3.
    """
    chosen = flat if user_flat is None else user_flat
    if chosen is None:
        raise CannotCalibrate("no flat reference applies to this exposure")
    response = _usable(chosen)
    if isinstance(image, GuiderCal):
        return image.with_changes(**_guider(image, response, options.inverse))
    return matched(image.with_changes(**_calibrated(image, response, options.inverse)))


def _calibrated(image: Cal | CalInts, response: _Response, inverse: bool) -> dict[str, Any]:
    """Return the arrays of images with variances, corrected."""
    factor = (response.value if inverse else 1.0 / response.value).astype(np.float32)
    square = factor * factor
    sci = image.sci * factor
    var_poisson, var_rnoise = image.var_poisson * square, image.var_rnoise * square
    if inverse:
        var_flat = np.zeros_like(sci)
    else:
        var_flat = sci * (factor * response.sigma)
        var_flat *= var_flat
    return {
        "sci": sci,
        "err": np.sqrt(var_poisson + var_rnoise + var_flat),
        "var_poisson": var_poisson,
        "var_rnoise": var_rnoise,
        "var_flat": var_flat,
        "dq": image.dq | response.dq,
    }


def _guider(image: GuiderCal, response: _Response, inverse: bool) -> dict[str, Any]:
    """Return the arrays of images without variances and with one plane of flags, corrected."""
    factor = response.value if inverse else 1.0 / response.value
    sci = image.sci * factor
    err = image.err
    if err is not None:
        own = 0.0 if inverse else (sci * factor * np.nan_to_num(response.sigma)) ** 2
        err = np.sqrt((err * factor) ** 2 + own).astype(np.float32)
    return {
        "sci": sci.astype(np.float32),
        "err": err,
        "dq": response.dq if image.dq is None else image.dq | response.dq,
    }


def _usable(flat: Flat) -> _Response:
    """Return the response, its error and flags: 1 +- 0 where the flat cannot be used."""
    sci = flat.sci
    flagged = (flat.dq & np.uint32(DQ.NO_FLAT_FIELD)) != 0
    missing = ~(np.isfinite(sci) & (sci > 0)) | flagged
    bad = missing | ((flat.dq & np.uint32(DQ.DO_NOT_USE)) != 0)
    flags = np.where(missing, np.uint32(DQ.NO_FLAT_FIELD | DQ.DO_NOT_USE), np.uint32(0))
    sigma = np.zeros_like(sci) if flat.err is None else flat.err
    return _Response(
        np.where(bad, 1.0, sci.astype(np.float64)),
        np.where(bad, np.float32(0.0), sigma),
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
