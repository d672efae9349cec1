"""Effects of the detectors that stage 1 removes, each held against simulated truth.

One module per effect; `EFFECTS` lists them. Every effect is simulated and calibrated twice, with
the step that removes it and without; the first has to meet the tolerances, the second must not.
"""

from validation.effects import (
    charge_migration,
    flicker,
    jumps,
    likelihood,
    miri,
    nirspec,
    persistence,
)
from validation.effects._effect import BIAS, WIDTH, Effect, Measured

__all__ = ["BIAS", "EFFECTS", "WIDTH", "Effect", "Measured"]

EFFECTS: tuple[Effect, ...] = (
    charge_migration.EFFECT,
    persistence.EFFECT,
    *jumps.EFFECTS,
    likelihood.EFFECT,
    *miri.EFFECTS,
    *nirspec.EFFECTS,
    *flicker.EFFECTS,
)
