"""Lists of stars that the alignment of exposures leaves, on request: tables in ECSV or FITS.

They are written for the user only; no step and no catalogue of products reads them.
"""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Product, column, declaration, table

_FOUND = (
    column("id", "i8", doc="Number of the star, from 1, the brightest first."),
    column("xcentroid", "f8", "pix", "Position, x, 0-based."),
    column("ycentroid", "f8", "pix", "Position, y, 0-based."),
    column("flux", "f8", doc="Sum of the pixels, unit of the image."),
    column("error", "f8", "pix", "Standard error of each coordinate by the noise."),
)
"""What is told of a star that was found."""


@declaration
class StarList(Product):
    """Stars of one exposure, found for its alignment."""

    suffixes: ClassVar[tuple[str, ...]] = ("cat",)
    storage: ClassVar[str] = "ecsv"
    layout: ClassVar[str] = "positions"

    stars: np.ndarray = table("", *_FOUND, doc="One row per star.", node="stars")


@declaration
class StarTable(Product):
    """The same as a binary table in a FITS file."""

    suffixes: ClassVar[tuple[str, ...]] = ("cat",)
    layout: ClassVar[str] = "positions"

    stars: np.ndarray = table("STARS", *_FOUND, doc="One row per star.", node="stars")


@declaration
class ReferenceStars(Product):
    """Stars of a catalogue of the sky on which exposures were laid."""

    suffixes: ClassVar[tuple[str, ...]] = ("ref",)
    storage: ClassVar[str] = "ecsv"

    stars: np.ndarray = table(
        "",
        column("RA", "f8", "deg", "Right ascension (ICRS) at the time of the exposures."),
        column("DEC", "f8", "deg", "Declination."),
        column("row", "i8", doc="Row in the catalogue, from 0."),
        doc="One row per star.",
        node="stars",
    )
