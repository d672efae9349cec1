"""What a reset leaves behind in MIRI: an anomaly of its own, decaying charge, a settling dark."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import Index, Stored
from webbcal.spec.references import Dark, Reference, Reset, Rscd

ANOMALY_DN, ANOMALY_SCATTER = -40.0, 0.2
ANOMALY_FRAMES = 2.5  # e-folding time
ANOMALY_OF_FIRST = 0.6  # the first integration follows a longer reset

DECAY_PART = 0.02  # of the signal at the end of the integration before
DECAY_FRAMES = 0.8
DECAY_GROUPS = 5  # of the reference, left out

SETTLING_DN, SETTLING_SCATTER = 30.0, 0.2
SETTLING_FRAMES = 8.0


def _pattern(readout: Readout, seed: int, name: str, scatter: float) -> np.ndarray:
    """Return the strength of an effect in each pixel, about 1."""
    rng = generator(seed, name)
    return np.asarray(1 + scatter * rng.standard_normal(readout.shape), np.float32)


class ResetAnomaly(Effect):
    """Add an offset that dies away after each reset, smaller in the first integration.

    Source: Morrison et al. 2023, PASP 135, 075004.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether there is an anomaly."""
        return options.reset_anomaly > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        pattern = _pattern(readout, seed, "reset anomaly", ANOMALY_SCATTER)
        self.height = np.float32(options.reset_anomaly * ANOMALY_DN) * pattern

    def part(self, integration: int, frames: float) -> float:
        """Return what is left of the anomaly some frame times after the reset."""
        first = ANOMALY_OF_FIRST if integration == 0 else 1.0
        return first * float(np.exp(-frames / ANOMALY_FRAMES))

    def signal(self, moment: Moment, rows: slice, signal: np.ndarray) -> None:
        """Add the anomaly."""
        frames = moment.time_s / self.readout.frame_time_s
        signal += np.float32(self.part(moment.integration, frames)) * self.height[rows]

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return the anomaly of each group, of the first and the later integrations."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        readout = self.readout
        frames = readout.mean_group_times() / readout.frame_time_s
        half = 0.5 * (readout.frames_averaged - 1)
        offsets = np.arange(readout.frames_averaged) - half
        parts = [
            [np.mean([self.part(i, f + offset) for offset in offsets]) for f in frames]
            for i in (0, 1)
        ]
        sci = np.array(parts, np.float32)[:, :, None, None] * self.height
        exposure = {"readpatt": self.options.read_pattern, "ngroups": len(frames), "nints": 2}
        meta = reference_meta(Reset, self.options, readout).replace({"exposure": exposure})
        return {"reset": Reset(meta=meta, sci=sci, dq=np.zeros(readout.shape, np.uint32))}


class ChargeDecay(Effect):
    """Let later integrations begin with a deficit that depends on the charge before the reset.

    Source: Morrison et al. 2023, PASP 135, 075004.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether charge decays."""
        return options.charge_decay > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        self.before = np.zeros(readout.shape, np.float32)
        self.now = np.zeros(readout.shape, np.float32)

    def begin(self, exposure: int, integration: int) -> None:
        """Keep the signal at the end of the integration before."""
        self.before = np.zeros_like(self.now) if integration == 0 else self.now.copy()

    def signal(self, moment: Moment, rows: slice, signal: np.ndarray) -> None:
        """Take the deficit away."""
        self.now[rows] = signal
        frames = moment.time_s / self.readout.frame_time_s
        part = self.options.charge_decay * DECAY_PART * np.exp(-frames / DECAY_FRAMES)
        signal -= np.float32(part) * self.before[rows]

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return how many groups to leave out."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        names = ("subarray", "readpatt", "group_skip1", "group_skip")
        table = np.zeros(1, list(zip(names, ("S17", "S12", "i4", "i4"), strict=True)))
        table[0] = (self.readout.window.name, self.options.read_pattern, 1, DECAY_GROUPS)
        meta = reference_meta(Rscd, self.options, self.readout)
        return {"rscd": Rscd(meta=meta, group_skip=table)}


class SettlingDark(Effect):
    """Add dark signal that settles during the first integration of an exposure."""

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether the dark settles."""
        return options.dark_settling > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        pattern = _pattern(readout, seed, "settling dark", SETTLING_SCATTER)
        self.height = np.float32(options.dark_settling * SETTLING_DN) * pattern
        self.height[pixels.reference] = 0

    def charge(self, moment: Moment, rows: slice, charge: np.ndarray) -> None:
        """Add what has come since the last frame."""
        if moment.integration == 0:
            frames = moment.time_s / self.readout.frame_time_s
            step = settled(frames) - settled(frames - moment.steps)
            charge += step * self.height[rows] * self.pixels.gain[rows]

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return the dark with the settling in its first integration."""
        dark = made["dark"]
        assert isinstance(dark, Dark)
        source = dark.stored("sci")
        assert source is not None
        ramp = _Settling(source, self.height)
        return {"dark": Dark.from_stored({"sci": ramp}, meta=dark.meta, dq=dark.dq)}


def settled(frames: Any) -> Any:
    """Return which part of the settling has happened some frames after the reset."""
    return -np.expm1(-np.maximum(frames, 0) / SETTLING_FRAMES)


@dataclass(frozen=True)
class _Settling:
    """A dark of two integrations, the first of which settles; computed when it is read."""

    source: Stored
    height: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Integrations, frames, rows, columns."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the values."""
        return self.source.dtype

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, DN."""
        part = self.source.read(index)
        whole = (*(index or ()), *(slice(None),) * 4)[:4]
        integrations, frames, rows, columns = whole
        numbers = np.arange(self.shape[1])[frames] + 1.0
        more = settled(numbers)[:, None, None] * self.height[rows, columns]
        for place, integration in enumerate(range(self.shape[0])[integrations]):
            if integration == 0:
                part[place] += more.astype(np.float32)
        return part
