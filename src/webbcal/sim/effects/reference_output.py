"""MIRI: a fifth amplifier reads a constant voltage beside the four of the pixels.

Source: JWST User Documentation, "MIRI Detector Overview" (reference output).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.sim.effects._effect import Effect
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import Index, Stored

LEVEL_DN = 9000.0
DRIFT_DN = 10.0  # from integration to integration


class ReferenceOutput(Effect):
    """Stores what the fifth amplifier reads, with its own offset, drift and white noise."""

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Only if asked for, in exposures of MIRI."""
        return options.reference_output and options.instrument.name == "MIRI"

    def extensions(self, exposure: int, integrations: range) -> dict[str, np.ndarray | Stored]:
        """Return REFOUT: a row for every four of the detector, as many columns."""
        return {"refout": _Reads(self.options, self.readout, self.seed, exposure, integrations)}


@dataclass(frozen=True)
class _Reads:
    """Reads of the fifth amplifier, uint16 (integration, group, y, x), made when they are read."""

    options: ImageSimulation
    readout: Readout
    seed: int
    exposure: int
    integrations: range

    @property
    def shape(self) -> tuple[int, ...]:
        """Integration, group, y, x."""
        rows, columns = self.readout.shape
        frame = rows // self.readout.outputs, columns
        return len(self.integrations), self.readout.groups, *frame

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the values."""
        return np.dtype("u2")

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, DN."""
        first, *others = index or (slice(None),)
        numbers = range(len(self.integrations))[first]
        return np.stack([self._integration(n)[tuple(others)] for n in numbers])

    def _integration(self, number: int) -> np.ndarray:
        rng = generator(self.seed, "reference output", self.exposure, self.integrations[number])
        chip = self.readout.detector
        offset = LEVEL_DN + DRIFT_DN * rng.standard_normal() * self.options.amplifier_offsets
        noise = chip.read_noise / chip.gain / np.sqrt(self.readout.frames_averaged)
        noise *= self.options.read_noise
        values = offset + noise * rng.standard_normal(self.shape[1:], dtype=np.float32)
        reads: np.ndarray = np.rint(values).astype(np.uint16)
        return reads
