"""The face of an effect: where in the life of an exposure it may act."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from webbcal.sim.cosmic_rays import Deposits
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import Stored
from webbcal.spec.references import Reference


@dataclass(frozen=True)
class Moment:
    """When a frame is read.

    Attributes
    ----------
    exposure, integration, frame, group : int
        Counted from 0; the frame in its integration, dropped frames included.
    time_s : float
        Since the reset before the integration.
    clock_s : float
        Since the reset before the first integration of the exposure.
    steps : float
        Frame times since the frame before, or the reset.
    """

    exposure: int
    integration: int
    frame: int
    group: int
    time_s: float
    clock_s: float
    steps: float


class Effect:
    """What one effect does to the exposures of a programme; each method does nothing here.

    One object lives through all exposures of a programme, whose frames it meets in order; it may
    carry state from one to the next. `charge` and `signal` are called from several threads at
    once, for different rows. Random numbers come from `webbcal.sim.seeds.generator`, keyed by
    the numbers of exposure, integration and frame.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether these options ask for the effect."""
        raise NotImplementedError

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        self.options = options
        self.readout = readout
        self.pixels = pixels
        self.seed = seed

    @property
    def replaces_electronics(self) -> bool:
        """Whether `frame` adds offsets and 1/f noise itself, in its own order of the pixels."""
        return False

    def begin(self, exposure: int, integration: int) -> None:
        """Reset the detector before an integration."""

    def rate(self, exposure: int, integration: int, rate: np.ndarray) -> np.ndarray:
        """Return the electrons per second of this integration, float64 (y, x), light and dark."""
        return rate

    def deposits(self, moment: Moment) -> Deposits | None:
        """Return the charge of events that arrive before a frame is read."""
        return None

    def charge(self, moment: Moment, rows: slice, charge: np.ndarray) -> None:
        """Change the collected charge in place: float64 (y, x), electron, some rows of a frame."""

    def signal(self, moment: Moment, rows: slice, signal: np.ndarray) -> None:
        """Change the measured signal in place: float32 (y, x), DN above bias, some rows.

        After nonlinear response and full well, before coupling, bias and noise.
        """

    def frame(self, moment: Moment, common: np.ndarray) -> np.ndarray:
        """Return `common` (float32, broadcastable to (y, x), DN) with what a frame gets besides.

        Added to signal and bias, before white noise and rounding.
        """
        return common

    def raw_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the rows and columns of a stored frame."""
        return shape

    def digits(self, moment: Moment, raw: np.ndarray) -> np.ndarray:
        """Return a frame as it is stored: uint16 (y, x) to uint16 of `raw_shape`."""
        return raw

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return references that the effect adds to those made, or puts in their place."""
        return {}

    def extensions(self, exposure: int, integrations: range) -> dict[str, np.ndarray | Stored]:
        """Return further arrays of `Uncal` for these integrations, by the name of the field.

        Asked for before the integrations are simulated; what is `Stored` is read after the
        ramps have been.
        """
        return {}

    def truth(self, exposure: int, integrations: range) -> dict[str, np.ndarray]:
        """Return what the effect did, by a name of eight capitals at most, for the truth."""
        return {}
