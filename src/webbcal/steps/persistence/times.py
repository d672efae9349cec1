"""When the integrations and groups of an exposure are read."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.steps._exposure import first_integration, positive

DAY = 86400.0
"""Seconds of a day."""


@dataclass(frozen=True)
class ReadTimes:
    """Times of the reads of an exposure.

    Parameters
    ----------
    starts : array
        Beginning of each integration, MJD, axis (integration).
    frames : array
        Time of each read from there, s, axes (group, frame).
    """

    starts: np.ndarray
    frames: np.ndarray

    @classmethod
    def of(cls, ramp: Ramp) -> Self:
        """Take them from the table INT_TIMES, else from the times of the exposure.

        The reads follow the read pattern, unless the exposure lists their times.

        Raises
        ------
        InvalidProduct
            If the table lacks an integration, or the read pattern is not recorded.
        CannotCalibrate
            If nothing tells when the exposure started.
        """
        integrations, groups = ramp.shape_of("sci")[:2]
        first = first_integration(ramp.meta)
        frames = int(positive(ramp.meta, "nframes"))
        spacing = frames + (ramp.meta.exposure.groupgap or 0)
        number = np.arange(groups)[:, np.newaxis] * spacing + np.arange(1, frames + 1)
        seconds = number * positive(ramp.meta, "frame_time")
        explicit = ramp.meta.exposure.lookup("read_times")
        if explicit:
            seconds = np.asarray(explicit, np.float64)
        starts = _tabled(ramp, first + 1 + np.arange(integrations))
        if starts is None:
            starts = _counted(ramp.meta, first + np.arange(integrations))
        return cls(starts, seconds)

    @property
    def groups(self) -> np.ndarray:
        """Mean time of the reads of each group from the beginning, s."""
        mean: np.ndarray = self.frames.mean(axis=1)
        return mean

    @property
    def duration(self) -> float:
        """Time from the beginning of an integration to its last read, s."""
        return float(self.frames[-1, -1])

    @property
    def ends(self) -> np.ndarray:
        """End of each integration, MJD."""
        return self.starts + self.duration / DAY


def _tabled(ramp: Ramp, numbers: np.ndarray) -> np.ndarray | None:
    """Return the beginnings of integrations as INT_TIMES tells, None where it is empty."""
    table = ramp.int_times
    if table is None or table.size == 0:
        return None
    known = {int(row["integration_number"]): float(row["int_start_MJD_UTC"]) for row in table}
    missing = [int(number) for number in numbers if not known.get(int(number), -1.0) > 0]
    if missing:
        raise InvalidProduct(
            "table INT_TIMES lacks integrations of the exposure",
            expected=f"times of the integrations {numbers[0]} to {numbers[-1]}",
            found=f"none of integration {missing[0]}",
        )
    return np.array([known[int(number)] for number in numbers])


def _counted(meta: Meta, index: np.ndarray) -> np.ndarray:
    start = meta.exposure.start_time
    if not isinstance(start, int | float) or not start > 0:
        raise CannotCalibrate("neither INT_TIMES nor EXPSTART tells when the exposure started")
    return float(start) + index * (positive(meta, "integration_time") / DAY)
