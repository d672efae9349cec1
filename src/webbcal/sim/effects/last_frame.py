"""The last frame of an integration, disturbed by the reset that follows it in pairs of rows."""

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation

OFFSET_DN = {0: -12.0, 1: -6.0}
"""In even and odd rows."""

PART = 0.01
"""Of the signal, lost besides."""


class LastFrame(Effect):
    """Take signal away from the last frame of each integration.

    Source: JWST User Documentation, MIRI Detector Performance: last frame effect; Morrison et
    al. 2023, PASP 135, 075004.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether the last frame is disturbed."""
        return options.last_frame > 0

    def signal(self, moment: Moment, rows: slice, signal: np.ndarray) -> None:
        """Disturb the last frame."""
        if moment.group != self.readout.groups - 1:
            return
        if not self.options.coarse and moment.frame != self.readout.frames - 1:
            return
        strength = np.float32(self.options.last_frame)
        start, stop, _ = rows.indices(self.readout.shape[0])
        parity = np.arange(start, stop) % 2
        offset = np.where(parity == 0, OFFSET_DN[0], OFFSET_DN[1]).astype(np.float32)
        signal += strength * (offset[:, None] - np.float32(PART) * signal)
