"""Instruments, their detectors and the pixels that an exposure reads."""

from dataclasses import dataclass, field

import numpy as np

BORDER = 4
PIXEL_CLOCK_S = 1e-5
MIRI_ROW_CLOCKS = {
    "FULL_FAST": 271,
    "FULL_SLOW": 2333,
    "SLITLESSPRISM": 28,
    "SUB64": 28,
    "SUB128": 44,
    "SUB256": 96,
    "BRIGHTSKY": 162,
    "MASKLYOT": 90,
    "MASK1140": 82,
}
"""Clocks of 10 microseconds that MIRI takes for a row, by subarray."""

MIRI_SKIPPED_ROW_CLOCKS = 7


@dataclass(frozen=True)
class Instrument:
    """A kind of detector: columns and rows, and frames averaged and dropped by read pattern.

    `border_rows` is the height of the reference pixels above and below; they are four wide on
    the left and on the right of every detector.
    """

    name: str
    columns: int
    rows: int
    border_rows: int
    patterns: dict[str, tuple[int, int]] = field(hash=False)


_NIRCAM = {
    "RAPID": (1, 0),
    "BRIGHT1": (1, 1),
    "BRIGHT2": (2, 0),
    "SHALLOW2": (2, 3),
    "SHALLOW4": (4, 1),
    "MEDIUM8": (8, 2),
    "DEEP2": (2, 18),
}
_NIRSPEC = {"NRSRAPID": (1, 0), "NRS": (4, 0), "NRSIRS2RAPID": (1, 0), "NRSIRS2": (5, 0)}
_FGS = {
    "FGSRAPID": (1, 0),
    "FGS": (2, 2),
    "FGS60": (1, 10),
    "ACQ1": (1, 1),
    "ACQ2": (1, 1),
    "FINEGUIDE": (4, 39),
    "ID": (1, 0),
    "TRACK": (1, 1),
}
_MIRI = {"FAST": (1, 0), "FASTR1": (1, 0), "SLOW": (1, 0), "SLOWR1": (1, 0)}
INSTRUMENTS = {
    one.name: one
    for one in (
        Instrument("NIRCAM", 2048, 2048, BORDER, _NIRCAM),
        Instrument("NIRISS", 2048, 2048, BORDER, {"NISRAPID": (1, 0), "NIS": (4, 0)}),
        Instrument("FGS", 2048, 2048, BORDER, _FGS),
        Instrument("NIRSPEC", 2048, 2048, BORDER, _NIRSPEC),
        Instrument("MIRI", 1032, 1024, 0, _MIRI),
    )
}


@dataclass(frozen=True)
class Frame:
    """Pixels of a detector: first column and row (from 1), columns and rows, science frame."""

    x: int
    y: int
    nx: int
    ny: int
    instrument: str = "NIRCAM"

    @property
    def of(self) -> Instrument:
        """The instrument."""
        return INSTRUMENTS[self.instrument]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.ny, self.nx

    @property
    def full(self) -> bool:
        """Whether this is the whole detector."""
        return self.nx == self.of.columns and self.ny == self.of.rows

    def frame_time(self, subarray: str = "", readpatt: str = "") -> float:
        """Return the time of one read of these pixels, s."""
        if self.instrument == "MIRI":
            return sum(self.miri_clocks(subarray, readpatt)) * PIXEL_CLOCK_S
        columns = self.nx // 4 if self.full else self.nx
        return (self.ny + (1 if self.full else 2)) * (columns + 12) * PIXEL_CLOCK_S

    def miri_clocks(self, subarray: str, readpatt: str) -> tuple[int, int]:
        """Return the clocks for the rows that are read, and for those that are skipped."""
        name = f"FULL_{readpatt[:4]}" if self.full else subarray
        rows = self.ny * MIRI_ROW_CLOCKS[name]
        return rows, (self.of.rows - self.ny) * MIRI_SKIPPED_ROW_CLOCKS

    def within(self, other: "Frame") -> tuple[slice, slice]:
        """Return the index of these pixels in an array of another frame."""
        y, x = self.y - other.y, self.x - other.x
        return slice(y, y + self.ny), slice(x, x + self.nx)

    def reference_pixels(self) -> np.ndarray:
        """Return where the pixels do not see light."""
        y = np.arange(self.y - 1, self.y - 1 + self.ny)
        x = np.arange(self.x - 1, self.x - 1 + self.nx)
        columns, rows, height = self.of.columns, self.of.rows, self.of.border_rows
        return ((y < height) | (y >= rows - height))[:, None] | (
            (x < BORDER) | (x >= columns - BORDER)
        )[None, :]


def as_stored(image: np.ndarray, fast: int, slow: int) -> np.ndarray:
    """Turn an image in the order of reading (rows, then along the fast axis) as it is stored."""
    if abs(fast) == 1:
        return image[:: 1 if slow > 0 else -1, :: 1 if fast > 0 else -1]
    return image.T[:: 1 if fast > 0 else -1, :: 1 if slow > 0 else -1]
