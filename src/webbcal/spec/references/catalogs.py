"""References of source catalogues: aperture corrections, zero points of magnitudes."""

from typing import Any, ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, node, table
from webbcal.spec.references.reference import Reference


@declaration
class ApertureCorrection(Reference):
    """How much of the light of a point an aperture holds, by optical element.

    Radii are in pixels of the detector. The encircled energy is that of a point in a mosaic at the
    scale of the detector; the correction counts in what the sky annulus holds of it. Files of
    imagers have the columns of `apcorr_table`; those of spectrographs have others.
    """

    reftype: ClassVar[str] = "apcorr"

    apcorr_table: np.ndarray = table(
        "APCORR",
        column("filter", "S12", doc="Filter that the row is for.", optional=True),
        column("pupil", "S15", doc="Pupil element that the row is for.", optional=True),
        column("subarray", "S17", doc="Subarray that the row is for.", optional=True),
        column("eefraction", "f4", doc="Part of the light inside the aperture.", optional=True),
        column("radius", "f4", "pix", "Radius of the aperture.", optional=True),
        column("apcorr", "f4", doc="Factor to the flux of a point.", optional=True),
        column("skyin", "f4", "pix", "Inner radius of the sky annulus.", optional=True),
        column("skyout", "f4", "pix", "Its outer radius.", optional=True),
        doc="Aperture corrections.",
        open_ended=True,
    )


@declaration
class VegaOffset(Reference):
    """Difference of AB and Vega magnitudes, by optical element.

    `offsets` maps names to columns: ``abvega_offset`` (AB minus Vega), and ``filter``, ``pupil`` or
    ``detector`` to tell its rows apart.
    """

    reftype: ClassVar[str] = "abvegaoffset"
    model: ClassVar[str] = "ABVegaOffsetModel"
    storage: ClassVar[str] = "asdf"

    offsets: Any = node("abvega_offset", doc="Offsets by optical element.", light=True)
