"""Facts of the ten NIRCam detectors, their read patterns, filters and subarrays, as simulated.

Source: JWST User Documentation, "NIRCam Detectors", "NIRCam Detector Readout Patterns",
"NIRCam Filters", "NIRCam Detector Subarrays"; orientation keywords of flight exposures.
Noise, gain and full well are typical figures of each channel, not a calibration.
"""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions

FRAME_SIZE = 2048
REFERENCE_BORDER = 4
OUTPUTS_FULL_FRAME = 4


@dataclass(frozen=True)
class Detector:
    """One sensor chip assembly.

    Attributes
    ----------
    fast_axis, slow_axis : int
        Direction of the readout in the science frame: 1 is x, 2 is y, negative runs down.
    gain : float
        Electron/DN.
    read_noise : float
        Of one read, electron.
    full_well : float
        Electron.
    dark_rate : float
        Typical, electron/s.
    v2, v3 : float
        Position in the focal plane, arcsec.
    """

    name: str
    module: str
    channel: str
    number: int
    fast_axis: int
    slow_axis: int
    gain: float
    read_noise: float
    full_well: float
    dark_rate: float
    v2: float
    v3: float
    innermost: tuple[str, str]

    @property
    def pixel_scale(self) -> float:
        """Arcsec per pixel."""
        return 0.031 if self.channel == "SHORT" else 0.063


def _short(
    name: str, number: int, gain: float, v2: float, v3: float, innermost: tuple[str, str]
) -> Detector:
    fast = -1 if name in {"NRCA1", "NRCA3", "NRCB2", "NRCB4"} else 1
    return Detector(
        name, name[3], "SHORT", number, fast, -2 * fast, gain, 11.2, 1.05e5, 2e-3, v2, v3, innermost
    )


def _long(name: str, number: int, gain: float, v2: float, v3: float) -> Detector:
    fast = -1 if name == "NRCALONG" else 1
    centre = ("middle", "middle")
    return Detector(
        name, name[3], "LONG", number, fast, -2 * fast, gain, 9.6, 8.3e4, 3e-2, v2, v3, centre
    )


DETECTORS: dict[str, Detector] = {
    d.name: d
    for d in (
        _short("NRCA1", 481, 2.08, 120.67, -527.39, ("high", "high")),
        _short("NRCA2", 482, 2.02, 120.11, -459.68, ("high", "low")),
        _short("NRCA3", 483, 2.17, 51.93, -527.80, ("low", "high")),
        _short("NRCA4", 484, 2.02, 52.28, -459.81, ("low", "low")),
        _long("NRCALONG", 485, 1.84, 86.10, -493.23),
        _short("NRCB1", 486, 2.01, -120.97, -457.75, ("low", "low")),
        _short("NRCB2", 487, 2.14, -121.14, -525.46, ("low", "high")),
        _short("NRCB3", 488, 1.94, -53.12, -457.78, ("high", "low")),
        _short("NRCB4", 489, 2.03, -52.82, -525.73, ("high", "high")),
        _long("NRCBLONG", 490, 1.85, -89.39, -491.44),
    )
}

READ_PATTERNS: dict[str, tuple[int, int]] = {
    "RAPID": (1, 0),
    "BRIGHT1": (1, 1),
    "BRIGHT2": (2, 0),
    "SHALLOW2": (2, 3),
    "SHALLOW4": (4, 1),
    "MEDIUM2": (2, 8),
    "MEDIUM8": (8, 2),
    "DEEP2": (2, 18),
    "DEEP8": (8, 12),
}
"""Frames averaged into a group, and frames dropped between groups."""

FILTERS: dict[str, dict[str, float]] = {
    "SHORT": {
        "F070W": 0.704,
        "F090W": 0.901,
        "F115W": 1.154,
        "F140M": 1.404,
        "F150W": 1.501,
        "F150W2": 1.671,
        "F182M": 1.845,
        "F187N": 1.874,
        "F200W": 1.990,
        "F210M": 2.093,
        "F212N": 2.120,
    },
    "LONG": {
        "F250M": 2.503,
        "F277W": 2.786,
        "F300M": 2.996,
        "F322W2": 3.247,
        "F335M": 3.365,
        "F356W": 3.563,
        "F360M": 3.621,
        "F410M": 4.092,
        "F430M": 4.280,
        "F444W": 4.421,
        "F460M": 4.624,
        "F480M": 4.834,
    },
}
"""Pivot wavelength in micrometre, by channel."""

DEFAULT_FILTER = {"SHORT": "F200W", "LONG": "F356W"}

SUBARRAY_SIZES = {"SUB640": 640, "SUB320": 320, "SUB160": 160, "SUB64P": 64}


@dataclass(frozen=True)
class Subarray:
    """The part of a detector that is read; `x_start`, `y_start` count from 1, science frame."""

    name: str
    x_start: int
    y_start: int
    columns: int
    rows: int

    @property
    def full_frame(self) -> bool:
        """Whether the whole detector is read, through four outputs."""
        return self.rows == self.columns == FRAME_SIZE


def subarray_of(
    text: str, detector: Detector, x_start: int | None = None, y_start: int | None = None
) -> Subarray:
    """Find a subarray by its name, or by its size ``ROWSxCOLUMNS``.

    The extended-source subarrays lie at the corner of a short-wavelength detector next to the
    middle of its module, and in the middle of a long-wavelength one; SUB64P lies at the top left;
    a size by itself at the lower left, where it holds reference pixels on two sides.

    Raises
    ------
    InvalidOptions
        If the name is not known, or the subarray does not fit on the detector.
    """
    name = text.upper()
    where: tuple[str, str]
    if name == "FULL":
        rows = columns = FRAME_SIZE
        where = ("low", "low")
    elif name in SUBARRAY_SIZES:
        rows = columns = SUBARRAY_SIZES[name]
        where = ("low", "high") if name == "SUB64P" else detector.innermost
    else:
        rows, columns = _size(text)
        name = "FULL" if rows == columns == FRAME_SIZE else "GENERIC"
        where = ("low", "low")
    x0 = x_start if x_start is not None else _corner(where[0], columns)
    y0 = y_start if y_start is not None else _corner(where[1], rows)
    if min(x0, y0) < 1 or x0 + columns - 1 > FRAME_SIZE or y0 + rows - 1 > FRAME_SIZE:
        raise InvalidOptions(
            "subarray",
            expected=f"inside a detector of {FRAME_SIZE} x {FRAME_SIZE} pixels",
            found=f"{rows}x{columns} starting at x = {x0}, y = {y0}",
        )
    return Subarray(name, x0, y0, columns, rows)


def _corner(where: str, size: int) -> int:
    spare = FRAME_SIZE - size
    return 1 + {"low": 0, "middle": spare // 2, "high": spare}[where]


def _size(text: str) -> tuple[int, int]:
    rows, _, columns = text.lower().partition("x")
    if not (rows.isdecimal() and columns.isdecimal() and int(rows) > 0 and int(columns) > 0):
        names = ", ".join(["FULL", *SUBARRAY_SIZES])
        raise InvalidOptions("subarray", expected=f"{names} or ROWSxCOLUMNS", found=text)
    return int(rows), int(columns)
