"""Which pixels are read when, and through which amplifier."""

from dataclasses import dataclass

import numpy as np

from webbcal.geometry.readout import BORDER, INSIDE
from webbcal.sim.instruments import Detector, Instrument, ReadPattern, Subarray, instrument_of
from webbcal.sim.instruments._instrument import fast_and_slow

EPOCH_OF_GROUP_TABLE_MJD = 51544.0  # 2000-01-01


@dataclass(frozen=True)
class Readout:
    """Geometry and timing of an exposure.

    Frames of an integration are numbered from 0; frame k is read (k + 1) frame times after the
    reset. Rows and columns are those of the science frame; a *scan* is a frame with the axes
    (slow, fast), as it is read but for the directions.
    """

    detector: Detector
    window: Subarray
    pattern: ReadPattern
    groups: int
    integrations: int

    @classmethod
    def of(
        cls, detector: Detector, window: Subarray, readpatt: str, groups: int, integrations: int
    ) -> "Readout":
        """Return the readout of a read pattern."""
        pattern = instrument_of(detector).read_patterns[readpatt]
        return cls(detector, window, pattern, groups, integrations)

    @property
    def instrument(self) -> Instrument:
        """Facts of the instrument."""
        return instrument_of(self.detector)

    @property
    def frames_averaged(self) -> int:
        """Frames that are averaged into a group."""
        return 1 if self.pattern.reads else self.pattern.frames_averaged

    @property
    def frames_dropped(self) -> int:
        """Frames that are dropped between groups."""
        return self.pattern.frames_dropped

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.window.rows, self.window.columns

    @property
    def outputs(self) -> int:
        """Number of amplifiers in use."""
        return self.instrument.outputs(self.window)

    @property
    def frame_time_s(self) -> float:
        """Time between two frames."""
        clocks = self.instrument.frame_clocks(self.window, self.detector, self.pattern)
        return clocks * self.instrument.clock_s

    @property
    def row_clocks(self) -> int:
        """Clock periods from one row of the readout to the next."""
        return self.instrument.row_clocks(self.window, self.detector, self.pattern)

    @property
    def group_time_s(self) -> float:
        """Time between two groups."""
        pattern = self.pattern
        return (pattern.frames_averaged + pattern.frames_dropped) * self.frame_time_s

    @property
    def frames(self) -> int:
        """Frames of an integration up to the last one used."""
        if self.pattern.reads:
            return self.pattern.reads[-1] + 1
        return self.groups * self.frames_averaged + (self.groups - 1) * self.frames_dropped

    @property
    def integration_time_s(self) -> float:
        """From the reset to the last frame of an integration."""
        return self.frames * self.frame_time_s

    def first_frame(self, group: int) -> int:
        """Return the number of the first frame of a group."""
        if self.pattern.reads:
            return self.pattern.reads[group]
        return group * (self.frames_averaged + self.frames_dropped)

    def place_in_group(self, frame: int) -> tuple[int, int]:
        """Return the group that first sees what happens before a frame, and the place in it."""
        if self.pattern.reads:
            return int(np.searchsorted(self.pattern.reads, frame)), 0
        group, place = divmod(frame, self.frames_averaged + self.frames_dropped)
        return (group, place) if place < self.frames_averaged else (group + 1, 0)

    def mean_group_times(self) -> np.ndarray:
        """Return the mean time of the frames of each group since the reset, s."""
        first = np.array([self.first_frame(group) for group in range(self.groups)])
        return (first + 0.5 * (self.frames_averaged + 1)) * self.frame_time_s

    def reference_pixels(self) -> np.ndarray:
        """Return where the detector's border of light-insensitive pixels is read, bool (y, x)."""
        instrument = self.instrument
        rows, columns = instrument.border
        y = np.arange(self.window.rows) + self.window.y_start - 1
        x = np.arange(self.window.columns) + self.window.x_start - 1
        border_y = (y < rows) | (y >= instrument.rows - rows)
        border_x = (x < columns) | (x >= instrument.columns - columns)
        return border_y[:, None] | border_x[None, :]

    def unlit_pixels(self) -> np.ndarray:
        """Return where no light arrives, bool (y, x).

        Besides the border of the detector, these are the four columns at either side of NIRSpec
        subarrays inside the detector: pixels like others, outside of the light of the slits.
        """
        unlit = self.reference_pixels()
        if self.instrument.name == "NIRSPEC" and self.window.name in INSIDE:
            unlit[:, :BORDER] = unlit[:, -BORDER:] = True
        return unlit

    @property
    def scan_shape(self) -> tuple[int, int]:
        """Size along the slow and the fast axis."""
        fast, slow = fast_and_slow(self.window, self.detector)
        return slow, fast

    def from_scan(self, scan: np.ndarray) -> np.ndarray:
        """Return an array (slow, fast) with the axes (y, x): a view."""
        return scan if abs(self.detector.fast_axis) == 1 else scan.T

    def amplifiers(self) -> list[slice]:
        """Return where on the fast axis each amplifier reads, in the order of the detector."""
        size = self.scan_shape[1]
        if self.instrument.interleaved_outputs:
            return [slice(k, size, self.outputs) for k in range(self.outputs)]
        width = size // self.outputs
        slices = [slice(k * width, (k + 1) * width) for k in range(self.outputs)]
        return slices if self.detector.fast_axis > 0 else slices[::-1]

    def odd_columns(self) -> np.ndarray:
        """Return which positions on the fast axis are odd ones (1, 3, ...) of the detector."""
        return self._odd(self.detector.fast_axis)

    def odd_rows(self) -> np.ndarray:
        """Return which positions on the slow axis are odd ones (1, 3, ...) of the detector."""
        return self._odd(self.detector.slow_axis)

    def _odd(self, axis: int) -> np.ndarray:
        first, count, size = (
            (self.window.x_start, self.window.columns, self.instrument.columns)
            if abs(axis) == 1
            else (self.window.y_start, self.window.rows, self.instrument.rows)
        )
        number = np.arange(count) + first - 1
        if axis < 0:
            number = size - 1 - number
        odd: np.ndarray = number % 2 == 1
        return odd
