"""Where webbcal differs from the peer on purpose: found in the products, pixel by pixel.

Each departure is recorded in ``docs/decisions``. A pixel belongs to one only if the numbers of
both sides are those that the departure predicts, so that another difference there still shows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.likelihood_products import predicted_pixels

LARGEST_VARIANCE = 1e6
TOLERANCE = 2e-3
DO_NOT_USE, SATURATED, JUMP, CHARGELOSS = 1, 2, 4, 128
REFERENCE_PIXEL = 1 << 31
FLOAT32 = 1.2e-7
SIDE = 4
"""Columns of reference pixels at either side."""

HALFWIDTH = 30
"""Rows that the filters reach to both sides, by default."""

SAME_RATIO = 2e-4
"""Within which the photon noise of both sides follows their ramps."""

GAIN = 1.5
"""Electrons per DN, at least, of the detectors compared."""

RECORDS = {
    "difference after a jump used": "0052",
    "jumps searched for otherwise": "0052",
    "unusable pixels not fitted": "0052, 0053",
    "nothing there is NaN": "0053",
    "uncertainties of photons and reads in DN": "0053",
    "height of a jump without the rate": "0053",
    "time since the reset in seconds": "0053",
    "variance above 1e6 kept": "0010",
    "photon noise of the integrations that have differences": "0010",
    "read noise not positive": "0010",
    "read noise of the integrations that have a rate": "0054",
    "bad reference pixels left out of the filters": "0057",
    "average dark current in DN/s": "0010",
    "saturated exposure of one group stays SATURATED": "0010",
    "median difference within rounding": "",
    "saturated in a group that is left out": "0010",
    "error of a guide star divided by the flat": "0060",
    "left out here, without effect there": "0120",
}
"""The decision that each departure is recorded in."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Departure:
    """Pixels (y, x), or values, and the arrays of products in which they may differ."""

    pixels: np.ndarray
    arrays: tuple[str, ...]
    products: tuple[str, ...] = ("rate", "rateints")


def known_departures(
    ours: dict[str, Path], theirs: dict[str, Path], references: Path, likely: bool
) -> dict[str, Departure]:
    """Return the departures of one exposure, by a few words that name them.

    `references` is the folder of the reference files of both sides; `likely` tells that rates
    are fitted by likelihood.
    """
    if {"cal", "guider_cds"} <= set(ours) & set(theirs):
        return {"error of a guide star divided by the flat": _flat_errors(ours, theirs, references)}
    if not {"rate", "ramp"} <= set(ours) or "rateints" not in theirs:
        return {}
    mine, ramp = _read(ours["rate"]), _read(ours["ramp"])
    ints = _read(ours["rateints"]) if "rateints" in ours else {k: v[None] for k, v in mine.items()}
    peer = _read(theirs["rateints"])
    rates = mine, (_read(theirs["rate"]) if "rate" in theirs else {})
    header = fits.getheader(ours["rate"])
    return (_by_likelihood(ours, theirs, references) if likely else {}) | {
        "variance above 1e6 kept": _large_variance(ints, peer),
        "photon noise of the integrations that have differences": _measured_only(ramp),
        "read noise not positive": _no_read_noise(ints, peer),
        "read noise of the integrations that have a rate": _charge_lost(ramp, ints, peer, rates),
        "bad reference pixels left out of the filters": _filtered(
            ramp, theirs.get("ramp"), header, rates
        ),
        "average dark current in DN/s": _average_dark(ramp),
        "saturated exposure of one group stays SATURATED": _zero_frame(ramp, ints, peer),
        "median difference within rounding": _rounding(ramp, ints, peer, header["TGROUP"]),
        "saturated in a group that is left out": _left_out(ramp, ints, peer),
    }


def _read(path: Path) -> Arrays:
    with fits.open(path, memmap=False) as units:
        return {u.name: u.data for u in units[1:] if u.is_image and u.data is not None}


def _by_likelihood(
    ours: dict[str, Path], theirs: dict[str, Path], references: Path
) -> dict[str, Departure]:
    """Find pixels in which both sides are as their rules for jumps predict."""
    used, others = predicted_pixels(ours, theirs, references)
    unusable = (_read(ours["ramp"])["PIXELDQ"] & DO_NOT_USE) > 0
    nothing = np.isnan(_read(ours["rate"])["SCI"])
    every = ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ")
    return {
        "difference after a jump used": Departure(used, every),
        "jumps searched for otherwise": Departure(others, every),
        "unusable pixels not fitted": Departure(unusable & nothing, ("SCI",)),
    }


def _large_variance(ints: Arrays, peer: Arrays) -> Departure:
    """Find variances that the peer sets to 0 because they are large."""
    found = np.zeros(peer["SCI"].shape[-2:], bool)
    for name in ("VAR_POISSON", "VAR_RNOISE"):
        large = (ints[name] >= LARGEST_VARIANCE * (1 - TOLERANCE)) & (peer[name] == 0)
        found |= large.any(axis=0)
    found |= ((ints["ERR"] >= LARGEST_VARIANCE**0.5) & (peer["ERR"] == 0)).any(axis=0)
    return Departure(found, ("ERR", "VAR_POISSON", "VAR_RNOISE"))


def _differences(ramp: Arrays) -> np.ndarray:
    """Return how many differences of groups each integration of each pixel has."""
    dq = ramp["GROUPDQ"]
    usable = ((dq[:, 1:] & (DO_NOT_USE | SATURATED | JUMP)) == 0) & (
        (dq[:, :-1] & (DO_NOT_USE | SATURATED)) == 0
    )
    count: np.ndarray = usable.sum(axis=1)
    return count


def _measured_only(ramp: Arrays) -> Departure:
    """Find pixels with differences in some integrations and none in others.

    The peer takes the mean rate over all of them; those without differences count as 0, or as
    what their first group suggests.
    """
    some = _differences(ramp) > 0
    part = np.asarray(some.any(axis=0) & ~some.all(axis=0))
    return Departure(part, ("ERR", "VAR_POISSON"))


def _no_read_noise(ints: Arrays, peer: Arrays) -> Departure:
    """Find pixels whose read noise reference is NaN or 0: the peer's rate is NaN, not flagged."""
    nothing = np.isnan(peer["SCI"]) & ((peer["DQ"] & DO_NOT_USE) == 0)
    zero = (np.nan_to_num(peer["VAR_RNOISE"]) == 0) & ~np.isnan(ints["SCI"])
    known = nothing & (zero | np.isnan(peer["VAR_RNOISE"]))
    return Departure(known.any(axis=0), ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ"))


def _charge_lost(
    ramp: Arrays, ints: Arrays, peer: Arrays, rates: tuple[Arrays, Arrays]
) -> Departure:
    """Find integrations that charge migration leaves no rate, whose read noise the peer counts.

    Neither side has a rate for them; that of the exposure is the mean of the others. Its variance
    by read noise is one over the sum of 1 / v over those that have a rate, at the peer over all.
    """
    names = ("VAR_RNOISE",)
    none = np.zeros(ramp["PIXELDQ"].shape, bool)
    if "VAR_RNOISE" not in rates[1]:
        return Departure(none, names)
    lost = ((ramp["GROUPDQ"] & CHARGELOSS) > 0).any(axis=1) & np.isnan(peer["SCI"])
    near = [lost.any(axis=0) & (lost <= np.isnan(ints["SCI"])).all(axis=0)]
    for rate, parts, counted in (
        (rates[0], ints, ~np.isnan(ints["SCI"])),
        (rates[1], peer, np.ones_like(lost)),
    ):
        noise = parts["VAR_RNOISE"].astype(np.float64)
        used = counted & (noise > 0)
        weight = np.where(used, 1 / np.where(used, noise, 1), 0).sum(axis=0)
        expected = np.where(weight > 0, 1 / np.where(weight > 0, weight, 1), 0)
        near.append(np.isclose(rate["VAR_RNOISE"], expected, rtol=TOLERANCE, atol=0))
    return Departure(np.logical_and.reduce(near), names)


def _filtered(
    mine: Arrays, theirs: Path | None, header: fits.Header, rates: tuple[Arrays, Arrays]
) -> Departure:
    """Find rows that the filters of SIRS take from a reference pixel that is DO_NOT_USE.

    The peer uses that pixel. Ramps then differ by less than the photon noise, which follows the
    median difference of each ramp: the ratio of both sides must be that of these medians. Told
    for columns at the sides and one integration without flags. `mine` is our ramp, `theirs` the
    file of the peer's.
    """
    found = np.zeros(mine["PIXELDQ"].shape, bool)
    uses = str(header.get("R_SIRSKL", "N/A")) != "N/A" and abs(header.get("FASTAXIS", 0)) == 1
    if not uses or theirs is None or "VAR_POISSON" not in rates[1]:
        return Departure(found, ("VAR_POISSON",))
    peer = _read(theirs)
    bad = (mine["PIXELDQ"] & REFERENCE_PIXEL > 0) & (mine["PIXELDQ"] & DO_NOT_USE > 0)
    for row in np.flatnonzero(bad[:, :SIDE].any(axis=1) | bad[:, -SIDE:].any(axis=1)):
        found[max(row - HALFWIDTH, 0) : row + HALFWIDTH + 1] = True
    found &= (mine["GROUPDQ"].shape[0] == 1) & (mine["GROUPDQ"] == 0).all(axis=(0, 1))
    middle, other = (
        np.median(np.diff(ramp["SCI"][0].astype(np.float64), axis=0), axis=0)
        for ramp in (mine, peer)
    )
    noise, expected = (rate["VAR_POISSON"].astype(np.float64) for rate in rates)
    return Departure(
        found & np.isclose(noise * other, expected * middle, rtol=SAME_RATIO, atol=0),
        ("VAR_POISSON",),
    )


def _average_dark(ramp: Arrays) -> Departure:
    """Find pixels with an average dark current: the peer adds electron/s to DN/s."""
    found = np.zeros(ramp["PIXELDQ"].shape, bool)
    if "AVDRKCUR" in ramp:
        found = ramp["AVDRKCUR"] > 0
    return Departure(found, ("ERR", "VAR_POISSON"))


def _zero_frame(ramp: Arrays, ints: Arrays, peer: Arrays) -> Departure:
    """Find single saturated groups measured by the zero frame: the peer drops their flag."""
    found = np.zeros(ramp["PIXELDQ"].shape, bool)
    if ramp["GROUPDQ"].shape[1] == 1:
        found = ((ints["DQ"] ^ peer["DQ"]) == SATURATED).any(axis=0) & ~np.isnan(peer["SCI"][0])
    return Departure(found, ("DQ",))


def _left_out(ramp: Arrays, ints: Arrays, peer: Arrays) -> Departure:
    """Find pixels that saturate only in a first or last group that nobody uses.

    The peer discards the group with its flags; here the pixel stays SATURATED.
    """
    dq = ramp["GROUPDQ"]
    used = ~((dq & DO_NOT_USE) > 0).all(axis=(0, 2, 3))
    only = ((dq & SATURATED) > 0).any(axis=1) & ~((dq[:, used] & SATURATED) > 0).any(axis=1)
    other = (ints["DQ"] ^ peer["DQ"]) == SATURATED
    return Departure((only & other).any(axis=0), ("DQ",))


def _flat_errors(ours: dict[str, Path], theirs: dict[str, Path], references: Path) -> Departure:
    """Find errors of guide stars that both sides propagate as they say, each in its own way.

    With rate r and error e before, flat f and its error u, ours is e / f and r u / f^2 in
    quadrature, the peer's e and r u / f^2. Where the flat cannot be used, the rates stay the same;
    ours is e, the peer's e and r u.
    """
    before, after, peer = (
        _read(file) for file in (theirs["guider_cds"], ours["cal"], theirs["cal"])
    )
    header = fits.getheader(theirs["cal"])
    if header.get("S_FLAT") != "COMPLETE":
        return Departure(np.zeros(peer["ERR"].shape, bool), ("ERR",), ("cal",))
    flat = _read(references / header["R_FLAT"].removeprefix("crds://"))
    y, x = header["SUBSTRT2"] - 1, header["SUBSTRT1"] - 1
    rows, columns = peer["SCI"].shape[-2:]
    value, uncertain = (
        flat[name][y : y + rows, x : x + columns].astype(np.float64) for name in ("SCI", "ERR")
    )
    rate, error = before["SCI"].astype(np.float64), before["ERR"].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        used = np.isclose(rate, after["SCI"] * value, rtol=1e-5, atol=0)
        factor = np.where(used, value, 1.0)
        added = (rate * uncertain / factor**2) ** 2
        mine = (error / factor) ** 2 + np.where(used, added, 0.0)
        near = [
            np.abs(expected / found["ERR"].astype(np.float64) ** 2 - 1) < TOLERANCE
            for expected, found in ((mine, after), (error**2 + added, peer))
        ]
    return Departure(near[0] & near[1], ("ERR",), ("cal",))


def _rounding(ramp: Arrays, ints: Arrays, peer: Arrays, group_time: float) -> Departure:
    """Find photon noise that differs by no more than float32 rounding of the ramp explains.

    The median difference of groups (DN) is uncertain by about the spacing of float32 numbers at
    the largest value of the ramp; over gain, group time squared and number of differences, that
    is an uncertainty of the variance. It matters where the median is nearly 0.
    """
    largest = np.nanmax(np.abs(ramp["SCI"]), axis=(0, 1))
    number = np.maximum(_differences(ramp), 1)
    allowed = 4 * FLOAT32 * largest / (group_time**2 * GAIN * number)
    with np.errstate(invalid="ignore"):
        near = np.abs(ints["VAR_POISSON"] - peer["VAR_POISSON"]) <= allowed
    return Departure(near.all(axis=0), ("VAR_POISSON",))
