"""When MIRI reads which pixel, in pixel clocks, and with which phase of a wave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.spec.meta import Meta

PIXEL_CLOCK_S = 1e-5
"""Time between the samples of neighbouring pixels of an output."""

OUTPUTS = 4
PATTERNS = ("FAST", "FASTR1", "SLOW", "SLOWR1")

CLOCKS = {
    "SLITLESSPRISM": (28, 15904),
    "MASKLYOT": (90, 32400),
    "SUB64": (28, 8512),
    "SUB128": (44, 11904),
    "MASK1140": (82, 23968),
    "MASK1550": (82, 23968),
    "MASK1065": (82, 23968),
    "FULL_FAST": (271, 277504),
    "FULL_SLOW": (2333, 2388992),
    "BRIGHTSKY": (162, 86528),
    "SUB256": (96, 29952),
}
"""Clocks per row and per frame, where no reference tells."""

PERIOD = 2.0**32
"""One period, in the units of phases."""


@dataclass(frozen=True)
class Clocks:
    """The clocks of an exposure.

    Parameters
    ----------
    row, frame : int
        Clocks per row, and from frame to frame.
    reset : int
        Clocks of the frames that reset the detector between integrations, 0 where there are none.
    sample : int
        Clocks per pixel.
    shape : tuple of int
        Rows and columns.
    groups : int
        Groups per integration.
    """

    row: int
    frame: int
    reset: int
    sample: int
    shape: tuple[int, int]
    groups: int

    @classmethod
    def of(cls, meta: Meta, shape: tuple[int, int], groups: int, per: tuple[int, int]) -> Self:
        """Return the clocks of an exposure with `per` clocks per row and frame."""
        pattern = str(meta.exposure.readpatt).strip()
        slow = pattern.startswith("SLOW")
        samples = meta.exposure.nsamples
        default = 9 if slow else 1
        sample = samples if isinstance(samples, int) and samples > 0 else default
        row, frame = per
        return cls(row, frame, frame if pattern.endswith("R1") else 0, sample, shape, groups)

    @property
    def integration(self) -> int:
        """Clocks from integration to integration."""
        return self.groups * self.frame + self.reset


@dataclass(frozen=True)
class Phases:
    """The phases of a wave over an exposure: those of integration, group, row and column add up."""

    clocks: Clocks
    frequency: float

    @property
    def period(self) -> float:
        """Clocks per period."""
        return 1.0 / (self.frequency * PIXEL_CLOCK_S)

    @property
    def rows(self) -> np.ndarray:
        """Phase of each row, uint32."""
        return self._wrapped(np.arange(self.clocks.shape[0]) * float(self.clocks.row))

    @property
    def columns(self) -> np.ndarray:
        """Phase of each set of columns that are read together, uint32."""
        sets = -(-self.clocks.shape[1] // OUTPUTS)
        return self._wrapped(np.arange(sets) * float(self.clocks.sample))

    def groups(self, integration: int) -> np.ndarray:
        """Phase of each group of an integration as a fraction of the period, float64."""
        clocks = integration * self.clocks.integration
        return self._fraction(clocks + np.arange(self.clocks.groups) * self.clocks.frame)

    def starts(self, integration: int, shift: float) -> np.ndarray:
        """Return the phase of each group, uint32, of a wave shifted by a fraction of its period."""
        return _units(self.groups(integration) + shift)

    def _fraction(self, clocks: np.ndarray) -> np.ndarray:
        return np.asarray(np.mod(clocks / self.period, 1.0))

    def _wrapped(self, clocks: np.ndarray) -> np.ndarray:
        return _units(self._fraction(clocks))


def _units(fraction: np.ndarray) -> np.ndarray:
    units = np.floor(np.mod(fraction, 1.0) * PERIOD + 0.5)
    return np.asarray(np.mod(units, PERIOD), np.uint32)


def check_readout(meta: Meta, groups: int) -> None:
    """Refuse exposures whose timing is not known.

    Raises
    ------
    CannotCalibrate
        For other read patterns, or fewer than 3 groups.
    """
    pattern = str(meta.exposure.readpatt).strip()
    if pattern not in PATTERNS:
        raise CannotCalibrate(
            "the timing of this read pattern is not known",
            expected=", ".join(PATTERNS),
            found=pattern,
        )
    if groups < 3:
        raise CannotCalibrate("too few groups to tell a wave from a slope", found=groups)


def case_name(meta: Meta) -> str:
    """Return the name of a subarray in the tables of clocks."""
    name = str(meta.subarray.name).strip()
    if name != "FULL":
        return name
    return "FULL_SLOW" if str(meta.exposure.readpatt).startswith("SLOW") else "FULL_FAST"


def clocks_per(case: Mapping[str, Any] | None, name: str) -> tuple[int, int]:
    """Return the clocks per row and frame of a case of the reference, or of the built-in table.

    Raises
    ------
    CannotCalibrate
        If neither knows the subarray.
    InvalidReference
        If the reference does not tell.
    """
    if case is None:
        if name not in CLOCKS:
            raise CannotCalibrate(f"the clocks of subarray {name} are not known")
        return CLOCKS[name]
    values = case.get("rowclocks"), case.get("frameclocks")
    if not all(isinstance(value, int) and value > 0 for value in values):
        raise InvalidReference(
            f"emicorr: clocks of {name}", expected="rowclocks and frameclocks", found=values
        )
    return int(values[0] or 0), int(values[1] or 0)


def frequencies_of(case: Mapping[str, Any], meta: Meta) -> Sequence[str]:
    """Return the names of the frequencies present in an exposure."""
    present = case.get("freqs") or {}
    if str(meta.exposure.readpatt).startswith("FAST"):
        names = present.get("FAST")
    else:
        names = (present.get("SLOW") or {}).get(str(meta.instrument.detector).strip())
    return [str(name) for name in names or ()]
