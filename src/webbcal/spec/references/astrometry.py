"""What users give for the alignment of exposures: catalogues of the sky, lists of stars."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, node, table
from webbcal.spec.references.reference import Reference

SERVICES = {
    "GAIAREFCAT": "gaiadr3.gaia_source",
    "GAIADR3": "gaiadr3.gaia_source",
    "GAIADR2": "gaiadr2.gaia_source",
    "GAIADR1": "gaiadr1.gaia_source",
}
"""Names that stand for a service instead of a file, and its table."""


@declaration
class AstrometricCatalog(Reference):
    """Positions of stars on the sky, from a file or a service."""

    reftype: ClassVar[str] = "abs_refcat"

    stars: np.ndarray = table(
        "",
        column("ra", "f8", "deg", "Right ascension (ICRS) at the epoch."),
        column("dec", "f8", "deg", "Declination (ICRS) at the epoch."),
        column("error", "f8", "mas", "Standard error of each coordinate; NaN if not known."),
        column("pmra", "f8", "mas/yr", "Proper motion in right ascension times cos(dec)."),
        column("pmdec", "f8", "mas/yr", "Proper motion in declination."),
        column("epoch", "f8", "yr", "Julian year of the position; NaN where nothing moves."),
        column("weight", "f8", "", "How much a star counts, relative to the others."),
        column("mag", "f8", "mag", "Magnitude; NaN if not known."),
        doc="One row per star. A proper motion of NaN is not known.",
    )


STAR_DTYPE = np.dtype(
    [(name, "f8") for name in ("ra", "dec", "error", "pmra", "pmdec", "epoch", "weight", "mag")]
)


@declaration
class SourceLists(Reference):
    """Lists of stars that a user has made of exposures.

    `lists` maps the name of a file, as in an association, to a structured array with ``x`` and
    ``y`` (pixel, from 0) and ``flux`` (NaN if not known).
    """

    reftype: ClassVar[str] = "catfile"

    lists: Mapping[str, np.ndarray] = node("lists", doc="Stars by exposure.")
