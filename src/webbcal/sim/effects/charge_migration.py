"""Charge that bright pixels lose to their neighbours."""

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation

ONSET_DN = 27_000.0
SHARE = 0.1  # of the electrons collected beyond the onset


class ChargeMigration(Effect):
    """Send a part of the electrons that a bright pixel collects to its four neighbours.

    It begins at a level of charge. The amount follows the mean rate, without noise of its own.

    Source: Argyriou et al. 2023, A&A 680, A96 (the effect; the numbers are made up).
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether charge moves."""
        return options.charge_migration > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        self.incoming = np.zeros(readout.shape)

    def rate(self, exposure: int, integration: int, rate: np.ndarray) -> np.ndarray:
        """Keep the rate."""
        self.incoming = rate.copy()
        return rate

    def frame(self, moment: Moment, common: np.ndarray) -> np.ndarray:
        """Take the charge from the bright pixels, and add it to their neighbours."""
        onset = ONSET_DN * self.pixels.gain
        beyond = np.maximum(self.incoming * moment.time_s - onset, 0.0)
        beyond *= SHARE * self.options.charge_migration
        change = -beyond
        change[1:] += beyond[:-1] / 4
        change[:-1] += beyond[1:] / 4
        change[:, 1:] += beyond[:, :-1] / 4
        change[:, :-1] += beyond[:, 1:] / 4
        changed: np.ndarray = common + np.asarray(change / self.pixels.gain, np.float32)
        return changed
