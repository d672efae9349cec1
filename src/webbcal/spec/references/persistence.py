"""What is known of the charge traps of a detector, and of their state before an exposure."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, image, table
from webbcal.spec.references.reference import DQ_DEF, PLANE, Reference


@declaration
class TrapDensity(Reference):
    """How many charge traps each pixel has, relative to the others."""

    reftype: ClassVar[str] = "trapdensity"
    model: ClassVar[str] = "TrapDensityModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, doc="Density of traps, median 1.")
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class TrapParameters(Reference):
    """How each family of traps captures and releases charge."""

    reftype: ClassVar[str] = "trappars"
    model: ClassVar[str] = "TrapParsModel"

    trappars_table: np.ndarray = table(
        "TRAPPARS",
        column("capture0", "f8", "DN", doc="Charge that traps capture with a time constant."),
        column("capture1", "f8", "1/s", doc="Minus the reciprocal of that time constant."),
        column("capture2", "f8", "DN", doc="Charge that traps capture at once."),
        column("decay_param", "f8", "1/s", doc="Minus the reciprocal of the time of release."),
        doc="One row per family, for a pixel of density 1 filled to its persistence saturation.",
    )


@declaration
class PersistenceSaturation(Reference):
    """Signal at which all the traps of a pixel meet charge."""

    reftype: ClassVar[str] = "persat"
    model: ClassVar[str] = "PersistenceSatModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN", doc="Full well, linear signal.")
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class FilledTraps(Reference):
    """The traps that an earlier exposure has left filled: its product ``trapsfilled``."""

    reftype: ClassVar[str] = "trapsfilled"
    model: ClassVar[str] = "TrapsFilledModel"

    sci: np.ndarray = image(
        "SCI",
        "f4",
        ("family", "y", "x"),
        unit="DN",
        doc="Charge in the traps of each family at the time EXPEND.",
    )


@declaration
class PersistenceWindows(Reference):
    """Until when pixels show persistence, by an earlier exposure: its product ``perswindow``."""

    reftype: ClassVar[str] = "perswindow"

    sci: np.ndarray = image(
        "SCI", "f8", PLANE, unit="d", doc="End of the persistence, MJD; 0 where there is none."
    )


@declaration
class UserMask(Reference):
    """Flags that a user adds to those of the mask: the first image of a file."""

    reftype: ClassVar[str] = "user_supplied_dq"

    dq: np.ndarray = image("SCI", "u4", PLANE, doc="Flags, bits as in the products.")
