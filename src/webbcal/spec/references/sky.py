"""Sky levels that a user gives."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, table
from webbcal.spec.references.reference import Reference

NAME_LENGTH = 255


@declaration
class SkyList(Reference):
    """Sky levels by name of the exposure: a text file with a name and a number on each line."""

    reftype: ClassVar[str] = "skylist"

    levels: np.ndarray = table(
        "SKY",
        column("name", f"S{NAME_LENGTH}", doc="File name of an exposure, or the start of it."),
        column("level", "f8", "MJy/sr", doc="Its sky level."),
        doc="Sky levels.",
    )
