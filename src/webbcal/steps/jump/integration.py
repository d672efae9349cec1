"""One integration as the search for extended events looks at it."""

from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import positive

BAD = np.uint8(DQ.DO_NOT_USE | DQ.SATURATED)
JUMP = np.uint8(DQ.JUMP_DET)

ALL = slice(None)


@dataclass(frozen=True)
class Integration:
    """Flags in memory, to be changed; signal on disk, to be read where it is needed.

    Attributes
    ----------
    flags : numpy.ndarray
        uint8, axes (group, y, x).
    gain, readnoise : numpy.ndarray
        Electron/DN; noise of a pair of frames, DN; float32, axes (y, x).
    frames, group_time : float
        Frames per group; time between groups, s.
    """

    flags: np.ndarray
    gain: np.ndarray
    readnoise: np.ndarray
    frames: float
    group_time: float
    _ramp: Ramp
    _number: int

    @classmethod
    def of(
        cls, ramp: Ramp, number: int, flags: np.ndarray, gain: Gain, readnoise: ReadNoise
    ) -> "Integration":
        """Return integration `number` of a ramp, with these flags instead of its own."""
        nframes, group_time = (positive(ramp.meta, name) for name in ("nframes", "group_time"))
        return cls(flags, gain.sci, readnoise.sci, nframes, group_time, ramp, number)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.gain.shape
        return rows, columns

    def signal(self, rows: slice = ALL, columns: slice = ALL, *, groups: slice = ALL) -> np.ndarray:
        """Return the signal of a box: float32, DN, axes (group, y, x)."""
        stored = None if "sci" in vars(self._ramp) else self._ramp.stored("sci")
        if stored is None:
            values: np.ndarray = self._ramp.sci[self._number][groups, rows, columns]
            return values
        number = slice(self._number, self._number + 1)
        box: np.ndarray = stored.read((number, groups, rows, columns))
        return box.reshape(box.shape[1:])
