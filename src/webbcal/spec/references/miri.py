"""Reference data of stage 1 that only MIRI has."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, image, node, table
from webbcal.spec.references.reference import DQ_DEF, PLANE, Reference


@declaration
class EmiCorrection(Reference):
    """Waves that interfering electronics add to the signal, and the clocks that tell their phase.

    `frequencies` maps a name to ``frequency`` (Hz) and ``phase_amplitudes`` (DN, float32, samples
    of one period). `subarray_cases` maps a subarray (FULL_FAST and FULL_SLOW for whole frames) to
    ``rowclocks`` and ``frameclocks`` (10 microseconds each) and ``freqs``: the names of the
    frequencies present, ``FAST``, and ``SLOW`` by detector.
    """

    reftype: ClassVar[str] = "emicorr"
    model: ClassVar[str] = "EmiModel"
    storage: ClassVar[str] = "asdf"

    frequencies: Mapping[str, Any] = node("frequencies", doc="Waves by name.")
    subarray_cases: Mapping[str, Any] = node("subarray_cases", doc="Clocks by subarray.")


@declaration
class Reset(Reference):
    """Signal that decays in the first groups after a reset."""

    reftype: ClassVar[str] = "reset"
    model: ClassVar[str] = "ResetModel"
    idle: ClassVar[tuple[str, ...]] = ("err",)

    sci: np.ndarray = image(
        "SCI",
        "f4",
        ("integration", "group", "y", "x"),
        unit="DN",
        doc="Reset anomaly; the last integration serves all later ones.",
    )
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags: UNRELIABLE_RESET.")
    err: np.ndarray = image(
        "ERR",
        "f4",
        ("integration", "group", "y", "x"),
        unit="DN",
        doc="Its error.",
        required=False,
    )
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Rscd(Reference):
    """Groups that the reset-switch charge decay spoils, by subarray and read pattern."""

    reftype: ClassVar[str] = "rscd"
    model: ClassVar[str] = "RSCDModel"

    group_skip: np.ndarray = table(
        "RSCD_GROUP_SKIP",
        column("subarray", "S17", doc="Subarray."),
        column("readpatt", "S12", doc="Read pattern."),
        column(
            "group_skip1", "i4", doc="Groups of the first integration to leave out.", optional=True
        ),
        column("group_skip", "i4", doc="Groups of each later integration to leave out."),
        doc="Groups to leave out.",
    )
