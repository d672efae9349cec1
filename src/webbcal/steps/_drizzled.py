"""What steps that drizzle exposures share: their weights, their sky, and how the grid lies."""

from collections.abc import Sequence

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidInput, InvalidOptions
from webbcal.geometry.mosaic_grid import Grid, GridRequest, Orientation, mosaic_grid
from webbcal.numerics.typical_weight import typical_weight
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._set import read_plane

BY_READ_NOISE, BY_TIME = "ivm", "exptime"
"""Weights of exposures; anything else stands for one weight for all."""


def weights_of(
    images: Sequence[Cal], weight_type: str | None, *, pixel_weights: bool
) -> list[float | None]:
    """Return the weight of each exposure; None where its pixels have weights of their own.

    By time they are TMEASURE of every exposure, or EFFEXPTM if one has none. By read noise they
    are the inverse of the median of VAR_RNOISE, or of each pixel; an exposure that has none, or
    none above 0, gets the median weight of the others, so that it neither vanishes nor takes
    over, and no pixel of any gets a weight of its own.

    Raises
    ------
    CannotCalibrate
        If an exposure has no exposure time and weights need it.
    """
    if weight_type == BY_TIME:
        return list(_times(images))
    if weight_type != BY_READ_NOISE:
        return [1.0] * len(images)
    found = [_by_read_noise(image) for image in images]
    known = [weight for weight in found if weight is not None]
    if pixel_weights and len(known) == len(images):
        return [None] * len(images)
    usual = float(np.median(known)) if known else 1.0
    return [usual if weight is None else weight for weight in found]


def _by_read_noise(image: Cal) -> float | None:
    if not image.has("var_rnoise"):
        return None
    rows, _ = image.shape_of("sci")
    return typical_weight(lambda part: read_plane(image, "var_rnoise", part), rows)


def _times(images: Sequence[Cal]) -> list[float]:
    for path in ("measurement_time", "exposure_time"):
        times = [image.meta.exposure.lookup(path) for image in images]
        if all(isinstance(time, int | float) and time > 0 for time in times):
            return [float(time) for time in times]
    raise CannotCalibrate("an exposure has no exposure time, which its weight would be")


def remaining_sky(meta: Meta) -> float:
    """Return the sky level that is known and still in the values."""
    background = meta.background
    return 0.0 if background.subtracted or background.level is None else float(background.level)


def grid_of(images: Sequence[Cal], request: GridRequest | None = None) -> Grid:
    """Return the grid that exposures are drizzled onto.

    Raises
    ------
    InvalidInput
        If one has no world coordinates, or the first does not tell how it lies on the sky.
    """
    check_places(images)
    first = images[0].meta
    names = ("ra_ref", "dec_ref", "roll_ref", "v3yangle", "vparity")
    values = [first.wcsinfo.lookup(name) for name in names]
    if any(not isinstance(value, int | float) for value in values):
        raise InvalidInput(
            "the first image does not tell how it lies on the sky",
            where=first.lookup("filename"),
            expected="RA_REF, DEC_REF, ROLL_REF, V3I_YANG and VPARITY",
            found=dict(zip(names, values, strict=True)),
        )
    return mosaic_grid(
        [image.world for image in images], Orientation(*values), request or GridRequest()
    )


def check_places(images: Sequence[Cal]) -> None:
    """Refuse exposures without world coordinates."""
    for image in images:
        if image.world is None:
            raise InvalidInput(
                "no world coordinates",
                where=image.meta.lookup("filename"),
                advice="Calibrate the count rates first: webbcal run RATE.",
            )


def fill_value(text: str) -> float:
    """Return the value of pixels without data.

    Raises
    ------
    InvalidOptions
        If it is neither a number nor ``NAN`` or ``INDEF``.
    """
    try:
        return float("nan") if text.strip().upper() in ("NAN", "INDEF", "") else float(text)
    except ValueError:
        raise InvalidOptions("option fillval", expected="a number or NAN", found=text) from None
