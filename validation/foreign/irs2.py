"""NIRSpec's IRS2 readout: reference pixels between the others, and a reference output.

In the order of reading, a row has five outputs of 640 samples: the reference output and the
four amplifiers, each 8 pixels, then 4 reference pixels and 16 pixels in turn, and 8 at the end.
Stored images have the fast axis along y.
"""

import numpy as np

AMPLIFIER, SAMPLES, OUTPUTS = 512, 640, 5
NORMAL, INSERTED = 16, 4
SIZE = AMPLIFIER * 4
ROWS = SAMPLES * OUTPUTS


def pixel_rows() -> np.ndarray:
    """Return for each of the 2048 pixels along the fast axis its place among the 3200."""
    pixel = np.arange(SIZE)
    within = pixel % AMPLIFIER
    inserted = INSERTED * ((within + NORMAL // 2) // NORMAL)
    return SAMPLES * (pixel // AMPLIFIER + 1) + within + inserted


def interleave(image: np.ndarray, detector: str, *, rest: np.ndarray | float = 0.0) -> np.ndarray:
    """Spread an image (y, x) of 2048 x 2048 over 3200 rows; `rest` is what the others hold."""
    backward = detector == "NRS2"
    out = np.empty((ROWS, SIZE), image.dtype)
    out[:] = rest
    out[pixel_rows()] = image[::-1, ::-1] if backward else image
    return out[::-1, ::-1] if backward else out


class Noise:
    """Noise of a read of 3200 x 2048 samples, seen alike by all outputs, and white noise (DN)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.level = rng.normal(0, 100, (SIZE, OUTPUTS))

    def read(self, drift: float) -> np.ndarray:
        """Return the noise of all samples, in the order of reading stored with y fast."""
        rng = self._rng
        steps = rng.standard_normal(SAMPLES * SIZE, np.float32)
        walk = np.cumsum(steps * np.float32(0.02)).reshape(SIZE, SAMPLES)
        walk -= walk.mean()
        wave = 3 * np.sin(np.arange(SAMPLES * SIZE, dtype=np.float32) / 11).reshape(walk.shape)
        common = (walk + wave).T.astype(np.float32)
        out = np.empty((ROWS, SIZE), np.float32)
        for output in range(OUTPUTS):
            part = common[::-1] if output % 2 == 0 else common
            rows = slice(SAMPLES * output, SAMPLES * (output + 1))
            out[rows] = drift * (part * (0.9 + 0.05 * output) + np.float32(rng.normal(0, 4)))
        return out + rng.standard_normal(out.shape, np.float32) * 4
