"""What every pixel of a simulated detector is like: the truth that references describe."""

from dataclasses import dataclass

import numpy as np

from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation

BIAS_LEVEL_DN = 11000.0
RESET_NOISE_DN = 8.0
HOT_FRACTION = 0.002
DEAD_FRACTION = 0.001
HOT_RATE = 1.0  # electron/s, from which on a pixel counts as hot
UNUSABLE_RATE = 100.0  # electron/s, above which a hot pixel is not to be used
SATURATION_MARGIN = 0.97  # threshold over full well: noise must not hide a saturated pixel
HIGHEST_DN = 65535.0


@dataclass(frozen=True)
class Pixels:
    r"""Properties of the pixels, arrays (y, x).

    The linear signal :math:`L` (DN, charge over gain) and the measured one :math:`M` (DN above
    bias) are related by :math:`L = M + c_2 M^2 + c_3 M^3`.

    Attributes
    ----------
    gain : numpy.ndarray
        float32, electron/DN.
    response : numpy.ndarray
        float32, flat field including dead pixels (0); 0 where no light arrives.
    dark_rate : numpy.ndarray
        float32, electron/s; 0 in reference pixels.
    read_noise : numpy.ndarray
        float32, white noise of one read, DN; 0 where switched off.
    bias : numpy.ndarray
        float32, DN.
    quadratic, cubic : numpy.ndarray
        float32, c2 in 1/DN and c3 in 1/DN^2.
    full_well : numpy.ndarray
        float32, measured DN above bias at which a pixel stops collecting; infinite where
        switched off.
    reference, dead, hot : numpy.ndarray
        bool.
    """

    gain: np.ndarray
    response: np.ndarray
    dark_rate: np.ndarray
    read_noise: np.ndarray
    bias: np.ndarray
    quadratic: np.ndarray
    cubic: np.ndarray
    full_well: np.ndarray
    reference: np.ndarray
    dead: np.ndarray
    hot: np.ndarray

    def linear_full_well(self) -> np.ndarray:
        """Return the full well as linear signal, float64 DN."""
        full_well = self.full_well.astype(np.float64)
        with np.errstate(invalid="ignore"):
            linear = full_well * (1 + full_well * (self.quadratic + full_well * self.cubic))
        return np.where(np.isfinite(full_well), linear, np.inf)

    def saturation_threshold(self) -> np.ndarray:
        """Return the raw signal from which on a pixel counts as saturated, float32 DN."""
        threshold = self.bias + SATURATION_MARGIN * self.full_well
        return np.minimum(threshold, np.float32(HIGHEST_DN)).astype(np.float32)

    def cut(self, rows: slice, columns: slice) -> "Pixels":
        """Return the pixels of a subarray."""
        return Pixels(**{name: array[rows, columns].copy() for name, array in vars(self).items()})


def make_pixels(options: ImageSimulation, readout: Readout, seed: int) -> Pixels:
    """Draw the pixels of a detector; the same seed and window give the same pixels."""
    rng = generator(seed, "pixels", options.detector)
    shape = readout.shape
    chip = readout.detector
    reference = readout.reference_pixels()
    gain = _normal(rng, shape, chip.gain, 0.01 * chip.gain)
    response = _flat_field(rng, shape) if options.flat else np.ones(shape, np.float32)
    dead = (rng.random(shape) < DEAD_FRACTION) & ~reference
    hot = (rng.random(shape) < HOT_FRACTION) & ~reference & ~dead
    spread = rng.standard_normal(shape, dtype=np.float32)
    dark_rate = np.float32(chip.dark_rate) * np.exp(0.3 * spread)
    dark_rate[hot & options.hot_pixels] = _hot_rates(rng, int(hot.sum()), options.hot_pixels)
    noise = chip.read_noise / chip.gain * np.exp(0.08 * rng.standard_normal(shape, np.float32))
    # About one pixel in a hundred is noisy, as random telegraph noise makes them.
    noise *= np.where(rng.random(shape) < 0.01, 2.0, 1.0)
    curvature = 1 + 0.05 * rng.standard_normal(shape, dtype=np.float32)
    full_well = chip.full_well / chip.gain * (1 + 0.02 * rng.standard_normal(shape, np.float32))
    typical = chip.full_well / chip.gain
    on = np.float32(options.nonlinearity) * ~reference
    response[readout.unlit_pixels()] = 0
    if options.dead_pixels:
        response[dead] = 0
    dark_rate[reference] = 0
    if not options.dark:
        dark_rate[:] = 0
    return Pixels(
        gain=gain,
        response=response,
        dark_rate=dark_rate.astype(np.float32),
        read_noise=(noise * options.read_noise).astype(np.float32),
        bias=_bias(rng, readout, structure=options.bias_structure),
        quadratic=(0.03 / typical * curvature * on).astype(np.float32),
        cubic=(0.03 / typical**2 * curvature * on).astype(np.float32),
        full_well=(
            full_well.astype(np.float32)
            if options.full_well
            else np.full(shape, np.inf, np.float32)
        ),
        reference=reference,
        dead=dead & options.dead_pixels,
        hot=hot & (dark_rate > HOT_RATE),
    )


def _normal(
    rng: np.random.Generator, shape: tuple[int, int], mean: float, sigma: float
) -> np.ndarray:
    return np.float32(mean) + np.float32(sigma) * rng.standard_normal(shape, dtype=np.float32)


def _hot_rates(rng: np.random.Generator, count: int, switched_on: bool) -> np.ndarray:
    rates = np.minimum(rng.lognormal(np.log(5.0), 1.3, count), 1000.0)
    return rates if switched_on else rates[:0]


def _flat_field(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return a smooth large-scale pattern times pixel-to-pixel scatter, mean about one."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    tilt = rng.normal(0, 0.015, 5)
    smooth = tilt[0] * x + tilt[1] * y + tilt[2] * x * y + tilt[3] * (x**2 - 1 / 3)
    smooth = smooth + tilt[4] * (y**2 - 1 / 3)
    pixel = 1 + np.float32(0.008) * rng.standard_normal(shape, dtype=np.float32)
    flat: np.ndarray = ((1 + smooth) * pixel).astype(np.float32)
    return flat


def _bias(rng: np.random.Generator, readout: Readout, *, structure: bool) -> np.ndarray:
    """Return amplifier steps, column pattern, a ramp along the slow axis and pixel scatter."""
    bias = np.full(readout.shape, BIAS_LEVEL_DN, np.float32)
    if not structure:
        return bias
    scan = readout.from_scan(bias)  # a view, with the axes as they are read
    for part in readout.amplifiers():
        scan[:, part] += np.float32(rng.normal(0, 300))
    if readout.instrument.alternating == "rows":
        scan += np.where(readout.odd_rows(), 40, -40).astype(np.float32)[:, None]
    else:
        scan += np.where(readout.odd_columns(), 40, -40).astype(np.float32)
    scan += rng.normal(0, 15, (scan.shape[1],)).astype(np.float32)
    scan += np.linspace(-60, 60, scan.shape[0], dtype=np.float32)[:, None]
    bias += np.float32(150) * rng.standard_normal(readout.shape, dtype=np.float32)
    return bias
