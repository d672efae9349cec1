"""Where webbcal differs from the peer on purpose: found in the products, pixel by pixel.

Each departure is recorded in ``docs/decisions``. A pixel belongs to one only if the numbers of
both sides are those that the departure predicts, so that another difference there still shows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

LARGEST_VARIANCE = 1e6
TOLERANCE = 2e-3


@dataclass(frozen=True)
class Departure:
    """Pixels (y, x) and the arrays in which they may differ."""

    pixels: np.ndarray
    arrays: tuple[str, ...]


def known_departures(ours: dict[str, Path], theirs: dict[str, Path]) -> dict[str, Departure]:
    """Return the departures of one exposure, by a few words that name them."""
    if "rate" not in ours or "rateints" not in theirs:
        return {}
    mine = _read(ours["rate"])
    ints = _read(ours["rateints"]) if "rateints" in ours else {k: v[None] for k, v in mine.items()}
    peer = _read(theirs["rateints"])
    return {
        "variance above 1e6 kept": _large_variance(ints, peer),
        "photon noise of the integrations that could be measured": _measured_only(ints, peer),
        "read noise not positive": _no_read_noise(ints, peer),
    }


def _read(path: Path) -> dict[str, np.ndarray]:
    names = ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ")
    with fits.open(path, memmap=False) as units:
        return {name: units[name].data for name in names}


def _large_variance(ints: dict[str, np.ndarray], peer: dict[str, np.ndarray]) -> Departure:
    """Find variances that the peer sets to 0 because they are large."""
    found = np.zeros(peer["SCI"].shape[-2:], bool)
    for name in ("VAR_POISSON", "VAR_RNOISE"):
        large = (ints[name] >= LARGEST_VARIANCE * (1 - TOLERANCE)) & (peer[name] == 0)
        found |= large.any(axis=0)
    return Departure(found, ("ERR", "VAR_POISSON", "VAR_RNOISE"))


def _measured_only(ints: dict[str, np.ndarray], peer: dict[str, np.ndarray]) -> Departure:
    """Find photon noise that the peer scales down by the part of integrations with differences.

    It takes the mean rate over all integrations, those in which nothing could be measured
    counting as 0.
    """
    number = len(peer["SCI"])
    ours, theirs = ints["VAR_POISSON"], peer["VAR_POISSON"]
    found = np.ones(ours.shape[-2:], bool)
    some = np.zeros(ours.shape[-2:], bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((ours > 0) & (theirs > 0), ours / theirs, np.nan)
    for one in ratio:
        allowed = np.isnan(one)
        for measured in range(1, number):
            allowed |= np.abs(one * measured / number - 1) < TOLERANCE
        some |= ~np.isnan(one)
        found &= allowed
    return Departure(found & some, ("ERR", "VAR_POISSON"))


def _no_read_noise(ints: dict[str, np.ndarray], peer: dict[str, np.ndarray]) -> Departure:
    """Find pixels whose read noise reference is NaN or 0: the peer's rate is NaN, not flagged."""
    nothing = np.isnan(peer["SCI"]) & ((peer["DQ"] & 1) == 0)
    zero = (np.nan_to_num(peer["VAR_RNOISE"]) == 0) & ~np.isnan(ints["SCI"])
    known = nothing & (zero | np.isnan(peer["VAR_RNOISE"]))
    return Departure(known.any(axis=0), ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ"))
