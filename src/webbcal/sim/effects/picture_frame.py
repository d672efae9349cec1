"""NIRSpec: the edges of a detector glow, or dim, when its temperature changes.

Source: JWST User Documentation, calwebb_detector1, picture frame correction (appearance).
"""

from collections.abc import Mapping

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.references import PictureFrame as Pattern
from webbcal.spec.references import Reference

DEPTH_PIXELS = 60.0
"""Over which the glow falls by e from the edge inwards."""

DRIFT_DN = 20.0
"""Typical change of the glow at the very edge from frame to frame."""


class PictureFrame(Effect):
    """Adds a pattern whose strength wanders from frame to frame."""

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Only if asked for, in full frames of NIRSpec."""
        return options.picture_frame > 0 and options.instrument.name == "NIRSPEC"

    def begin(self, exposure: int, integration: int) -> None:
        """Start without glow."""
        self.strength = 0.0

    def frame(self, moment: Moment, common: np.ndarray) -> np.ndarray:
        """Return `common` with the glow of the moment."""
        keys = moment.exposure, moment.integration, moment.frame
        rng = generator(self.seed, "picture frame", *keys)
        self.strength += self.options.picture_frame * DRIFT_DN * rng.standard_normal()
        return np.asarray(common + np.float32(self.strength) * self._pattern())

    def _pattern(self) -> np.ndarray:
        rows, columns = (np.arange(size, dtype=np.float32) for size in self.readout.shape)
        depths = np.minimum(rows, rows[::-1])[:, None], np.minimum(columns, columns[::-1])[None, :]
        return np.asarray(np.exp(-np.minimum(*depths) / np.float32(DEPTH_PIXELS)))

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return the pattern."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        meta = reference_meta(Pattern, self.options, self.readout)
        return {"pictureframe": Pattern(meta=meta, sci=self._pattern())}
