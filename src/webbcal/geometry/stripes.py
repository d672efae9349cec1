"""Exposures that read stripes of a near-infrared detector: which line lies where.

A line is a row or column that is read as one, along the fast axis. Multistripe readout begins
with lines of reference pixels at the edge of the detector, skips some lines, reads a stripe, and
goes on in one of several ways until the frame is full. A superstripe exposure moves the stripe on
from integration to integration, until it has seen all of the detector.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.spec.meta import Meta

_KEYWORDS = (
    "multistripe_reads1",
    "multistripe_skips1",
    "multistripe_reads2",
    "multistripe_skips2",
    "repeat_stripe",
    "interleave_reads1",
    "superstripe_step",
    "num_superstripe",
)


def in_stripes(meta: Meta) -> bool:
    """Tell whether an exposure reads stripes."""
    return bool(meta.subarray.multistripe_reads2)


def in_superstripes(meta: Meta) -> bool:
    """Tell whether the stripes of an exposure move on from integration to integration."""
    return in_stripes(meta) and bool(meta.subarray.num_superstripe)


def layout(meta: Meta) -> str:
    """Return a word for the lines that an exposure reads, empty where it reads no stripes."""
    if not in_stripes(meta):
        return ""
    return "-".join(str(meta.subarray.lookup(name, 0)) for name in _KEYWORDS)


def without_stripes(meta: Meta) -> Meta:
    """Return metadata of an exposure whose lines lie where they belong on the detector."""
    slow = "y" if abs(meta.subarray.slowaxis) == 2 else "x"
    values = {f"subarray.{name}": None for name in _KEYWORDS}
    place = {f"subarray.{slow}start": 1, f"subarray.{slow}size": DETECTOR_SIZE}
    return meta.replace(values | place)


@dataclass(frozen=True)
class Stripes:
    """Lines of an exposure in stripes, in the order of the image; axis (line).

    A superstripe exposure is described as a stack: the frames of its integrations one after the
    other along the slow axis, as if all stripes were read in one frame. Frames that read one
    stripe several times hold as many reads in time: the stack has each line once.

    Parameters
    ----------
    place : array
        Position of each line along the slow axis of the full frame, as stored, from 0.
    stripe : array
        Number of the stripe to which each line belongs.
    reference : array
        Whether it is one of the lines of reference pixels that are read before each stripe.
    along_y : bool
        Whether the slow axis is y.
    mirrored : bool
        Whether lines are stored against the order in which they are read.
    superstripes : int
        Integrations from which the stack is made; 0 for an ordinary exposure.
    repeats : int
        How often a frame reads each line.

    Notes
    -----
    Source: JWST keyword dictionary, MSTR_RD1 to SSTR_NST; JWST User Documentation, NIRISS and
    NIRCam detector subarrays, multistripe readout.
    """

    place: np.ndarray
    stripe: np.ndarray
    reference: np.ndarray
    along_y: bool
    mirrored: bool
    superstripes: int
    repeats: int

    @classmethod
    def of(cls, meta: Meta) -> Self | None:
        """Read them from the metadata of an exposure, None for one that is not in stripes.

        Raises
        ------
        InvalidProduct
            If the stripes do not fill a frame, or leave the detector.
        """
        subarray = meta.subarray
        if not subarray.multistripe_reads2:
            return None
        along_y = abs(subarray.slowaxis) == 2
        size = subarray.ysize if along_y else subarray.xsize
        count = subarray.num_superstripe or 0
        first, second = subarray.multistripe_reads1 or 0, subarray.multistripe_reads2
        again = bool(count and subarray.repeat_stripe and not subarray.interleave_reads1)
        repeats = size // (first + second) if again else 1
        mirrored = subarray.slowaxis < 0
        lines: list[np.ndarray] = []
        stripes: list[np.ndarray] = []
        for number in range(max(count, 1)):
            read, stripe = _read_lines(subarray, size // repeats, number)
            lines.append(read[::-1] if mirrored else read)
            stripe = stripe + (1 + stripes[-1].max() if stripes else 0)
            stripes.append(stripe[::-1] if mirrored else stripe)
        line = np.concatenate(lines)
        if line.max() >= DETECTOR_SIZE:
            raise InvalidProduct(
                "stripes leave the detector",
                expected=f"lines 0 to {DETECTOR_SIZE - 1}",
                found=f"line {line.max()}",
            )
        return cls(
            DETECTOR_SIZE - 1 - line if mirrored else line,
            np.concatenate(stripes),
            line < first,
            along_y,
            mirrored,
            count,
            repeats,
        )

    @property
    def lines(self) -> int:
        """Number of lines of the frame, or of one frame of the stack."""
        return self.place.size // max(self.superstripes, 1)

    def across(self, shape: tuple[int, int]) -> int:
        """Return the number of pixels of a line in a frame of `shape` (rows, columns)."""
        return shape[1] if self.along_y else shape[0]


def _read_lines(subarray: Meta, size: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return line and stripe, in the order in which superstripe `number` is read."""
    first, second = subarray.multistripe_reads1 or 0, subarray.multistripe_reads2
    start = first + (subarray.multistripe_skips1 or 0) + (subarray.superstripe_step or 0) * number
    spacing = second + (subarray.multistripe_skips2 or 0)
    returns, goes_on = bool(subarray.repeat_stripe), bool(subarray.interleave_reads1)
    lines: list[int] = []
    stripes: list[int] = []
    block = 0
    while len(lines) < size:
        if block == 0 or returns:
            lines += range(first)
        moved = block * spacing if goes_on or not returns else 0
        lines += range(start + moved, start + moved + second)
        stripes += [block if returns else 0] * (len(lines) - len(stripes))
        block += 1
    if len(lines) != size:
        raise InvalidProduct(
            "stripes do not fill the subarray",
            expected=f"{first} + {second} lines, repeatedly, to make {size}",
            found=f"{len(lines)}",
        )
    return np.array(lines), np.array(stripes)


def runs(place: np.ndarray) -> list[slice]:
    """Return consecutive positions as slices, in order; each runs upwards."""
    breaks = np.flatnonzero(np.diff(place) != 1) + 1
    return [slice(int(part[0]), int(part[-1]) + 1) for part in np.split(place, breaks)]
