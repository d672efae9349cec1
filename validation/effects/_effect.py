"""What is measured of an effect."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BIAS = 2e-3
"""Largest relative difference between the mean rate and the truth."""

WIDTH = 0.05
"""Largest difference of the width of the pulls from 1."""


@dataclass(frozen=True)
class Measured:
    """Rates against truth, over the pixels that the effect touches.

    `bias` is the mean of rate / truth - 1 (its standard error is `bias_error`), `width` the
    robust width of (rate - truth) / error, `pixels` how many pixels tell.
    """

    bias: float
    bias_error: float
    width: float
    pixels: int

    @property
    def unbiased(self) -> bool:
        """Whether the mean rate is that of the truth."""
        return abs(self.bias) <= BIAS

    @property
    def of_unit_width(self) -> bool:
        """Whether the errors tell the scatter."""
        return abs(self.width - 1) <= WIDTH

    @property
    def good(self) -> bool:
        """Whether both hold."""
        return self.unbiased and self.of_unit_width


@dataclass(frozen=True)
class Effect:
    """An effect and the step that removes it.

    ``measure(folder, corrected)`` simulates the effect in `folder`, runs webbcal on it, with the
    step or without, and compares with the truth.
    """

    name: str
    step: str
    measure: Callable[[Path, bool], Measured]
