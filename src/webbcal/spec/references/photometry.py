"""References of the flux scale: what a count rate means, and how large a pixel is on the sky."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Column, column, declaration, image, table
from webbcal.spec.references.reference import PLANE, Reference

VECTOR = (None,)


def _key(name: str, width: int, doc: str) -> Column:
    return column(name, f"S{width}", doc=doc, optional=True)


KEYS = (
    _key("filter", 12, "Filter that the row is for."),
    _key("pupil", 15, "Element of the pupil wheel that the row is for."),
    _key("grating", 15, "Grating that the row is for."),
    _key("subarray", 17, "Subarray that the row is for, or GENERIC."),
    _key("slit", 15, "Slit that the row is for."),
    column("order", "i2", doc="Spectral order that the row is for.", optional=True),
)
"""What tells the rows of a table apart; each kind of file has some of these columns."""

START = column("t0", "f4", "d", doc="Start, MJD.")


@declaration
class Photom(Reference):
    """Flux of a unit count rate, by optical element, and how the throughput changes with time.

    One row of `phot_table` per setting of the instrument; the tables of the throughput have the
    same rows. Spectra have a relative response by wavelength besides.
    """

    reftype: ClassVar[str] = "photom"

    phot_table: np.ndarray = table(
        "PHOTOM",
        *KEYS,
        column("photmjsr", "f4", "MJy s / (sr DN)", "Surface brightness of 1 DN/s.", optional=True),
        column("photmj", "f4", "MJy s / DN", "Flux of 1 DN/s.", optional=True),
        column("uncertainty", "f4", doc="Its error.", optional=True),
        column("nelem", "i2", doc="Number of wavelengths.", optional=True),
        column("wavelength", "f4", "um", "Wavelengths.", VECTOR, optional=True),
        column("relresponse", "f4", "", "Factor at each of them.", VECTOR, optional=True),
        column("reluncertainty", "f4", "", "Its error.", VECTOR, optional=True),
        doc="Flux scale by optical element.",
    )
    linear: np.ndarray = table(
        "TIMECOEFF_LINEAR",
        *KEYS,
        START,
        column("lossperyear", "f4", doc="Fraction of the throughput lost in 365 days."),
        doc="Throughput that falls linearly.",
        required=False,
    )
    exponential: np.ndarray = table(
        "TIMECOEFF_EXPONENTIAL",
        *KEYS,
        START,
        column("amplitude", "f4", doc="What it falls by."),
        column("tau", "f4", "d", doc="Time constant."),
        column("const", "f4", doc="What remains."),
        doc="Throughput that falls exponentially.",
        required=False,
    )
    powerlaw: np.ndarray = table(
        "TIMECOEFF_POWERLAW",
        *KEYS,
        START,
        column("year1value", "f4", doc="Throughput 365 days after the start."),
        column("tsoft", "f4", "d", doc="Time that is added to the time since the start."),
        column("alpha", "f4", doc="Exponent."),
        doc="Throughput that follows a power of time.",
        required=False,
    )


@declaration
class Area(Reference):
    """How large each pixel of an imager is on the sky; of NIRSpec spectra, by slit."""

    reftype: ClassVar[str] = "area"
    model: ClassVar[str] = "PixelAreaModel"

    sci: np.ndarray = image(
        "SCI", "f4", PLANE, doc="Area relative to the nominal one.", required=False
    )
    by_slit: np.ndarray = table(
        "AREA",
        column("slit_id", "S15", doc="Fixed slit.", optional=True),
        column("slice_id", "i2", doc="Slice of the integral-field unit.", optional=True),
        column("quadrant", "i2", doc="Quadrant of the micro-shutters.", optional=True),
        column("shutter_x", "i2", doc="Shutter.", optional=True),
        column("shutter_y", "i2", doc="Shutter.", optional=True),
        column("pixarea", "f4", "arcsec2", doc="Area of a pixel."),
        doc="Area of a pixel by slit.",
        required=False,
    )
