"""References of NIRSpec in stage 1."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import declaration, image
from webbcal.spec.references.reference import PLANE, Reference


@declaration
class PictureFrame(Reference):
    """Pattern that a change of the detector's temperature leaves: the edges glow, like a frame."""

    reftype: ClassVar[str] = "pictureframe"
    model: ClassVar[str] = "PictureFrameModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN/s", doc="Pattern; its scale is free.")
