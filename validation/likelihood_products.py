"""Rates by likelihood that differ because the rules do: recomputed for both sides, and compared.

A pixel counts only if every value of both sides, of all integrations and of the exposure, is what
its rules give (`validation.likelihood`): any other difference there still shows.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation import likelihood
from validation.likelihood import PEER, PEER_OTHERWISE, WEBBCAL, Fitted, Rules
from validation.reference_planes import reference_plane

DO_NOT_USE, SATURATED, JUMP, PERSISTENCE = 1, 2, 4, 32
OF_SIGMA, OF_VARIANCE, OF_TOTAL = 0.01, 1e-3, 1e-5
LEAST_NOISE = 1e-6

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Side:
    """What one side made: ramps, and values of integrations and exposure, the latter last.

    `values` are rate, error and variances of photons and reads, `flags` those of the integrations.
    """

    ramps: likelihood.Ramps
    values: np.ndarray
    flags: np.ndarray


def predicted_pixels(
    ours: dict[str, Path], theirs: dict[str, Path], references: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (y, x) in which both sides are as predicted.

    The first array has those in which a difference after a jump is used on one side only; the
    second has the others.
    """
    header = fits.getheader(ours["rate"])
    gain, noise = (reference_plane(references, header, key) for key in ("R_GAIN", "R_READNO"))
    shape, fine = gain.shape, (gain > 0) & np.isfinite(noise)
    mine, peer = _side(ours, header), _side(theirs, header)
    dark = _read(ours["ramp"]).get("AVDRKCUR", np.zeros(shape))
    read = np.maximum(np.where(fine, noise, 1.0) ** 2 / 2, LEAST_NOISE)
    detector = likelihood.Detector(
        np.where(fine, gain, 1.0).ravel(), read.ravel(), np.maximum(dark, 0.0).ravel()
    )
    with np.errstate(all="ignore"):
        good = fine.ravel() & _agrees(mine, likelihood.fit(mine.ramps, detector, WEBBCAL))
        good &= _agrees(peer, _peer_fit(peer, detector))
    kept = _after_jumps(mine.ramps)
    return (good & kept).reshape(shape), (good & ~kept).reshape(shape)


def _peer_fit(peer: Side, detector: likelihood.Detector) -> Fitted:
    """Return what the peer's rules give where rounding decides as it did in its products.

    It decides which of two differences is kept, or none; and when the search ends, if the first
    guess of the rate is not positive: the peer's covariance is singular then.
    """
    rate = peer.values[0, :-1]
    best = likelihood.fit(peer.ramps, detector, PEER)
    groups = peer.ramps.sci.shape[1]
    open_ended: list[Rules] = [replace(PEER, most=n) for n in range(groups)]
    for rules in (*PEER_OTHERWISE, *open_ended):
        other = likelihood.fit(peer.ramps, detector, rules)
        found, now = other.values[0, :-1], best.values[0, :-1]
        nearer = np.abs(found - rate) < np.abs(now - rate)
        nearer |= np.isnan(found) & np.isnan(rate) & ~np.isnan(now)
        if rules in open_ended:
            nearer &= best.guess <= 0
        parts = np.where(nearer, other.values[:, :-1], best.values[:, :-1])
        jumps = np.where(nearer, other.found, best.found)
        best = Fitted(likelihood.combine(parts), jumps, best.guess)
    return best


def _agrees(side: Side, fit: Fitted) -> np.ndarray:
    """Tell in which pixels the products of a side are what its rules give; axes (pixel)."""
    rate, error, photon, read = side.values
    expected, by_photon, by_read = fit.values
    total = by_photon + by_read
    same = np.abs(rate - expected) <= OF_SIGMA * np.sqrt(total)
    for value, variance in ((photon, by_photon), (read, by_read), (error**2, total)):
        same &= np.abs(value - variance) <= OF_VARIANCE * variance + OF_TOTAL * total
    same |= np.isnan(rate) & np.isnan(expected)
    flagged = ((side.ramps.flags & JUMP) > 0).any(axis=1)
    jumps = ((side.flags & JUMP) > 0) == (flagged | fit.found)
    agreed: np.ndarray = same.all(axis=0) & (jumps | np.isnan(expected[:-1])).all(axis=0)
    return agreed


def _after_jumps(ramps: likelihood.Ramps) -> np.ndarray:
    """Find pixels with a difference after a jump, which one side uses; axes (pixel)."""
    if ramps.reads[0].size > 1:
        return np.zeros(ramps.sci.shape[2], bool)
    flags = ramps.flags & ~np.uint8(PERSISTENCE)
    found: np.ndarray = ((flags[:, :-1] == JUMP) & (flags[:, 1:] == 0)).any(axis=(0, 1))
    return found


def _side(files: dict[str, Path], header: fits.Header) -> Side:
    ramp, rate = _read(files["ramp"]), _read(files["rate"])
    nints, groups = ramp["SCI"].shape[:2]
    whole = {k: v[None] for k, v in rate.items() if v.ndim == 2}
    ints = _read(files["rateints"]) if "rateints" in files else whole
    zero = ramp.get("ZEROFRAME", np.zeros((nints, *ramp["SCI"].shape[2:])))
    first = (header.get("DRPFRMS1") or 0) + np.arange(header["NFRAMES"]) + 1
    reads = [k * header["TGROUP"] + first * header["TFRAME"] for k in range(groups)]
    values = [
        np.concatenate([ints[name], whole[name]]).reshape(nints + 1, -1).astype(float)
        for name in ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE")
    ]
    return Side(
        likelihood.Ramps(
            ramp["SCI"].reshape(nints, groups, -1),
            ramp["GROUPDQ"].reshape(nints, groups, -1),
            zero.reshape(nints, -1),
            reads,
        ),
        np.array(values),
        ints["DQ"].reshape(nints, -1),
    )


def _read(path: Path) -> Arrays:
    with fits.open(path, memmap=False) as units:
        return {u.name: u.data for u in units[1:] if u.is_image and u.data is not None}
