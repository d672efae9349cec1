"""Which pixels are read when, and through which amplifier."""

from dataclasses import dataclass

import numpy as np

from webbcal.sim.nircam import (
    FRAME_SIZE,
    OUTPUTS_FULL_FRAME,
    READ_PATTERNS,
    REFERENCE_BORDER,
    Detector,
    Subarray,
)

SAMPLE_TIME_S = 1e-5
ROW_OVERHEAD = 12  # pixel clocks at the end of each row
EPOCH_OF_GROUP_TABLE_MJD = 51544.0  # 2000-01-01


@dataclass(frozen=True)
class Readout:
    """Geometry and timing of an exposure.

    Frames of an integration are numbered from 0; frame k is read (k + 1) frame times after the
    reset. Rows and columns are those of the science frame.

    Source: JWST User Documentation, "NIRCam Detector Readout" (pixel clock of 10 us, 12 clocks
    per row besides the pixels; one further row and clock per full frame, two rows per subarray).
    """

    detector: Detector
    window: Subarray
    frames_averaged: int
    frames_dropped: int
    groups: int
    integrations: int

    @classmethod
    def of(
        cls, detector: Detector, window: Subarray, readpatt: str, groups: int, integrations: int
    ) -> "Readout":
        """Return the readout of a read pattern."""
        averaged, dropped = READ_PATTERNS[readpatt]
        return cls(detector, window, averaged, dropped, groups, integrations)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.window.rows, self.window.columns

    @property
    def outputs(self) -> int:
        """Number of amplifiers in use."""
        return OUTPUTS_FULL_FRAME if self.window.full_frame else 1

    @property
    def frame_time_s(self) -> float:
        """Time between two frames."""
        row = self.window.columns // self.outputs + ROW_OVERHEAD
        if self.window.full_frame:
            clocks = (self.window.rows + 1) * row + 1
        else:
            clocks = (self.window.rows + 2) * row
        return clocks * SAMPLE_TIME_S

    @property
    def group_time_s(self) -> float:
        """Time between two groups."""
        return (self.frames_averaged + self.frames_dropped) * self.frame_time_s

    @property
    def frames(self) -> int:
        """Frames of an integration up to the last one used."""
        return self.groups * self.frames_averaged + (self.groups - 1) * self.frames_dropped

    @property
    def integration_time_s(self) -> float:
        """From the reset to the last frame of an integration."""
        return self.frames * self.frame_time_s

    def first_frame(self, group: int) -> int:
        """Return the number of the first frame of a group."""
        return group * (self.frames_averaged + self.frames_dropped)

    def mean_group_times(self) -> np.ndarray:
        """Return the mean time of the frames of each group since the reset, s."""
        first = np.arange(self.groups) * (self.frames_averaged + self.frames_dropped)
        return (first + 0.5 * (self.frames_averaged + 1)) * self.frame_time_s

    def reference_pixels(self) -> np.ndarray:
        """Return where the detector's border of light-insensitive pixels is read, bool (y, x)."""
        y = np.arange(self.window.rows) + self.window.y_start - 1
        x = np.arange(self.window.columns) + self.window.x_start - 1
        border_y = (y < REFERENCE_BORDER) | (y >= FRAME_SIZE - REFERENCE_BORDER)
        border_x = (x < REFERENCE_BORDER) | (x >= FRAME_SIZE - REFERENCE_BORDER)
        return border_y[:, None] | border_x[None, :]

    def amplifiers(self) -> list[slice]:
        """Return the science columns of each amplifier, in the order of the detector's columns."""
        width = self.window.columns // self.outputs
        slices = [slice(k * width, (k + 1) * width) for k in range(self.outputs)]
        return slices if self.detector.fast_axis > 0 else slices[::-1]

    def odd_columns(self) -> np.ndarray:
        """Return which science columns are odd ones (1, 3, ...) of the detector, bool (x,)."""
        x = np.arange(self.window.columns) + self.window.x_start - 1
        column = x if self.detector.fast_axis > 0 else FRAME_SIZE - 1 - x
        odd: np.ndarray = column % 2 == 1
        return odd
