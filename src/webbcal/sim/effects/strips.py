"""Identification of guide stars: the detector is read in strips that overlap.

Source: JWST User Documentation, "FGS Instrumentation" (36 strips of 64 columns, 8 shared by
neighbours).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import declared
from webbcal.spec.references import Reference

WIDTH = 64
STEP = 56


def strip_columns(columns: int) -> np.ndarray:
    """Return the column of the image that each column of the stacked strips shows."""
    starts = np.arange(0, columns - WIDTH + 1, STEP)
    found: np.ndarray = (starts[:, None] + np.arange(WIDTH)).ravel()
    return found


class StackedStrips(Effect):
    """Stores the strips side by side, as they are read: what overlaps comes twice.

    Both copies come from one read here; in flight each strip is read for itself.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Only in stacks of strips."""
        return options.exptype == "FGS_ID-STACK"

    @property
    def _columns(self) -> np.ndarray:
        return strip_columns(self.readout.shape[1])

    def raw_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the rows, and the columns of all strips."""
        return shape[0], len(self._columns)

    def digits(self, moment: Moment, raw: np.ndarray) -> np.ndarray:
        """Put the strips side by side."""
        return raw[:, self._columns]

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return references on the pixels of the stack."""
        stacked: dict[str, Reference] = {}
        for kind, reference in made.items():
            planes = {
                name: getattr(reference, name)[:, self._columns]
                for name in ("sci", "err", "dq")
                if name in declared(type(reference)) and reference.has(name)
            }
            stacked[kind] = replace(reference, **planes)
        return stacked
