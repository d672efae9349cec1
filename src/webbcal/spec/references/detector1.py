"""Reference data of stage 1: what is known of each pixel of a detector."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import column, declaration, image, table
from webbcal.spec.references.reference import DQ_DEF, PLANE, Reference


@declaration
class Mask(Reference):
    """Bad pixels of a detector."""

    reftype: ClassVar[str] = "mask"
    model: ClassVar[str] = "MaskModel"
    interleaved: ClassVar[bool] = True

    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Saturation(Reference):
    """Signal at which a pixel saturates."""

    reftype: ClassVar[str] = "saturation"
    model: ClassVar[str] = "SaturationModel"
    interleaved: ClassVar[bool] = True

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN", doc="Saturation threshold, raw signal.")
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags: NO_SAT_CHECK.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Superbias(Reference):
    """Signal of a pixel right after its reset."""

    reftype: ClassVar[str] = "superbias"
    model: ClassVar[str] = "SuperBiasModel"
    idle: ClassVar[tuple[str, ...]] = ("err",)
    interleaved: ClassVar[bool] = True

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN", doc="Bias.")
    err: np.ndarray = image("ERR", "f4", PLANE, unit="DN", doc="Its error.", required=False)
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags: UNRELIABLE_BIAS.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Linearity(Reference):
    """Polynomial that turns the measured into the linear signal."""

    reftype: ClassVar[str] = "linearity"
    model: ClassVar[str] = "LinearityModel"

    coeffs: np.ndarray = image(
        "COEFFS", "f4", ("order", "y", "x"), doc="Coefficient of each power of the signal in DN."
    )
    inverse: np.ndarray = image(
        "INV_COEFFS",
        "f4",
        ("inverse_order", "y", "x"),
        doc="Coefficients of the inverse polynomial.",
        required=False,
    )
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags: NO_LIN_CORR.")
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Dark(Reference):
    """Signal of a ramp taken in the dark; of MIRI, of the first integrations one by one."""

    reftype: ClassVar[str] = "dark"
    model: ClassVar[str] = "DarkModel"
    idle: ClassVar[tuple[str, ...]] = ("err",)

    sci: np.ndarray = image(
        "SCI",
        "f4",
        ("group", "y", "x"),
        unit="DN",
        doc="Dark ramp; the last integration serves all later ones.",
        alternatives=(("integration", "group", "y", "x"),),
    )
    err: np.ndarray = image(
        "ERR",
        "f4",
        ("group", "y", "x"),
        unit="DN",
        doc="Its error.",
        required=False,
        alternatives=(("integration", "group", "y", "x"),),
    )
    dq: np.ndarray = image(
        "DQ",
        "u4",
        PLANE,
        doc="Flags: UNRELIABLE_DARK, HOT, WARM.",
        alternatives=(("integration", "dq_group", "y", "x"),),
    )
    average_dark_current: np.ndarray = image(
        "AVDRKCUR", "f4", PLANE, unit="electron/s", doc="Mean dark current.", required=False
    )
    dq_def: np.ndarray = table("DQ_DEF", *DQ_DEF, doc="Meaning of the bits.", required=False)


@declaration
class Gain(Reference):
    """Electrons per data number."""

    reftype: ClassVar[str] = "gain"
    model: ClassVar[str] = "GainModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="electron/DN", doc="Gain.")


@declaration
class ReadNoise(Reference):
    """Noise of the difference of two reads, sqrt(2) times that of one."""

    reftype: ClassVar[str] = "readnoise"
    model: ClassVar[str] = "ReadnoiseModel"

    sci: np.ndarray = image("SCI", "f4", PLANE, unit="DN", doc="Noise of a pair of reads.")


@declaration
class InterpixelCapacitance(Reference):
    """Kernel that undoes the capacitive coupling of neighbouring pixels."""

    reftype: ClassVar[str] = "ipc"
    model: ClassVar[str] = "IPCModel"
    interleaved: ClassVar[bool] = True

    sci: np.ndarray = image(
        "SCI",
        "f4",
        ("kernel_y", "kernel_x"),
        doc="Deconvolution kernel of unit sum, one for all pixels or one per pixel.",
        alternatives=(("kernel_y", "kernel_x", "y", "x"),),
    )


@declaration
class ReferencePixelFilters(Reference):
    """Frequency filters that predict the noise of an amplifier from its reference pixels (IRS2)."""

    reftype: ClassVar[str] = "refpix"
    model: ClassVar[str] = "IRS2Model"

    filters: np.ndarray = table(
        "IRS2",
        *(
            column(f"{name}_{amplifier}", "f4", doc=f"{what}, amplifier {amplifier + 1}.")
            for name, what in (
                ("alpha", "Filter of the reference output"),
                ("beta", "Filter of the interleaved reference pixels"),
            )
            for amplifier in range(4)
        ),
        doc="Complex filters by frequency: rows in pairs, real and imaginary part.",
    )
    bad_pixels: np.ndarray = table(
        "DQ",
        column("OUTPUT", "u2", doc="Amplifier, 1 to 4."),
        column("ODD_EVEN", "u2", doc="1 for odd rows, 2 for even ones."),
        column("MASK", "u4", doc="One bit per interleaved reference pixel that is bad."),
        doc="Bad interleaved reference pixels.",
        required=False,
    )
