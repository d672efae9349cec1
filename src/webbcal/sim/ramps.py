"""Collect charge and read it out, frame by frame."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from webbcal.sim.cosmic_rays import Deposits, strike
from webbcal.sim.effects import Effect, Moment
from webbcal.sim.electronics import Electronics
from webbcal.sim.pixels import RESET_NOISE_DN, Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation

BAND_ROWS = 128
COUPLING = 0.005  # part of a pixel's signal seen by each of its four neighbours
NEVER = -1

HIT_DTYPE = np.dtype(
    [
        ("integration", "i4"),
        ("group", "i4"),
        ("fraction", "f4"),
        ("frame", "i4"),
        ("event", "i4"),
        ("kind", "i2"),
        ("y", "i4"),
        ("x", "i4"),
        ("electrons", "f8"),
    ]
)


@dataclass(frozen=True)
class Ramps:
    """One exposure as the detector delivers it, and what happened in it.

    Attributes
    ----------
    groups : numpy.ndarray
        uint16 (integration, group, y, x), raw DN.
    zero_frame : numpy.ndarray or None
        uint16 (integration, y, x): the first frame of each integration.
    hits : numpy.ndarray
        Structured, one row per event and pixel: integration, group (the first, from 0, that
        holds some of the charge), fraction (part of it in that group's average), frame (from 0),
        event, kind (1 track, 2 snowball, 3 shower), y, x, electrons.
    saturation_group : numpy.ndarray
        int16 (integration, y, x): the first group, from 0, with a frame at or above the
        saturation threshold; -1 where there is none.
    """

    groups: np.ndarray
    zero_frame: np.ndarray | None
    hits: np.ndarray
    saturation_group: np.ndarray


def expose(
    options: ImageSimulation,
    readout: Readout,
    pixels: Pixels,
    scene_rate: np.ndarray | Callable[[int], np.ndarray],
    seed: int,
    exposure: int = 0,
    effects: Sequence[Effect] = (),
) -> Ramps:
    r"""Simulate the ramps of one exposure.

    Charge of pixel k (electron) grows by Poisson increments of mean
    :math:`(r_k f_k + d_k) \Delta t` from frame to frame, with scene rate r, response f and dark
    rate d, and jumps where particles strike. Each frame is then measured: charge over gain,
    nonlinear response, full well, capacitive coupling, bias and reset noise, white noise, noise
    of the electronics, rounding to 0..65535. The frames of a group are added up and divided
    by their number on board, in whole numbers.

    Parameters
    ----------
    options : ImageSimulation
        Which effects to include.
    readout : Readout
        Geometry and timing.
    pixels : Pixels
        What the pixels are like.
    scene_rate : numpy.ndarray or callable
        float64 (y, x), electron/s; or what returns it for an integration, numbered from 0.
    seed, exposure : int
        Same seed and exposure number: same bits, for any number of threads.
    effects : sequence of Effect
        What the detector does besides, in the order in which it acts.

    Returns
    -------
    Ramps
        Raw groups and the truth about events.
    """
    parts = list(integrate(options, readout, pixels, scene_rate, seed, exposure, effects))
    zero = None
    if options.zero_frame:
        zero = np.stack([part.zero_frame for part in parts if part.zero_frame is not None])
    return Ramps(
        np.stack([part.groups for part in parts]),
        zero,
        np.concatenate([part.hits for part in parts]),
        np.stack([part.saturation_group for part in parts]),
    )


@dataclass(frozen=True)
class Integration:
    """One integration: the arrays of `Ramps` without their first axis."""

    groups: np.ndarray
    zero_frame: np.ndarray | None
    hits: np.ndarray
    saturation_group: np.ndarray


def integrate(
    options: ImageSimulation,
    readout: Readout,
    pixels: Pixels,
    scene_rate: np.ndarray | Callable[[int], np.ndarray],
    seed: int,
    exposure: int = 0,
    effects: Sequence[Effect] = (),
) -> Iterator[Integration]:
    """Simulate the integrations of an exposure one by one; parameters as of `expose`."""
    chamber = _Chamber.prepare(options, readout, pixels, scene_rate, seed, exposure, effects)
    for integration in range(readout.integrations):
        groups = np.empty((readout.groups, *chamber.raw_shape), np.uint16)
        saturated = np.full(readout.shape, NEVER, np.int16)
        hits: list[np.ndarray] = []
        # No threads outlive the integration: a generator that is left alone may be closed by the
        # garbage collector while other threads start, and would wait for itself.
        with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as threads:
            run = _Integration(chamber, integration, hits, threads.map)
            for group in range(readout.groups):
                groups[group] = run.next_group(group, saturated)
        yield Integration(
            groups,
            run.first_frame if options.zero_frame else None,
            np.concatenate(hits) if hits else np.zeros(0, HIT_DTYPE),
            saturated,
        )


def stored_shape(readout: Readout, effects: Sequence[Effect]) -> tuple[int, int]:
    """Return the rows and columns of a frame as it is stored."""
    shape = readout.shape
    for effect in effects:
        shape = effect.raw_shape(shape)
    return shape


@dataclass(frozen=True)
class _Chamber:
    """What stays the same during an exposure."""

    options: ImageSimulation
    readout: Readout
    pixels: Pixels
    steady_rate: np.ndarray | None
    scene: Callable[[int], np.ndarray] | None
    linear_full_well: np.ndarray
    threshold: np.ndarray
    seed: int
    exposure: int
    effects: Sequence[Effect]

    @classmethod
    def prepare(
        cls,
        options: ImageSimulation,
        readout: Readout,
        pixels: Pixels,
        scene_rate: np.ndarray | Callable[[int], np.ndarray],
        seed: int,
        exposure: int,
        effects: Sequence[Effect],
    ) -> "_Chamber":
        steady = None if callable(scene_rate) else _rate_on(pixels, scene_rate)
        return cls(
            options,
            readout,
            pixels,
            steady,
            scene_rate if callable(scene_rate) else None,
            pixels.linear_full_well().astype(np.float32),
            pixels.saturation_threshold(),
            seed,
            exposure,
            effects,
        )

    def rate(self, integration: int) -> np.ndarray:
        """Return the electrons per second of an integration, float64 (y, x), light and dark."""
        if self.steady_rate is not None:
            return self.steady_rate
        assert self.scene is not None
        return _rate_on(self.pixels, self.scene(integration))

    @property
    def raw_shape(self) -> tuple[int, int]:
        """Rows and columns of a frame as it is stored."""
        return stored_shape(self.readout, self.effects)

    def bands(self) -> list[slice]:
        """Return the rows that are worked on together: small enough for the cache."""
        rows = self.readout.shape[0]
        return [slice(y, min(y + BAND_ROWS, rows)) for y in range(0, rows, BAND_ROWS)]


class _Integration:
    """The state of the detector from one reset to the next."""

    def __init__(
        self,
        chamber: _Chamber,
        integration: int,
        hits: list[np.ndarray],
        map_bands: Callable[..., Iterable[object]],
    ) -> None:
        self.chamber = chamber
        self.number = integration
        self.hits = hits
        self.map_bands = map_bands
        shape = chamber.readout.shape
        self.charge = np.zeros(shape)
        self.frame = -1
        self.elapsed = 0.0  # frame times since the reset
        self.first_frame = np.zeros(chamber.raw_shape, np.uint16)
        self.raw = np.zeros(shape, np.uint16)
        self.rate = chamber.rate(integration)
        for effect in chamber.effects:
            effect.begin(chamber.exposure, integration)
            self.rate = effect.rate(chamber.exposure, integration, self.rate)
        options = chamber.options
        self.pedestal = chamber.pixels.bias
        if options.bias_structure:
            rng = chamber_stream(chamber, "reset", integration)
            noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(RESET_NOISE_DN)
            self.pedestal = self.pedestal + noise
        self.electronics = Electronics.start(
            options, chamber.readout, chamber.seed, chamber.exposure, integration
        )

    def next_group(self, group: int, saturated: np.ndarray) -> np.ndarray:
        """Read the frames of the next group and average them as the flight software does."""
        readout = self.chamber.readout
        first = readout.first_frame(group)
        last = first + readout.frames_averaged - 1
        total = np.zeros(self.chamber.raw_shape, np.uint32)
        frames = [last] if self.chamber.options.coarse else range(first, last + 1)
        for frame in frames:
            stored = self._read_frame(frame, group, readout.frames_averaged // len(frames))
            if frame == 0:
                self.first_frame = stored.copy()
            total += stored
            over = self.raw >= self.chamber.threshold
            over &= ~self.chamber.pixels.reference
            saturated[over & (saturated == NEVER)] = group
        return (total // len(frames)).astype(np.uint16)

    def _read_frame(self, frame: int, group: int, reads: int) -> np.ndarray:
        """Advance to a frame, read it and return it as it is stored.

        `reads` is the number of reads, up to this one, whose average it stands for.
        """
        chamber = self.chamber
        now = frame + 1 - 0.5 * (reads - 1)
        steps = now - self.elapsed
        self.elapsed = now
        for passed in range(self.frame + 1, frame + 1):
            self._strike(passed, group)
        self.frame = frame
        moment = self._moment(frame, group, now, steps)
        common = self._common(moment)
        bands = chamber.bands()
        if not chamber.options.interpixel_capacitance:
            list(
                self.map_bands(
                    lambda n: self._digitise(
                        n, bands[n], self._collect(n, bands[n], moment), common, reads
                    ),
                    range(len(bands)),
                )
            )
        else:
            voltage = np.concatenate(
                [
                    self._collect(n, band, moment) + self.pedestal[band]
                    for n, band in enumerate(bands)
                ]
            )
            coupled = couple(voltage, chamber.pixels.reference) - self.pedestal
            for n, band in enumerate(bands):
                self._digitise(n, band, coupled[band], common, reads)
        stored = self.raw
        for effect in chamber.effects:
            stored = effect.digits(moment, stored)
        return stored

    def _moment(self, frame: int, group: int, now: float, steps: float) -> Moment:
        readout = self.chamber.readout
        time_s = now * readout.frame_time_s
        before = self.number * (readout.integration_time_s + readout.frame_time_s)
        return Moment(
            self.chamber.exposure, self.number, frame, group, time_s, before + time_s, steps
        )

    def _common(self, moment: Moment) -> np.ndarray:
        """Return what a frame gets on top of signal and bias, float32 (y, x), DN."""
        chamber = self.chamber
        common = np.zeros((1, 1), np.float32)
        if not any(effect.replaces_electronics for effect in chamber.effects):
            common = self.electronics.next_frame(moment.steps)
        for effect in chamber.effects:
            common = effect.frame(moment, common)
        return np.broadcast_to(common, chamber.readout.shape)

    def _collect(self, number: int, band: slice, moment: Moment) -> np.ndarray:
        """Add the charge since the last frame; return the measured signal above bias, DN."""
        chamber, pixels = self.chamber, self.chamber.pixels
        mean = self.rate[band] * (moment.steps * chamber.readout.frame_time_s)
        if chamber.options.photon_noise:
            rng = self._stream("photons", number)
            self.charge[band] += rng.poisson(mean)
        else:
            self.charge[band] += mean
        for effect in chamber.effects:
            effect.charge(moment, band, self.charge[band])
        linear: np.ndarray = (self.charge[band] / pixels.gain[band]).astype(np.float32)
        np.minimum(linear, chamber.linear_full_well[band], out=linear)
        signal = linear
        if chamber.options.nonlinearity:
            signal = measured_signal(linear, pixels.quadratic[band], pixels.cubic[band])
        for effect in chamber.effects:
            effect.signal(moment, band, signal)
        return signal

    def _digitise(
        self, number: int, band: slice, signal: np.ndarray, common: np.ndarray, reads: int
    ) -> None:
        chamber = self.chamber
        signal = signal + self.pedestal[band]
        signal += common[band]
        if chamber.options.read_noise:
            noise = self._stream("read", number).standard_normal(signal.shape, dtype=np.float32)
            noise *= chamber.pixels.read_noise[band]
            signal += noise / np.float32(np.sqrt(reads)) if reads > 1 else noise
        np.rint(signal, out=signal)
        np.clip(signal, 0, 65535, out=signal)
        self.raw[band] = signal

    def _strike(self, frame: int, group: int) -> None:
        """Deposit the charge of the events that happen before a frame is read."""
        chamber, options = self.chamber, self.chamber.options
        instrument = chamber.readout.instrument
        moment = self._moment(frame, group, frame + 1.0, 1.0)
        snowballs = options.snowballs * instrument.snowballs
        if options.cosmic_rays or snowballs:
            self._deposit(
                strike(
                    chamber.readout.shape,
                    chamber.readout.frame_time_s,
                    options.cosmic_rays,
                    snowballs,
                    chamber.readout.detector.full_well,
                    chamber_stream(chamber, "particles", self.number, frame),
                    instrument.pixel_um,
                    instrument.thickness_um,
                ),
                frame,
            )
        for effect in chamber.effects:
            deposits = effect.deposits(moment)
            if deposits is not None:
                self._deposit(deposits, frame)

    def _deposit(self, deposits: Deposits, frame: int) -> None:
        seen = ~self.chamber.pixels.reference[deposits.y, deposits.x]
        np.add.at(self.charge, (deposits.y[seen], deposits.x[seen]), deposits.electrons[seen])
        if seen.any():
            self.hits.append(self._record(deposits, seen, frame))

    def _record(self, deposits: Deposits, seen: np.ndarray, frame: int) -> np.ndarray:
        readout = self.chamber.readout
        group, position = readout.place_in_group(frame)
        table = np.zeros(int(seen.sum()), HIT_DTYPE)
        table["integration"] = self.number
        table["group"] = group
        table["fraction"] = 1 - position / readout.frames_averaged
        if self.chamber.options.coarse:
            table["fraction"] = 1
        table["frame"] = frame
        for name in ("event", "kind", "y", "x", "electrons"):
            table[name] = vars(deposits)[name][seen]
        return table

    def _stream(self, purpose: str, band: int) -> np.random.Generator:
        return chamber_stream(self.chamber, purpose, self.number, self.frame, band)


def _rate_on(pixels: Pixels, scene_rate: np.ndarray) -> np.ndarray:
    rate: np.ndarray = scene_rate * pixels.response + pixels.dark_rate
    rate[pixels.reference] = 0
    return rate


def chamber_stream(chamber: _Chamber, purpose: str, *keys: int) -> np.random.Generator:
    """Return the random stream of a purpose in this exposure."""
    return generator(chamber.seed, purpose, chamber.exposure, *keys)


def measured_signal(linear: np.ndarray, quadratic: np.ndarray, cubic: np.ndarray) -> np.ndarray:
    r"""Return the signal M that a linear signal L gives: solve :math:`L = M + c_2 M^2 + c_3 M^3`.

    The quadratic solution, then two Newton steps.

    Parameters
    ----------
    linear : numpy.ndarray
        float32, DN.
    quadratic, cubic : numpy.ndarray
        float32, 1/DN and 1/DN^2, not negative.

    Returns
    -------
    numpy.ndarray
        float32, DN.
    """
    signal: np.ndarray = 2 * linear / (1 + np.sqrt(1 + 4 * quadratic * linear))
    for _ in range(2):
        cubic_signal = cubic * signal
        residual = signal * (1 + signal * (quadratic + cubic_signal)) - linear
        slope = 1 + signal * (2 * quadratic + 3 * cubic_signal)
        signal -= residual / slope
    return signal


def couple(voltage: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Share the signal of each pixel with its four neighbours; reference pixels stay apart.

    What would go to a pixel outside the light-sensitive area is lost.
    """
    inner = np.where(reference, 0, voltage)
    shared = (1 - 4 * COUPLING) * inner
    shared[1:] += COUPLING * inner[:-1]
    shared[:-1] += COUPLING * inner[1:]
    shared[:, 1:] += COUPLING * inner[:, :-1]
    shared[:, :-1] += COUPLING * inner[:, 1:]
    return np.where(reference, voltage, shared).astype(np.float32)
