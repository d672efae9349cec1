"""Superstripe exposures as stacks: the stripes of one pass over the detector in one tall frame.

The integrations of a superstripe exposure read one stripe each. What belongs together is brought
together before the first step: every line of the tall frame has its place on the detector, so
that references fit it line by line and steps need not know of stripes. The step `refpix` puts
the lines where they lie once the reference pixels of each stripe have served.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.stripes import Stripes
from webbcal.spec.fields import Index, Product, Stored
from webbcal.spec.meta import Meta
from webbcal.spec.products.tables import INT_TIMES_COLUMNS, INT_TIMES_STRIPE_COLUMNS

OVERHEAD_LINES = 2
"""Times of a line that pass at the beginning of each frame."""


def stacked(uncal: Product, path: Path) -> Product:
    """Return an exposure with its superstripes stacked; any other one as it is.

    Parameters
    ----------
    uncal : Product
        Raw exposure, its arrays on disk.
    path : Path
        Its file, for messages.

    Returns
    -------
    Product
        One integration for each pass over the detector. Where a frame reads its stripe several
        times, each time is a group; ``meta.exposure.read_times`` then has the times. The pixels
        are still read only when they are needed. INT_TIMES tells the passes, INT_TIMES_STRIPE
        the stripes.

    Raises
    ------
    InvalidInput
        If passes are not complete, or the frame does not hold whole stripes.

    Notes
    -----
    Source: JWST User Documentation, NIRISS detector subarrays, superstripe readout.
    """
    stripes = Stripes.of(uncal.meta)
    if stripes is None or stripes.superstripes == 0:
        return uncal
    count = uncal.shape_of("sci")[0]
    first = (uncal.meta.exposure.integration_start or 1) - 1
    if count % stripes.superstripes or first % stripes.superstripes:
        raise InvalidInput(
            "incomplete pass over the detector",
            where=path,
            expected=f"a multiple of {stripes.superstripes} integrations (SSTR_NST)",
            found=f"integrations {first + 1} to {first + count}",
        )
    arrays = {
        name: Stacked(array, stripes) if name in ("sci", "zeroframe") else array
        for name, array in uncal.all_stored().items()
    }
    rest: dict[str, Any] = {
        name: value
        for name, value in vars(uncal).items()
        if name not in arrays and not name.startswith("_")
    }
    for name in ("int_times", "int_times_stripe"):
        arrays.pop(name, None)
    table = getattr(uncal, "int_times", None)
    if table is not None and table.size:
        rest["int_times"], rest["int_times_stripe"] = _times(table, stripes.superstripes)
    rest["meta"] = uncal.meta.replace(_values(uncal.meta, stripes))
    return type(uncal).from_stored(arrays, **rest)


def _values(meta: Meta, stripes: Stripes) -> dict[str, Any]:
    """Return the metadata that count passes over the detector."""
    exposure, number = meta.exposure, stripes.superstripes
    values: dict[str, Any] = {"exposure.nints": -(-exposure.nints // number)}
    for name in ("integration_start", "integration_end"):
        value = exposure.lookup(name)
        if value is not None:
            values[f"exposure.{name}"] = -(-value // number)
    if stripes.repeats > 1:
        values["exposure.ngroups"] = exposure.ngroups * stripes.repeats
        values["exposure.read_times"] = _read_times(exposure, stripes)
    return values


def _read_times(exposure: Meta, stripes: Stripes) -> list[list[float]]:
    """Return when each repetition of a stripe ends since the reset, s, (group, frame)."""
    frame_lines = stripes.repeats * stripes.lines + OVERHEAD_LINES
    line_time = exposure.frame_time / frame_lines
    spacing = exposure.nframes + (exposure.groupgap or 0)
    return [
        [
            line_time
            * ((group * spacing + frame) * frame_lines + OVERHEAD_LINES + again * stripes.lines)
            for frame in range(exposure.nframes)
        ]
        for group in range(exposure.ngroups)
        for again in range(1, stripes.repeats + 1)
    ]


def _times(table: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of the passes, and those of the stripes."""
    passes = np.zeros(-(-table.size // number), [(c.name, c.dtype) for c in INT_TIMES_COLUMNS])
    every = np.zeros(table.size, [(c.name, c.dtype) for c in INT_TIMES_STRIPE_COLUMNS])
    before = table["integration_number"] - 1
    every["integration_number"], every["stripe_number"] = before // number + 1, before % number + 1
    passes["integration_number"] = every["integration_number"][::number]
    for system in ("MJD_UTC", "BJD_TDB"):
        start, middle, end = (f"int_{part}_{system}" for part in ("start", "mid", "end"))
        for name in (start, middle, end):
            every[name] = table[name]
        passes[start] = table[start][::number]
        passes[end] = np.append(table[end][number - 1 :: number], table[end][-1])[: passes.size]
        passes[middle] = (passes[start] + passes[end]) / 2
    return passes, every


@dataclass(frozen=True)
class Stacked:
    """An array of a superstripe exposure on disk, seen as a stack.

    Parameters
    ----------
    source : Stored
        Axes (integration, y, x) or (integration, group, y, x).
    stripes : Stripes
        Geometry.
    """

    source: Stored
    stripes: Stripes

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes."""
        count, *groups, rows, columns = self.source.shape
        across = self.stripes.across((rows, columns))
        tall = self.stripes.place.size
        frame = (tall, across) if self.stripes.along_y else (across, tall)
        return (
            count // self.stripes.superstripes,
            *(n * self.stripes.repeats for n in groups),
            *frame,
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the source."""
        return self.source.dtype

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        parts = [
            part.indices(length)[:2]
            for part, length in zip((index or ()), self.shape, strict=False)
        ]
        parts += [(0, length) for length in self.shape[len(parts) :]]
        out = np.empty([max(stop - start, 0) for start, stop in parts], self.dtype)
        slow = -2 if self.stripes.along_y else -1
        fast = -1 if self.stripes.along_y else -2
        groups = parts[1] if len(parts) == 4 else (0, 1)
        for i in range(*parts[0]):
            for number, stack, local in self._pieces(*parts[slow]):
                for g in range(*groups):
                    frame, again = divmod(g, self.stripes.repeats)
                    moved = self._block(again) * self.stripes.lines
                    lines = slice(local.start + moved, local.stop + moved)
                    across = slice(*parts[fast])
                    pixels = (lines, across) if self.stripes.along_y else (across, lines)
                    k = i * self.stripes.superstripes + number
                    start = (slice(k, k + 1), slice(frame, frame + 1))[: len(parts) - 2]
                    values = self.source.read((*start, *pixels))
                    target = out[i - parts[0][0]]
                    if len(parts) == 4:
                        target = target[g - groups[0]]
                    where = (stack, slice(None)) if self.stripes.along_y else (slice(None), stack)
                    target[where] = values.reshape(values.shape[-2:])
        return out

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, slice, slice]]:
        """Yield superstripe, lines of the part wanted, and lines of the stripe's own frame."""
        height = self.stripes.lines
        for number in range(start // height, -(-stop // height)):
            low, high = max(start, number * height), min(stop, (number + 1) * height)
            yield (
                number,
                slice(low - start, high - start),
                slice(low - number * height, high - number * height),
            )

    def _block(self, again: int) -> int:
        """Return which block of lines of a frame holds a repetition."""
        return self.stripes.repeats - 1 - again if self.stripes.mirrored else again
