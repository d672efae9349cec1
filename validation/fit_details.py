"""Optional results of the ramp fit that differ on purpose, recomputed for both sides.

What either side states about a segment, a hit or the level at the reset follows from its ramps,
its rates and variances, and the references. A value counts as a departure only if both sides
are as predicted (``docs/decisions/0053-details-of-the-fit.md``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.reference_planes import reference_plane

DO_NOT_USE, SATURATED, JUMP = 1, 2, 4
PERSISTENCE = np.uint8(32)
TOLERANCE, FLOAT32 = 1e-3, 5e-7
CLASSES = ((100.0, 6.0), (50.0, 3.0), (20.0, 1.0), (10.0, 0.4), (5.0, 0.0))
"""Signal-to-noise ratios of segments below which the weights have these powers; else 10."""

NOTHING = "nothing there is NaN"
UNUSABLE = "unusable pixels not fitted"
SIGMAS = "uncertainties of photons and reads in DN"
HITS = "height of a jump without the rate"
RESET = "time since the reset in seconds"
PHOTONS = "photon noise of the integrations that have differences"

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Exposure:
    """Times (s), number of frames averaged, gain and read noise (y, x) of an exposure."""

    group_time: float
    frame_time: float
    frames: int
    frames_per_group: int
    drop: int
    gain: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class Side:
    """Arrays of ramp, details and rates of integrations of one side."""

    ramp: Arrays
    details: Arrays
    rates: np.ndarray


def known_details(
    ours: dict[str, Path], theirs: dict[str, Path], references: Path
) -> dict[str, dict[str, np.ndarray]]:
    """Return the values that may differ, by array and by cause."""
    exposure = _exposure(fits.getheader(ours["rate"]), references)
    mine, peer = _side(ours), _side(theirs)
    a, b = mine.details, peer.details
    unusable = (mine.ramp["PIXELDQ"] & DO_NOT_USE) > 0
    some = _differences(mine.ramp["GROUPDQ"]) > 0
    part = some.any(axis=0) & ~some.all(axis=0)
    known = {name: {UNUSABLE: np.broadcast_to(unusable, b[name].shape)} for name in b}
    known["VAR_POISSON"][PHOTONS] = np.broadcast_to(part, b["VAR_POISSON"].shape)
    for name in ("SLOPE", "YINT", "PEDESTAL", "CRMAG"):
        none = a["WEIGHTS"] + b["WEIGHTS"] == 0 if name in {"SLOPE", "YINT"} else True
        known[name][NOTHING] = np.isnan(a[name]) & (b[name] == 0) & none
    own, foreign = _own_sigmas(mine, exposure), _foreign_sigmas(peer, exposure)
    for name in ("SIGSLOPE", "SIGYINT"):
        known[name][SIGMAS] = _near(a[name], own[name]) & _near(b[name], foreign[name])
    heights, foreign_heights = _hits(mine, exposure.group_time), _hits(peer, 0.0)
    largest = np.nan_to_num(np.abs(mine.ramp["SCI"])).max(axis=1)
    digits = largest[:, None] * FLOAT32
    known["CRMAG"][HITS] = _near(a["CRMAG"], heights, digits)
    known["CRMAG"][HITS] &= _near(b["CRMAG"], foreign_heights, digits)
    level, foreign_level = _own_pedestal(mine, exposure), _foreign_pedestal(peer, exposure)
    known["PEDESTAL"][RESET] = _near(a["PEDESTAL"], level, digits[:, 0])
    known["PEDESTAL"][RESET] &= _near(b["PEDESTAL"], foreign_level, digits[:, 0])
    return known


def _near(values: np.ndarray, expected: np.ndarray, digits: np.ndarray | float = 0.0) -> np.ndarray:
    """Tell which values are as expected; `digits` is what float32 numbers of a ramp resolve."""
    with np.errstate(invalid="ignore"):
        near = np.abs(values - expected) <= np.maximum(TOLERANCE * np.abs(expected), digits)
    return np.asarray(near | (np.isnan(values) & np.isnan(expected)))


def segments_of(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and last groups of the segments of a ramp."""
    flags = flags & ~PERSISTENCE
    if flags[0] & SATURATED or (flags == 0).sum() == 1:
        return []
    found = []
    good = np.concatenate([[0], (flags == 0).astype(int), [0]])
    starts, ends = np.flatnonzero(np.diff(good) == 1), np.flatnonzero(np.diff(good) == -1) - 1
    for first, last in zip(starts, ends, strict=True):
        found.append((int(first - (first > 0 and flags[first - 1] == JUMP)), int(last)))
    if len(found) < 2:
        return found
    return [(first, last) for first, last in found if last > first] or found[:1]


@dataclass(frozen=True)
class Segment:
    """A segment that the ramps `pixels` of an integration have, and its signal (group, pixel)."""

    place: tuple[int, int]
    pixels: np.ndarray
    first: int
    signal: np.ndarray

    @property
    def index(self) -> np.ndarray:
        """The numbers of the groups, axes (group, 1)."""
        return self.first + np.arange(len(self.signal), dtype=float)[:, None]

    def weights(self, exposure: Exposure) -> np.ndarray:
        """Return the weights of the groups, in units of one over the read variance."""
        n = len(self.signal)
        gain, noise = (plane.ravel()[self.pixels] for plane in (exposure.gain, exposure.noise))
        charge = np.maximum((self.signal[-1] - self.signal[0]) * gain, 0.0)
        reads = (noise * gain) ** 2 / (2 * exposure.frames)
        ratio = charge / np.sqrt(np.maximum(reads + charge, 1e-30))
        power = np.full(ratio.shape, 10.0)
        for limit, value in CLASSES:
            power[ratio < limit] = value
        middle = (n - 1) / 2
        off = np.abs(np.arange(n)[:, None] - middle) / middle
        return np.asarray(off**power)


def _segments(side: Side, details: Arrays) -> Iterator[Segment]:
    """Yield the segments, ramps with the same flags at once."""
    sci, flags = side.ramp["SCI"], side.ramp["GROUPDQ"]
    nints, groups = sci.shape[:2]
    most = details["SLOPE"].shape[1]
    for i in range(nints):
        signal = sci[i].reshape(groups, -1).astype(float)
        kinds, which = np.unique(flags[i].reshape(groups, -1), axis=1, return_inverse=True)
        for k, kind in enumerate(kinds.T):
            pixels = np.flatnonzero(which.ravel() == k)
            for s, (first, last) in enumerate(segments_of(kind)[:most]):
                yield Segment((i, s), pixels, first, signal[first : last + 1, pixels])


def _foreign_sigmas(side: Side, exposure: Exposure) -> Arrays:
    """Return the peer's uncertainties: those of the fit by the weights, in electrons and groups.

    For two groups it gives the noise of their difference, for both.
    """
    found = {name: np.zeros(side.details[name].shape) for name in ("SIGSLOPE", "SIGYINT")}
    gain, noise = exposure.gain.ravel(), exposure.noise.ravel()
    for segment in _segments(side, side.details):
        if len(segment.signal) < 2:
            continue
        pixels = segment.pixels
        read = (noise[pixels] * gain[pixels]) ** 2 / (2 * exposure.frames)
        slope = intercept = 2 * read
        if len(segment.signal) > 2:
            w, x = segment.weights(exposure) / read, segment.index
            total, first, second = w.sum(axis=0), (w * x).sum(axis=0), (w * x * x).sum(axis=0)
            slope = total / (total * second - first**2)
            intercept = second / (total * second - first**2)
        for name, square in (("SIGSLOPE", slope), ("SIGYINT", intercept)):
            found[name][segment.place].reshape(-1)[pixels] = np.sqrt(square)
    return found


def _own_sigmas(side: Side, exposure: Exposure) -> Arrays:
    """Return the uncertainties of slope (DN/s) and intercept (DN), by photons and reads.

    The intercept is a sum a_i y_i; the charge of a group is in all later ones.
    """
    details = side.details
    found = {
        "SIGSLOPE": np.sqrt(details["VAR_POISSON"].astype(float) + details["VAR_RNOISE"]),
        "SIGYINT": np.zeros(details["SIGYINT"].shape),
    }
    reset = _reset_time(exposure) / exposure.group_time
    for segment in _segments(side, details):
        n, pixels = len(segment.signal), segment.pixels
        if n < 2:
            continue
        w, x = segment.weights(exposure), segment.index
        mean = (w * x).sum(axis=0) / w.sum(axis=0)
        slope = w * (x - mean) / (w * (x - mean) ** 2).sum(axis=0)
        a = w / w.sum(axis=0) - slope * mean
        later = np.cumsum(a[::-1], axis=0)[::-1]
        spans = np.ones((n, 1))
        spans[0] = reset + segment.first
        photons = details["VAR_POISSON"][segment.place].ravel()[pixels].astype(float)
        photons = photons * (n - 1) * exposure.group_time**2
        reads = exposure.noise.ravel()[pixels] ** 2 / (2 * exposure.frames)
        square = photons * (later**2 * spans).sum(axis=0) + reads * (a**2).sum(axis=0)
        found["SIGYINT"][segment.place].reshape(-1)[pixels] = np.sqrt(square)
    return found


def _hits(side: Side, group_time: float) -> np.ndarray:
    """Return by how much the signal rises to each group with a jump, less rate times a time.

    Without a time they are the peer's: also next to groups that cannot be used, and 0 where
    there is none; else ours, without them, and NaN.
    """
    shape = side.details["CRMAG"].shape
    own = group_time > 0
    found = np.full(shape, np.nan if own else 0.0)
    sci, flags = side.ramp["SCI"].astype(float), side.ramp["GROUPDQ"]
    number = np.zeros((shape[0], *shape[2:]), int)
    for k in range(1, sci.shape[1]):
        hit = (flags[:, k] & JUMP) > 0
        if own:
            hit &= ((flags[:, k] | flags[:, k - 1]) & (DO_NOT_USE | SATURATED)) == 0
            hit &= np.isfinite(side.rates)
        hit &= number < shape[1]
        i, y, x = np.nonzero(hit)
        rise = sci[i, k, y, x] - sci[i, k - 1, y, x]
        found[i, number[hit], y, x] = rise - (side.rates[hit] * group_time if own else 0.0)
        number[hit] += 1
    return found


def _reset_time(exposure: Exposure) -> float:
    """Return the mean time of the first group since the reset, s."""
    return ((exposure.frames + 1) / 2 + exposure.drop) * exposure.frame_time


def _own_pedestal(side: Side, exposure: Exposure) -> np.ndarray:
    first = side.ramp["SCI"][:, 0] - side.rates * _reset_time(exposure)
    useless = (side.ramp["GROUPDQ"][:, 0] & (DO_NOT_USE | SATURATED)) > 0
    return np.where(useless, np.nan, first)


def _foreign_pedestal(side: Side, exposure: Exposure) -> np.ndarray:
    """Return the peer's: the time is a number of groups, while the rate is per second."""
    groups = _reset_time(exposure) / exposure.frame_time / exposure.frames_per_group
    saturated = (side.ramp["GROUPDQ"][:, 0] & SATURATED) > 0
    level = side.ramp["SCI"][:, 0] - side.rates * groups
    return np.where(saturated, 0.0, np.nan_to_num(level))


def _differences(flags: np.ndarray) -> np.ndarray:
    """Return how many differences of groups each integration of each pixel has."""
    ending = (flags & (DO_NOT_USE | SATURATED)) > 0
    count: np.ndarray = (~ending[:, 1:] & ~ending[:, :-1] & ((flags[:, 1:] & JUMP) == 0)).sum(
        axis=1
    )
    return count


def _exposure(header: fits.Header, references: Path) -> Exposure:
    return Exposure(
        header["TGROUP"],
        header["TFRAME"],
        header["NFRAMES"],
        header["NFRAMES"] + header["GROUPGAP"],
        header.get("DRPFRMS1") or 0,
        *(reference_plane(references, header, key) for key in ("R_GAIN", "R_READNO")),
    )


def _side(files: dict[str, Path]) -> Side:
    rates = _read(files["rateints"])["SCI"] if "rateints" in files else _read(files["rate"])["SCI"]
    rates = rates if rates.ndim == 3 else rates[None]
    return Side(_read(files["ramp"]), _read(files["fitopt"]), rates.astype(float))


def _read(path: Path) -> Arrays:
    with fits.open(path, memmap=False) as units:
        return {u.name: u.data for u in units[1:] if u.is_image and u.data is not None}
