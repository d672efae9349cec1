"""References for correlated noise: what reference pixels tell of it, and the flat field."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from webbcal.spec.fields import declaration, image, node, table
from webbcal.spec.references.reference import DQ_DEF, PLANE, Reference


@declaration
class SirsKernel(Reference):
    """Frequency filters that predict the noise of an amplifier from the columns at the sides.

    `detectors` maps the name of a detector in small letters to its filters ``gamma`` (columns
    at the left) and ``zeta`` (at the right), complex, axes (amplifier, frequency): the
    frequencies of a real series of twice as many values as a detector has rows, one per row.
    """

    reftype: ClassVar[str] = "sirskernel"
    model: ClassVar[str] = "SIRSKernelModel"
    storage: ClassVar[str] = "asdf"

    detectors: Mapping[str, Any] = node("", doc="Filters gamma and zeta of each detector.")


@declaration
class Flat(Reference):
    """Response of the pixels to even light, of images and slitless spectra."""

    reftype: ClassVar[str] = "flat"
    model: ClassVar[str] = "FlatModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, doc="Response, 1 on average.")
    err: np.ndarray = image("ERR", "f4", PLANE, doc="Its error.", required=False)
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags: NO_FLAT_FIELD, UNRELIABLE_FLAT.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class BackgroundMask(Reference):
    """A user's mask of what shows only background, for all integrations or one by one."""

    reftype: ClassVar[str] = "user_mask"

    sci: np.ndarray = image(
        "SCI",
        "f4",
        PLANE,
        doc="1 where there is only background, else 0.",
        alternatives=(("integration", "y", "x"),),
    )
