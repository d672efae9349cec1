"""The integrations of one file, simulated when they are written: none is kept longer."""

import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.sim.ramps import HIT_DTYPE, NEVER, Integration
from webbcal.spec.fields import Index

IN_MEMORY = 1 << 26
"""Bytes of an array beside the ramps that are kept in memory."""


class Recording:
    """Some integrations of an exposure, taken one by one from their source, in order.

    Parameters
    ----------
    source : iterator of Integration
        Gives the integrations of the whole exposure; those of `part` are next.
    part : range
        The integrations of this file, numbered from 0 in the exposure.
    groups, raw_shape, shape
        Number of groups; rows and columns of a stored frame, and of the science frame.
    folder : Path or None
        Where frames may be put down for a while; None to keep all in memory.
    """

    def __init__(
        self,
        source: Iterator[Integration],
        part: range,
        groups: int,
        raw_shape: tuple[int, int],
        shape: tuple[int, int],
        folder: Path | None = None,
    ) -> None:
        self._source = source
        self._part = part
        self._held: deque[tuple[int, np.ndarray]] = deque()
        self._taken = 0
        self._hits: list[np.ndarray] = []
        self._saturation: list[np.ndarray] = []
        self._folds = folder is not None and 2 * len(part) * shape[0] * shape[1] > IN_MEMORY
        limit = IN_MEMORY if folder is not None else 0  # 0: no limit
        where = str(folder) if folder is not None else None
        self._zero = tempfile.SpooledTemporaryFile(max_size=limit, dir=where)  # noqa: SIM115
        self.groups = _Groups(self, (len(part), groups, *raw_shape))
        self.zero_frames = _ZeroFrames(self, (len(part), *raw_shape))

    def held(self, number: int) -> np.ndarray:
        """Return the groups of an integration, numbered from 0 in this file.

        Earlier ones are forgotten and cannot be had again.
        """
        while self._held and self._held[0][0] < number:
            self._held.popleft()
        while self._taken <= number:
            self._take(keep=True)
        for n, groups in self._held:
            if n == number:
                return groups
        raise ValueError(f"integration {number} of the recording is gone")

    def finish(self) -> None:
        """Simulate what was not asked for, and forget all frames."""
        self._held.clear()
        while self._taken < len(self._part):
            self._take(keep=False)
        self._zero.close()

    def zero_frame(self, number: int) -> np.ndarray:
        """Return the first frame of an integration, once its groups are there."""
        shape = self.zero_frames.shape[1:]
        size = 2 * shape[0] * shape[1]
        self._zero.seek(number * size)
        return np.frombuffer(self._zero.read(size), np.uint16).reshape(shape)

    @property
    def hits(self) -> np.ndarray:
        """Events, as in `webbcal.sim.ramps.Ramps`, integrations numbered in this file."""
        return np.concatenate(self._hits) if self._hits else np.zeros(0, HIT_DTYPE)

    @property
    def saturation_group(self) -> np.ndarray:
        """First saturated group, int16 (integration, y, x); folded into one if large."""
        return np.stack(self._saturation)

    def _take(self, *, keep: bool) -> None:
        integration = next(self._source)
        if keep:
            self._held.append((self._taken, integration.groups))
        if integration.zero_frame is not None:
            self._zero.seek(0, 2)
            self._zero.write(np.ascontiguousarray(integration.zero_frame).tobytes())
        hits = integration.hits
        hits["integration"] = self._taken
        self._hits.append(hits)
        self._taken += 1
        now = integration.saturation_group
        if self._folds and self._saturation:
            before = self._saturation[0]
            earlier = (now != NEVER) & ((before == NEVER) | (now < before))
            before[earlier] = now[earlier]
        else:
            self._saturation.append(now)


class _Lazy:
    """An array that a recording gives from the first integration to the last."""

    dtype: np.dtype[Any] = np.dtype("u2")

    def __init__(self, recording: Recording, shape: tuple[int, ...]) -> None:
        self._recording = recording
        self.shape = shape

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part; selections may not go back to earlier integrations."""
        first, *others = index or (slice(None),)
        numbers = range(self.shape[0])[first]
        part = tuple(others)
        out: np.ndarray | None = None
        for n, number in enumerate(numbers):
            one = self._one(number)[part]
            if out is None:
                out = np.empty((len(numbers), *one.shape), self.dtype)
            out[n] = one
        return np.empty((0, *self.shape[1:]), self.dtype) if out is None else out

    def _one(self, number: int) -> np.ndarray:
        raise NotImplementedError


class _Groups(_Lazy):
    """uint16 (integration, group, y, x)."""

    def _one(self, number: int) -> np.ndarray:
        return self._recording.held(number)


class _ZeroFrames(_Lazy):
    """uint16 (integration, y, x), after the groups."""

    def _one(self, number: int) -> np.ndarray:
        return self._recording.zero_frame(number)
