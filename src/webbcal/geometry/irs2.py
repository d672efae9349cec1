"""How NIRSpec frames with interleaved reference pixels (IRS2) are laid out, in space and time.

Along its fast axis, each of the four amplifiers visits 4 reference pixels after every 16 pixels
that see the sky, and so does the reference output beside them: 5 sectors of 640 pixels in the
order of the detector, 3200 rows as stored. Every change between the two kinds costs one sample
of time, and the end of a line 8: 712 samples, all of equal length, from one line to the next.

Source: Rauscher et al. 2017, PASP 129, 105003; JWST User Documentation, "NIRSpec IRS2 Detector
Readout Mode".
"""

from dataclasses import dataclass

import numpy as np

from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.spec.meta import Meta
from webbcal.spec.window import Window

NORMAL = 16
"""Pixels that see the sky between two visits to reference pixels."""

REFERENCE = 4
"""Reference pixels read at each visit."""

PERIOD = NORMAL + REFERENCE
OUTPUTS = 5
"""The reference output, and four amplifiers."""

BLOCKS = DETECTOR_SIZE // (OUTPUTS - 1) // NORMAL
SECTOR = BLOCKS * PERIOD
FRAME_ROWS = OUTPUTS * SECTOR
FRAME = (FRAME_ROWS, DETECTOR_SIZE)
"""Rows and columns as stored."""

SAMPLES = BLOCKS * (PERIOD + 2) + 8
"""Time samples of one line."""

OFFSETS = np.arange(NORMAL // 2, NORMAL // 2 + REFERENCE)
"""Where the reference pixels lie within a period."""


def is_interleaved(meta: Meta) -> bool:
    """Tell whether reference pixels are interleaved: by the name of the read pattern."""
    return "IRS2" in str(meta.exposure.readpatt or "").upper()


def reference_positions() -> np.ndarray:
    """Return where, in a sector, the interleaved reference pixels lie; axes (block, pixel)."""
    return np.asarray(np.arange(BLOCKS)[:, np.newaxis] * PERIOD + OFFSETS)


def is_reference_position() -> np.ndarray:
    """Return, for each position in a sector, whether it is an interleaved reference pixel."""
    marks = np.zeros(SECTOR, np.bool_)
    marks[reference_positions().ravel()] = True
    return marks


def parity_of_position() -> np.ndarray:
    """Return 0 or 1 for every other position; the first pair of each visit is like the first.

    Either of the two reference pixels of a visit is read twice in a row. In refpix references,
    which count from one, the first position and the first pair are both odd.
    """
    parity = np.arange(SECTOR) % 2
    parity[reference_positions()] = [0, 0, 1, 1]
    return parity


def sample_of_position() -> np.ndarray:
    """Return the time sample, within a line, of each position of a sector in reading order."""
    position = np.arange(SECTOR)
    within = position % PERIOD
    first, last = OFFSETS[0], OFFSETS[-1]
    return np.asarray(position + 2 * (position // PERIOD) + (within >= first) + (within > last))


@dataclass(frozen=True)
class Layout:
    """Where the outputs of an exposure lie in its stored frame.

    Parameters
    ----------
    reversed_axes : bool
        Whether both axes are stored against the direction of the detector: NRS2.
    """

    reversed_axes: bool

    @classmethod
    def of(cls, meta: Meta) -> "Layout":
        """Read it from the metadata of an exposure."""
        return cls((meta.subarray.fastaxis or 1) < 0)

    def rows(self, output: int) -> np.ndarray:
        """Return the stored row of each position of an output, in reading order.

        Output 0 is the reference output. Neighbouring amplifiers are read towards each other.
        """
        rows = np.arange(output * SECTOR, (output + 1) * SECTOR)
        if output % 2 == 0:
            rows = rows[::-1]
        return FRAME_ROWS - 1 - rows if self.reversed_axes else rows

    def sector(self, output: int) -> slice:
        """Return the stored rows of an output, in ascending order."""
        first = (OUTPUTS - 1 - output if self.reversed_axes else output) * SECTOR
        return slice(first, first + SECTOR)

    def science_rows(self) -> np.ndarray:
        """Return the stored rows, in ascending order, of the 2048 lines of the detector."""
        normal = ~is_reference_position()
        rows = [self.rows(output)[normal] for output in range(1, OUTPUTS)]
        return np.sort(np.concatenate(rows))


def without_interleaved(meta: Meta, window: Window) -> tuple[np.ndarray, Window]:
    """Return what of a window of the stored frame lies on the detector.

    Returns
    -------
    array
        Those rows, counted from the first of the window.
    Window
        The same pixels on a frame without interleaved reference pixels.
    """
    science = Layout.of(meta).science_rows()
    first, last = np.searchsorted(science, (window.y0, window.y1)).tolist()
    frame = (science.size, window.shape[1])
    return science[first:last] - window.y0, Window(first, last, window.x0, window.x1, frame)


def stored_reach(reach: int) -> int:
    """Return within how many stored rows the neighbours of a pixel lie, for a reach in pixels."""
    return reach + REFERENCE * -(-reach // NORMAL) if reach else 0


def nearest_lines(meta: Meta) -> np.ndarray:
    """Return the line of the detector that each stored row shows or lies next to."""
    science = Layout.of(meta).science_rows()
    place = np.searchsorted(science, np.arange(FRAME_ROWS))
    return np.minimum(place, science.size - 1)
