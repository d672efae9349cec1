"""Electromagnetic interference: waves laid over the pixels in the order in which they are read."""

from collections.abc import Mapping

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.references import EmiCorrection, Reference

FREQUENCIES = {"Hz390": 390.625, "Hz10": 10.039216}
"""Name and frequency, Hz."""

HARMONICS = {"Hz390": ((4.0, 0.0), (1.2, 1.0), (0.4, 2.0)), "Hz10": ((3.0, 0.5), (0.9, 2.0))}
"""Amplitude (DN) and phase (radian) of each wave and its overtones."""

STANDING = 1e-6
"""Of a period from frame to frame: a wave that moves less stands still."""

SAMPLES = 500
"""Samples of a period in the reference."""


def wave(name: str, turns: np.ndarray) -> np.ndarray:
    """Return a wave at phases in units of its period, DN."""
    total = np.zeros(np.shape(turns))
    for number, (amplitude, phase) in enumerate(HARMONICS[name], 1):
        total += amplitude * np.sin(2 * np.pi * number * turns + phase)
    return total


class Interference(Effect):
    r"""Add waves whose phase follows from when a pixel is read.

    Row y, column x of the frame that begins t after the first reset is read at
    :math:`t + y T_r + \lfloor x / 4 \rfloor T_s`. The phase at the first reset is random.

    Source: Dyrek et al. 2024, A&A 683, A212 (390 Hz in MIRI); JWST User Documentation, EMI
    correction (10 Hz).
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether there is interference."""
        return options.interference > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        y = np.arange(readout.shape[0])[:, None] * readout.row_clocks
        x = np.arange(readout.shape[1])[None] // readout.outputs * readout.pattern.samples
        self.read_s = (y + x) * readout.instrument.clock_s

    def phases(self, exposure: int) -> dict[str, float]:
        """Return the phase of each wave at the first reset of an exposure."""
        rng = generator(self.seed, "interference", exposure)
        return {name: float(rng.uniform()) for name in FREQUENCIES}

    def moving(self) -> list[str]:
        """Return the waves that are not the same in every frame: references hold only these."""
        periods = {name: f * self.readout.frame_time_s for name, f in FREQUENCIES.items()}
        return [name for name, n in periods.items() if abs(n - round(n)) > STANDING]

    def frame(self, moment: Moment, common: np.ndarray) -> np.ndarray:
        """Add the waves."""
        begin_s = moment.clock_s - self.readout.frame_time_s
        total = np.zeros(self.readout.shape)
        for name, phase in self.phases(moment.exposure).items():
            turns = FREQUENCIES[name] * (begin_s + self.read_s) + phase
            total += wave(name, turns)
        return common + (self.options.interference * total).astype(np.float32)

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return waves and clocks."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        readout, window = self.readout, self.readout.window
        slow = readout.pattern.samples > 1
        case = window.name
        if window.full_frame:
            case = "FULL_SLOW" if slow else "FULL_FAST"
        names = self.moving()
        turns = (np.arange(SAMPLES) + 0.5) / SAMPLES
        detectors = tuple(readout.instrument.detectors)
        return {
            "emicorr": EmiCorrection(
                meta=reference_meta(EmiCorrection, self.options, readout),
                frequencies={
                    name: {
                        "frequency": FREQUENCIES[name],
                        "phase_amplitudes": wave(name, turns).astype(np.float32),
                    }
                    for name in FREQUENCIES
                },
                subarray_cases={
                    case: {
                        "rowclocks": readout.row_clocks,
                        "frameclocks": round(readout.frame_time_s / readout.instrument.clock_s),
                        "freqs": {"FAST": names, "SLOW": {name: names for name in detectors}},
                    }
                },
            )
        }
