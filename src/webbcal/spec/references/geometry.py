"""Reference data of the optics: where on the sky, seen from the telescope, a pixel looks."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webbcal.spec.fields import declaration, node
from webbcal.spec.references.reference import Reference


@declaration
class Distortion(Reference):
    """Distortion of an imager.

    `transform` leads from a pixel (x, y) of the whole detector, from 0, to (V2, V3) in arcsec: a
    `geometry.chain.Transform`; where the product is made in Python, a model of astropy too.
    """

    reftype: ClassVar[str] = "distortion"
    model: ClassVar[str] = "DistortionModel"
    storage: ClassVar[str] = "asdf"

    transform: Any = node("model", doc="Pixel to V2, V3.", light=True)


@declaration
class FilterOffset(Reference):
    """How far each filter shifts the image.

    `filters` is a list of mappings with ``filter``, ``pupil`` (missing or N/A where it does not
    matter), ``column_offset`` and ``row_offset``: pixels to add to x and y.
    """

    reftype: ClassVar[str] = "filteroffset"
    model: ClassVar[str] = "FilteroffsetModel"
    storage: ClassVar[str] = "asdf"

    filters: Sequence[Mapping[str, Any]] = node("filters", doc="Shifts by filter.")


@declaration
class MosaicWcs(Reference):
    """World coordinates of a mosaic that a user gives (option `output_wcs`).

    `system` is a `geometry.world.World`: pixel (x, y), from 0, to the sky; with an array shape or
    limits.
    """

    reftype: ClassVar[str] = "output_wcs"
    model: ClassVar[str] = ""
    storage: ClassVar[str] = "asdf"

    system: Any = node("wcs", doc="Pixel to sky.", light=True)
