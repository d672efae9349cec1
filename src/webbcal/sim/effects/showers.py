"""Showers: faint, extended excesses of charge in the mid-infrared detectors."""

import numpy as np

from webbcal.sim.cosmic_rays import SHOWER, Deposits
from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation

SHOWERS_PER_CM2_S = 3e-3
PIXEL_CM = 25e-4
FAINTEST, BRIGHTEST = 30.0, 600.0  # electron per pixel in the middle
SMALLEST, LARGEST = 8.0, 45.0  # pixel, standard deviation along the longer axis
ROUNDNESS = (0.4, 1.0)  # shorter over longer axis
EXTENT = 3.5  # standard deviations
AFTERGLOW = 0.1  # part of the charge that arrives later
AFTERGLOW_TIME_S = 4.0


class Showers(Effect):
    """A particle's energy spreads as phonons: a smooth patch of charge, and some more after it.

    The charge per pixel is Poisson distributed about an elliptical Gaussian; peak and size are
    drawn from distributions that are even in their logarithms.

    Source: JWST User Documentation, "Snowballs and shower artifacts", and M. Regan 2023,
    JWST-STScI-008545: extended events of tens to hundreds of pixels, faint beside tracks.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether there are any."""
        return options.showers > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        self._glows: list[tuple[float, np.ndarray]] = []  # when, and mean charge still to come

    def deposits(self, moment: Moment) -> Deposits | None:
        """Draw new showers, and what glows on of those before."""
        rng = generator(self.seed, "showers", moment.exposure, moment.integration, moment.frame)
        rows, columns = self.readout.shape
        interval = moment.steps * self.readout.frame_time_s
        mean = SHOWERS_PER_CM2_S * self.options.showers * rows * columns * PIXEL_CM**2 * interval
        charge = [self._glow(moment.clock_s, interval)]
        for _ in range(rng.poisson(mean)):
            patch = self._patch(rng)
            charge.append((1 - AFTERGLOW) * patch)
            self._glows.append((moment.clock_s, AFTERGLOW * patch))
        parts = [rng.poisson(expected) for expected in charge]
        where = [np.nonzero(part) for part in parts]
        sizes = [len(y) for y, _ in where]
        if not any(sizes):
            return None
        return Deposits(
            event=np.repeat(np.arange(len(parts)), sizes).astype(np.int32),
            kind=np.full(sum(sizes), SHOWER, np.int16),
            y=np.concatenate([y for y, _ in where]).astype(np.int32),
            x=np.concatenate([x for _, x in where]).astype(np.int32),
            electrons=np.concatenate(
                [part[at] for part, at in zip(parts, where, strict=True)]
            ).astype(np.float64),
        )

    def _glow(self, now: float, interval: float) -> np.ndarray:
        """Return the mean charge that arrives late in the time before a frame."""
        total = np.zeros(self.readout.shape)
        for start, charge in self._glows:
            begin = max(now - interval - start, 0.0)
            total += charge * (
                np.exp(-begin / AFTERGLOW_TIME_S) - np.exp(-(now - start) / AFTERGLOW_TIME_S)
            )
        self._glows = [g for g in self._glows if now - g[0] < 10 * AFTERGLOW_TIME_S]
        return total

    def _patch(self, rng: np.random.Generator) -> np.ndarray:
        """Return the mean charge of one shower, electron, float64 (y, x)."""
        rows, columns = self.readout.shape
        peak = np.exp(rng.uniform(np.log(FAINTEST), np.log(BRIGHTEST)))
        length = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))
        width = length * rng.uniform(*ROUNDNESS)
        angle = rng.uniform(0, np.pi)
        y = np.arange(rows)[:, None] - rng.uniform(0, rows)
        x = np.arange(columns)[None, :] - rng.uniform(0, columns)
        u = (x * np.cos(angle) + y * np.sin(angle)) / length
        v = (y * np.cos(angle) - x * np.sin(angle)) / width
        square = u**2 + v**2
        patch: np.ndarray = np.where(square < EXTENT**2, peak * np.exp(-0.5 * square), 0.0)
        return patch
