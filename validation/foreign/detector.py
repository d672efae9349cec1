"""What is true of the pixels of a detector, independent of webbcal's simulator and its steps."""

import numpy as np

from validation.foreign.frame import Frame

EVERYTHING = (slice(None), slice(None))


class Detector:
    """What is true of every pixel of a detector, and the references that say so.

    Electron for charge, DN for what is read. ``linear = m + a m^2 + b m^3`` for a measured
    signal m above the bias; in MIRI, whose bias is not subtracted, m includes the bias.
    """

    def __init__(self, frame: Frame, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.frame = frame
        shape = frame.shape

        def vary(mean: float, part: float) -> np.ndarray:
            return (mean * (1 + part * rng.standard_normal(shape, np.float32))).astype(np.float32)

        y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        self.miri = frame.instrument == "MIRI"
        self.blind = frame.reference_pixels()
        self.gain = vary(5.5 if self.miri else 2.0, 0.02)
        self.read_noise = np.abs(vary(22.0 if self.miri else 11.0, 0.15))  # electron, one read
        self.bias = 8000 + 400 * np.sin(x / 37) * np.cos(y / 53) + vary(60.0, 1.0)
        self.square = np.abs(vary(1.0e-6, 0.1))
        self.cube = np.abs(vary(2.0e-12, 0.1))
        self.full_well = vary(4.6e4 if self.miri else 5.2e4, 0.04)  # DN, linear
        self.dark = np.abs(vary(0.12 if self.miri else 0.03, 0.5))  # electron/s
        hot = rng.random(shape) < 2e-3
        self.dark[hot] = 10 ** rng.uniform(0, 3, hot.sum())
        self.dark[self.blind] = 0
        self.hot = hot & ~self.blind
        self.dead = (rng.random(shape) < 2e-3) & ~self.blind
        self.noisy = (rng.random(shape) < 2e-3) & ~self.blind
        self.read_noise[self.noisy] *= 6
        self.response = vary(1.0, 0.01)
        self.response[self.dead | self.blind] = 0
        self.anomaly = np.abs(vary(60.0, 0.3)) if self.miri else np.zeros(shape, np.float32)

    def measured(self, linear: np.ndarray, index: tuple[slice, slice]) -> np.ndarray:
        """Return the nonlinear signal (DN) of a linear one."""
        a, b = self.square[index], self.cube[index]
        signal = linear / (1 + a * linear)
        for _ in range(6):
            signal = linear / (1 + signal * (a + b * signal))
        return signal

    def raw(self, linear: np.ndarray, index: tuple[slice, slice]) -> np.ndarray:
        """Return what is read of a linear signal (DN) above the bias."""
        bias = self.bias[index]
        if self.miri:
            return self.measured(linear + bias, index)
        return bias + self.measured(linear, index)

    def threshold(self) -> np.ndarray:
        """Return the raw signal at which a pixel counts as saturated, DN."""
        return self.raw(0.97 * self.full_well, EVERYTHING)

    def reset_anomaly(self, integration: int, group: int) -> np.ndarray:
        """Return what is left of the reset after some groups (both from 0), DN."""
        return self.anomaly * (1.0 if integration == 0 else 0.4) * np.float32(np.exp(-group / 1.5))
