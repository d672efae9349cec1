"""Persistence: traps in contact with charge capture it and release it later."""

from collections.abc import Mapping

import numpy as np

from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.keywords import SECONDS_PER_DAY, exposure_start_mjd
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.meta import Meta
from webbcal.spec.references import (
    PersistenceSaturation,
    Reference,
    TrapDensity,
    TrapParameters,
)

FAMILIES = np.array(
    [  # charge captured slowly, DN; its time constant, s; charge captured at once, DN; release, s
        (120.0, 40.0, 15.0, 60.0),
        (180.0, 200.0, 8.0, 600.0),
        (100.0, 1000.0, 4.0, 8000.0),
    ]
)
"""Three families as in detectors of this kind: fractions of a per cent of the full well."""

SCATTER = 0.1  # of the density from pixel to pixel
FULL_WELL = 60000.0  # DN, where pixels have none
PART_OF_FULL_WELL = 0.95  # at which all traps are in contact with charge


class Traps(Effect):
    r"""Follow the traps of every pixel frame by frame.

    A pixel filled to the part f of its well has :math:`d f^2` of its traps in contact with
    charge. Those of a family capture some charge at once and the rest with a time constant; what
    was captured before the reset is released with another, one electron at a time.
    The charge that an integration loses to its own traps is left in it.

    Source: Smith et al. 2008, Proc. SPIE 7021, 70210J; Leisenring et al. 2016, Proc. SPIE 9915,
    99152N.
    """

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """Say whether there are traps."""
        return options.traps > 0

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        shape = readout.shape
        rng = generator(seed, "traps", options.detector)
        density = np.clip(rng.normal(1.0, SCATTER, shape), 0.1, None)
        self.density = np.where(pixels.reference, 0.0, density).astype(np.float32)
        full_well = pixels.linear_full_well()
        full = PART_OF_FULL_WELL * np.where(np.isfinite(full_well), full_well, FULL_WELL)
        self.full = full.astype(np.float32)
        self.families = FAMILIES * np.array([options.traps, 1.0, options.traps, 1.0])
        self.filled, self.caught, self.empty = np.zeros((3, len(FAMILIES), *shape))
        self.reached = np.zeros(readout.shape)
        self.last_s: float | None = None
        self.released: dict[tuple[int, int], np.ndarray] = {}

    def begin(self, exposure: int, integration: int) -> None:
        """Reset the pixels: what traps release until then is lost."""
        cycle = self.readout.integration_time_s + self.readout.frame_time_s
        start = exposure_start_mjd(self.readout, exposure) * SECONDS_PER_DAY
        now = start + integration * cycle + self.readout.frame_time_s
        self.filled += self.caught
        if self.last_s is not None:
            self.filled *= np.exp(-(now - self.last_s) / self.families[:, 3])[:, None, None]
        self.caught[:], self.empty[:], self.reached[:] = 0, 0, 0
        self.start_s = now
        self.released[exposure, integration] = np.zeros(self.readout.shape, np.float32)

    def charge(self, moment: Moment, rows: slice, charge: np.ndarray) -> None:
        """Add what is released, then let the traps that meet charge capture some of it."""
        elapsed = moment.steps * self.readout.frame_time_s
        gain = self.pixels.gain[rows]
        out = self._release(moment, rows, elapsed)
        charge += out
        self.released[moment.exposure, moment.integration][rows] += (out / gain).astype("f4")
        linear = np.minimum(charge / gain, self.pixels.linear_full_well()[rows])
        self._capture(rows, elapsed, np.clip(linear / self.full[rows], 0, 1))
        self.last_s = self.start_s + moment.time_s

    def _release(self, moment: Moment, rows: slice, elapsed: float) -> np.ndarray:
        """Take the charge that is released out of the traps; electron, (y, x)."""
        rng = generator(
            self.seed, "release", moment.exposure, moment.integration, moment.frame, rows.start
        )
        gain = self.pixels.gain[rows]
        total = np.zeros(gain.shape)
        for filled, lifetime in zip(self.filled, self.families[:, 3], strict=True):
            mean = filled[rows] * gain * -np.expm1(-elapsed / lifetime)
            out = rng.poisson(mean) if self.options.photon_noise else mean
            filled[rows] = np.maximum(filled[rows] - out / gain, 0)
            total += out
        return total

    def _capture(self, rows: slice, elapsed: float, fullness: np.ndarray) -> None:
        """Bring traps into contact with charge, and let them capture."""
        reached = self.reached[rows]
        met = self.density[rows] * np.maximum(fullness**2 - reached**2, 0)
        self.reached[rows] = np.maximum(fullness, reached)
        for k, (slow, delay, instant, _) in enumerate(self.families):
            room = self.density[rows] * (slow + instant)
            full = np.divide(self.filled[k, rows], room, out=np.ones_like(room), where=room > 0)
            free = met * np.clip(1 - full, 0, 1)
            waiting = self.empty[k, rows]
            # Those that were in contact all the time, and those met at all times since.
            early = -np.expm1(-elapsed / delay) * waiting
            late = (1 + np.expm1(-elapsed / delay) * delay / elapsed) * slow * free
            self.empty[k, rows] = waiting + slow * free - early - late
            self.caught[k, rows] += early + late + instant * free

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return density, families and full well, exactly as simulated."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        names = ("capture0", "capture1", "capture2", "decay_param")
        slow, delay, instant, lifetime = self.families.T
        table = np.zeros(len(self.families), [(name, "f8") for name in names])
        for name, values in zip(names, (slow, -1 / delay, instant, -1 / lifetime), strict=True):
            table[name] = values
        no_flags = np.zeros(self.readout.shape, np.uint32)

        def meta(kind: type[Reference]) -> Meta:
            return reference_meta(kind, self.options, self.readout)

        return {
            "trapdensity": TrapDensity(meta=meta(TrapDensity), sci=self.density, dq=no_flags),
            "trappars": TrapParameters(meta=meta(TrapParameters), trappars_table=table),
            "persat": PersistenceSaturation(
                meta=meta(PersistenceSaturation), sci=self.full, dq=no_flags
            ),
        }

    def truth(self, exposure: int, integrations: range) -> dict[str, np.ndarray]:
        """Return the charge released into each integration, DN."""
        return {"RELEASED": np.stack([self.released[exposure, i] for i in integrations])}
