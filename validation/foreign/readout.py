"""Read an exposure out, frame by frame."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from validation.foreign import events, irs2
from validation.foreign.detector import Detector
from validation.foreign.frame import PIXEL_CLOCK_S, Frame, as_stored

EMI_DN = {"Hz390": (390.625, 12.0), "Hz10": (10.039216, 6.0)}
"""Electromagnetic pattern of MIRI: frequency in Hz, amplitude in DN."""

EMI_TURNS = 0.31
"""Phase at the start of an exposure. At 0 the peer takes it half a turn too late."""

FIRST_FRAME_DN, LAST_FRAME_DN = -40.0, -25.0


@dataclass
class Exposure:
    """One raw exposure and what is true of it."""

    frame: Frame
    spec: dict[str, Any]
    sci: np.ndarray
    zeroframe: np.ndarray | None
    rate: np.ndarray  # electron/s, without dark current
    hits: np.ndarray  # largest cosmic-ray charge between groups, electron

    @property
    def frame_time(self) -> float:
        """Time of a read, s."""
        return self.frame.frame_time(self.spec["subarray"], self.spec["readpatt"])

    @property
    def times(self) -> dict[str, Any]:
        """Keywords of the timing, by the peer's names below ``meta.exposure``."""
        nframes, gap = self.frame.of.patterns[self.spec["readpatt"]]
        nints, ngroups = self.sci.shape[:2]
        before = int(self.spec.get("integrations_before", 0))
        frame, group = self.frame_time, self.frame_time * (nframes + gap)
        integration = group * ngroups
        total = nints + before
        interleaved = {"nrs_normal": irs2.NORMAL, "nrs_reference": irs2.INSERTED}
        return (interleaved if "IRS2" in self.spec["readpatt"] else {}) | {
            "readpatt": self.spec["readpatt"],
            "nints": total,
            "ngroups": ngroups,
            "nframes": nframes,
            "frame_divisor": nframes,
            "groupgap": gap,
            "frame_time": frame,
            "group_time": group,
            "integration_time": integration,
            "exposure_time": integration * total,
            "duration": integration * total,
            "integration_start": before + 1,
            "integration_end": total,
            "drop_frames1": 0,
            "drop_frames3": 0,
            "nresets_at_start": 1,
            "nresets_between_ints": 1,
            "nsamples": 9 if self.spec["readpatt"].startswith("SLOW") else 1,
            "sample_time": 10.0,
            "noutputs": 4 if self.frame.full or self.frame.instrument == "MIRI" else 1,
            "zero_frame": self.zeroframe is not None,
        }


def expose(detector: Detector, frame: Frame, spec: dict[str, Any]) -> Exposure:
    """Read an exposure out, frame by frame.

    `spec` holds readpatt, ngroups, nints, seed, and optionally zeroframe (bool), noise (0 or 1,
    scales drifts of bias and amplifiers), cosmic_rays (part of the pixels hit per integration),
    snowballs and showers (number per integration), flat (no stars).
    """
    rng = np.random.default_rng(spec["seed"])
    nframes, gap = frame.of.patterns[spec["readpatt"]]
    ngroups, nints = spec["ngroups"], spec["nints"]
    frame_time = frame.frame_time(spec["subarray"], spec["readpatt"])
    last = ngroups * nframes + (ngroups - 1) * gap
    index = frame.within(detector.frame)
    well = float(np.median(detector.full_well * detector.gain))
    rate = _scene(frame, well / (last * frame_time), last, rng) * detector.response[index]
    if spec.get("dark"):
        rate = np.zeros_like(rate)
    read_of = _electronics(detector, frame, spec, rng)
    stored = (irs2.ROWS, irs2.SIZE) if "IRS2" in spec["readpatt"] else frame.shape
    sci = np.zeros((nints, ngroups, *stored), np.uint16)
    zero = np.zeros((nints, *stored), np.uint16) if spec.get("zeroframe") else None
    hits = np.zeros((nints, ngroups, *frame.shape), np.float32)
    for integration in range(nints):
        charge = np.zeros(frame.shape, np.float32)
        strikes = events.tracks(frame, last, spec.get("cosmic_rays", 0.02), rng)
        blobs = events.snowballs(frame, last, spec.get("snowballs", 0), rng)
        faint = events.showers(frame, last, spec.get("showers", 0), rng)
        kick = float(rng.normal(0, 20))
        total = np.zeros(stored, np.float32)
        for k in range(last):
            charge += _photons(rate + detector.dark[index], frame_time, rng)
            for blob in (*blobs.get(k, ()), *faint.get(k, ())):
                charge += blob * ~detector.blind[index]
            for y, x, electrons in strikes.get(k, ()):
                charge[y, x] += electrons * ~detector.blind[index][y, x]
                group = min(-(-(k + 1 - nframes) // (nframes + gap)), ngroups - 1)
                hits[integration, max(group, 0), y, x] += electrons
            group, place = divmod(k, nframes + gap)
            if place >= nframes:
                continue
            read = read_of(charge, kick, integration, k)
            if k == 0 and zero is not None:
                zero[integration] = _digital(read)
            total = read if place == 0 else total + read
            if place == nframes - 1:
                sci[integration, group] = _digital(total / nframes)
    _stuck(sci, rng)
    return Exposure(frame, spec, sci, zero, rate, hits)


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


def _photons(rate: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return photo-electrons: Poisson where few, its normal limit where many."""
    mean = rate * np.float32(seconds)
    many = mean + np.sqrt(mean) * rng.standard_normal(mean.shape, np.float32)
    few = mean < 30
    many[few] = rng.poisson(mean[few])
    return many


def _electronics(
    detector: Detector, frame: Frame, spec: dict[str, Any], rng: np.random.Generator
) -> Callable[[np.ndarray, float, int, int], np.ndarray]:
    """Return what reads a charge: (charge, kick, integration, frame in it) to DN."""
    index = frame.within(detector.frame)
    drift = float(spec.get("noise", 1))
    long_noise = irs2.Noise(rng) if "IRS2" in spec["readpatt"] else None

    def read_of(charge: np.ndarray, kick: float, integration: int, k: int) -> np.ndarray:
        linear = np.minimum(charge / detector.gain[index], detector.full_well[index])
        if detector.miri:
            linear = linear + detector.reset_anomaly(integration, k)[index]
        read = detector.raw(linear, index)
        noise = rng.standard_normal(frame.shape, np.float32)
        read += noise * detector.read_noise[index] / detector.gain[index]
        if long_noise is not None:
            read = irs2.interleave(read, spec["detector"], rest=np.float32(9000.0))
            return read + long_noise.read(drift)
        read += drift * kick
        if detector.miri:
            return read + _miri_noise(frame, spec, integration, k, rng) * drift
        return read + _amplifiers(frame, spec, drift, rng)

    return read_of


def _amplifiers(
    frame: Frame, spec: dict[str, Any], drift: float, rng: np.random.Generator
) -> np.ndarray:
    """Return offsets of outputs, of odd and even columns, and of rows (DN), as stored."""
    swapped = abs(spec["fastaxis"]) == 2
    image = np.zeros(frame.shape[::-1] if swapped else frame.shape, np.float32)
    outputs = 4 if frame.full else 1
    width = image.shape[1] // outputs
    for k in range(outputs):
        columns = slice(k * width, (k + 1) * width)
        image[:, columns] += drift * rng.normal(0, 5)
        image[:, columns][:, ::2] += drift * rng.normal(0, 3)
    rows = np.cumsum(rng.normal(0, 0.15 * drift, image.shape[0])).astype(np.float32)
    image += (rows - rows.mean())[:, None]
    return as_stored(image, spec["fastaxis"], spec["slowaxis"])


def _miri_noise(
    frame: Frame, spec: dict[str, Any], integration: int, k: int, rng: np.random.Generator
) -> np.ndarray:
    """Return offsets of outputs and of odd and even rows, and the electromagnetic pattern (DN)."""
    image = np.zeros(frame.shape, np.float32)
    for output in range(4):
        image[:, output::4] += rng.normal(0, 3)
        image[::2, output::4] += rng.normal(0, 1)
    if k == 0:
        image += FIRST_FRAME_DN
    if k == spec["ngroups"] - 1:
        image[::2] += LAST_FRAME_DN
    return image + interference(frame, spec, integration, k)


def interference(frame: Frame, spec: dict[str, Any], integration: int, k: int) -> np.ndarray:
    """Return the electromagnetic pattern of MIRI in a frame (DN)."""
    rows, skipped = frame.miri_clocks(spec["subarray"], spec["readpatt"])
    frames = integration * (spec["ngroups"] + ("R1" in spec["readpatt"])) + k
    samples = 9 if spec["readpatt"].startswith("SLOW") else 1
    y, x = np.mgrid[: frame.ny, : frame.nx]
    clock = frames * (rows + skipped) + y * (rows // frame.ny) + (x // 4) * samples
    image = np.zeros(frame.shape, np.float32)
    for frequency, amplitude in EMI_DN.values():
        phase = 2 * np.pi * (frequency * clock * PIXEL_CLOCK_S + EMI_TURNS)
        image += amplitude * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    return image


def _digital(read: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(read), 0, 65535).astype(np.uint16)


def _stuck(sci: np.ndarray, rng: np.random.Generator) -> None:
    """Let the converter return 0 in a few groups, and 65535 in a few."""
    for value in (0, 65535):
        where = tuple(rng.integers(0, n, 3) for n in sci.shape)
        sci[where] = value
