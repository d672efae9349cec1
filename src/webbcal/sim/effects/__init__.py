"""Effects of the detectors, one module each; `EFFECTS` lists them in the order they act."""

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.effects.charge_migration import ChargeMigration
from webbcal.sim.effects.interference import Interference
from webbcal.sim.effects.irs2 import InterleavedReferences
from webbcal.sim.effects.last_frame import LastFrame
from webbcal.sim.effects.picture_frame import PictureFrame
from webbcal.sim.effects.reference_output import ReferenceOutput
from webbcal.sim.effects.showers import Showers
from webbcal.sim.effects.side_filters import SideFilters
from webbcal.sim.effects.strips import StackedStrips
from webbcal.sim.effects.transients import ChargeDecay, ResetAnomaly, SettlingDark
from webbcal.sim.effects.traps import Traps
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation

__all__ = ["EFFECTS", "Effect", "Moment", "effects_of"]

EFFECTS: tuple[type[Effect], ...] = (
    Traps,
    Showers,
    SettlingDark,
    ChargeDecay,
    ResetAnomaly,
    ChargeMigration,
    LastFrame,
    Interference,
    StackedStrips,
    ReferenceOutput,
    PictureFrame,
    InterleavedReferences,
    SideFilters,
)


def effects_of(
    options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
) -> tuple[Effect, ...]:
    """Return the effects that the options ask for, ready for the first exposure."""
    return tuple(
        effect(options, readout, pixels, seed)
        for effect in EFFECTS
        if effect.wanted(options, readout)
    )
