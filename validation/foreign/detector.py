"""Forward model of a detector, independent of webbcal's simulator and of its steps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

FRAME = 2048
BORDER = 4
PIXEL_CLOCK_S = 1e-5
READ_PATTERNS = {
    "RAPID": (1, 0),
    "BRIGHT1": (1, 1),
    "BRIGHT2": (2, 0),
    "SHALLOW2": (2, 3),
    "SHALLOW4": (4, 1),
    "MEDIUM8": (8, 2),
    "DEEP2": (2, 18),
}


@dataclass(frozen=True)
class Frame:
    """Pixels of a detector: first column and row (from 1), columns and rows, science frame."""

    x: int
    y: int
    nx: int
    ny: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.ny, self.nx

    @property
    def full(self) -> bool:
        """Whether this is the whole detector."""
        return self.nx == self.ny == FRAME

    @property
    def frame_time(self) -> float:
        """Time of one read of these pixels, s."""
        columns = self.nx // 4 if self.full else self.nx
        return (self.ny + (1 if self.full else 2)) * (columns + 12) * PIXEL_CLOCK_S

    def within(self, other: "Frame") -> tuple[slice, slice]:
        """Return the index of these pixels in an array of another frame."""
        y, x = self.y - other.y, self.x - other.x
        return slice(y, y + self.ny), slice(x, x + self.nx)

    def reference_pixels(self) -> np.ndarray:
        """Return where the pixels do not see light."""
        y = np.arange(self.y - 1, self.y - 1 + self.ny)
        x = np.arange(self.x - 1, self.x - 1 + self.nx)
        return ((y < BORDER) | (y >= FRAME - BORDER))[:, None] | (
            (x < BORDER) | (x >= FRAME - BORDER)
        )[None, :]


class Detector:
    """What is true of every pixel of a detector, and the references that say so.

    Electron for charge, DN for what is read. ``linear = m + a m^2 + b m^3`` for a measured
    signal m above the bias.
    """

    def __init__(self, frame: Frame, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.frame = frame
        shape = frame.shape

        def vary(mean: float, part: float) -> np.ndarray:
            return (mean * (1 + part * rng.standard_normal(shape, np.float32))).astype(np.float32)

        y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        self.blind = frame.reference_pixels()
        self.gain = vary(2.0, 0.02)
        self.read_noise = np.abs(vary(11.0, 0.15))  # electron, one read
        self.bias = 8000 + 400 * np.sin(x / 37) * np.cos(y / 53) + vary(60.0, 1.0)
        self.square = np.abs(vary(1.0e-6, 0.1))
        self.cube = np.abs(vary(2.0e-12, 0.1))
        self.full_well = vary(5.2e4, 0.04)  # DN, linear
        self.dark = np.abs(vary(0.03, 0.5))  # electron/s
        hot = rng.random(shape) < 2e-3
        self.dark[hot] = 10 ** rng.uniform(0, 3, hot.sum())
        self.dark[self.blind] = 0
        self.hot = hot & ~self.blind
        self.dead = (rng.random(shape) < 2e-3) & ~self.blind
        self.noisy = (rng.random(shape) < 2e-3) & ~self.blind
        self.read_noise[self.noisy] *= 6
        self.response = vary(1.0, 0.01)
        self.response[self.dead | self.blind] = 0

    def measured(self, linear: np.ndarray, index: tuple[slice, slice]) -> np.ndarray:
        """Return the nonlinear signal (DN) of a linear one."""
        a, b = self.square[index], self.cube[index]
        signal = linear / (1 + a * linear)
        for _ in range(6):
            signal = linear / (1 + signal * (a + b * signal))
        return signal

    def threshold(self) -> np.ndarray:
        """Return the raw signal at which a pixel counts as saturated, DN."""
        everything = (slice(None), slice(None))
        return self.bias + self.measured(0.97 * self.full_well, everything)


@dataclass
class Exposure:
    """One raw exposure and what is true of it."""

    frame: Frame
    readpatt: str
    sci: np.ndarray
    zeroframe: np.ndarray | None
    rate: np.ndarray  # electron/s, without dark current
    hits: np.ndarray  # largest cosmic-ray charge between groups, electron

    @property
    def times(self) -> dict[str, Any]:
        """Keywords of the timing, by the peer's names below ``meta.exposure``."""
        nframes, gap = READ_PATTERNS[self.readpatt]
        nints, ngroups = self.sci.shape[:2]
        frame = self.frame.frame_time
        group = frame * (nframes + gap)
        integration = group * ngroups
        return {
            "readpatt": self.readpatt,
            "nints": nints,
            "ngroups": ngroups,
            "nframes": nframes,
            "frame_divisor": nframes,
            "groupgap": gap,
            "frame_time": frame,
            "group_time": group,
            "integration_time": integration,
            "exposure_time": integration * nints,
            "duration": integration * nints,
            "integration_start": 1,
            "integration_end": nints,
            "drop_frames1": 0,
            "drop_frames3": 0,
            "nresets_at_start": 1,
            "nresets_between_ints": 1,
            "nsamples": 1,
            "sample_time": 10.0,
            "noutputs": 4 if self.frame.full else 1,
            "zero_frame": self.zeroframe is not None,
        }


def expose(detector: Detector, frame: Frame, spec: dict[str, Any]) -> Exposure:
    """Read an exposure out, frame by frame.

    `spec` holds readpatt, ngroups, nints, seed, and optionally zeroframe (bool), noise (0 or 1,
    scales drifts of bias and amplifiers), cosmic_rays (part of the pixels hit per integration).
    """
    rng = np.random.default_rng(spec["seed"])
    nframes, gap = READ_PATTERNS[spec["readpatt"]]
    ngroups, nints = spec["ngroups"], spec["nints"]
    last = ngroups * nframes + (ngroups - 1) * gap
    index = frame.within(detector.frame)
    well = float(np.median(detector.full_well * detector.gain))
    rate = _scene(frame, well / (last * frame.frame_time), last, rng) * detector.response[index]
    sci = np.zeros((nints, ngroups, *frame.shape), np.uint16)
    zero = np.zeros((nints, *frame.shape), np.uint16) if spec.get("zeroframe") else None
    hits = np.zeros((nints, ngroups, *frame.shape), np.float32)
    for integration in range(nints):
        charge = np.zeros(frame.shape, np.float32)
        strikes = _strikes(frame, last, spec.get("cosmic_rays", 0.02), rng)
        kick = float(rng.normal(0, 20))
        total = np.zeros(frame.shape, np.float32)
        for k in range(last):
            charge += _photons(rate + detector.dark[index], frame.frame_time, rng)
            for y, x, electrons in strikes.get(k, ()):
                charge[y, x] += electrons * ~detector.blind[index][y, x]
                group = min(-(-(k + 1 - nframes) // (nframes + gap)), ngroups - 1)
                hits[integration, max(group, 0), y, x] += electrons
            group, place = divmod(k, nframes + gap)
            if place >= nframes:
                continue
            read = _read(detector, frame, charge, kick, float(spec.get("noise", 1)), rng)
            if k == 0 and zero is not None:
                zero[integration] = _digital(read)
            total = read if place == 0 else total + read
            if place == nframes - 1:
                sci[integration, group] = _digital(total / nframes)
    _stuck(sci, rng)
    return Exposure(frame, spec["readpatt"], sci, zero, rate, hits)


def _scene(frame: Frame, limit: float, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return electron/s: a sky that rises along the rows, and stars beyond saturation."""
    rising = np.geomspace(50 / 1e5, 0.2, frame.nx, dtype=np.float32) * limit
    rate = np.repeat(rising[None], frame.ny, axis=0)
    count = max(12, frame.nx * frame.ny // 2000)
    for _ in range(count):
        cy, cx = rng.uniform(0, frame.ny), rng.uniform(0, frame.nx)
        peak = limit * 10 ** rng.uniform(-2, np.log10(3 * frames + 3))
        y0, x0 = max(int(cy) - 8, 0), max(int(cx) - 8, 0)
        y, x = np.mgrid[y0 : min(y0 + 17, frame.ny), x0 : min(x0 + 17, frame.nx)]
        rate[y, x] += peak * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2 / 1.2**2)
    return rate.astype(np.float32)


def _strikes(
    frame: Frame, frames: int, part: float, rng: np.random.Generator
) -> dict[int, list[tuple[int, int, float]]]:
    """Return cosmic rays by frame: straight tracks of one to five pixels."""
    strikes: dict[int, list[tuple[int, int, float]]] = {}
    for _ in range(int(part * frame.nx * frame.ny / 2)):
        k = int(rng.integers(frames))
        y, x = rng.uniform(0, frame.ny), rng.uniform(0, frame.nx)
        angle, length = rng.uniform(0, 2 * np.pi), int(rng.integers(1, 6))
        electrons = 10 ** rng.uniform(1.5, 4.8)
        for step in range(length):
            row, column = int(y + step * np.sin(angle)), int(x + step * np.cos(angle))
            if 0 <= row < frame.ny and 0 <= column < frame.nx:
                strikes.setdefault(k, []).append((row, column, electrons / length))
    return strikes


def _photons(rate: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return photo-electrons: Poisson where few, its normal limit where many."""
    mean = rate * np.float32(seconds)
    many = mean + np.sqrt(mean) * rng.standard_normal(mean.shape, np.float32)
    few = mean < 30
    many[few] = rng.poisson(mean[few])
    return many


def _read(
    detector: Detector,
    frame: Frame,
    charge: np.ndarray,
    kick: float,
    drift: float,
    rng: np.random.Generator,
) -> np.ndarray:
    index = frame.within(detector.frame)
    linear = np.minimum(charge / detector.gain[index], detector.full_well[index])
    read = detector.bias[index] + detector.measured(linear, index)
    noise = rng.standard_normal(frame.shape, np.float32)
    read += noise * detector.read_noise[index] / detector.gain[index]
    read += drift * kick
    outputs = 4 if frame.full else 1
    width = frame.nx // outputs
    for k in range(outputs):
        columns = slice(k * width, (k + 1) * width)
        read[:, columns] += drift * rng.normal(0, 5)
        read[:, columns][:, ::2] += drift * rng.normal(0, 3)
    rows = np.cumsum(rng.normal(0, 0.15 * drift, frame.ny)).astype(np.float32)
    read += (rows - rows.mean())[:, None]
    return read


def _digital(read: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(read), 0, 65535).astype(np.uint16)


def _stuck(sci: np.ndarray, rng: np.random.Generator) -> None:
    """Let the converter return 0 in a few groups, and 65535 in a few."""
    for value in (0, 65535):
        where = tuple(rng.integers(0, n, 3) for n in sci.shape)
        sci[where] = value
