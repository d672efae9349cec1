"""Compare two products of the same exposure, pixel by pixel, and say what differs where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.departures import Departure, known_departures
from validation.fit_details import known_details

DO_NOT_USE, SATURATED, JUMP, REFERENCE_PIXEL = 1, 2, 4, 1 << 31
RELATIVE, OF_SIGMA, OF_ERROR = 1e-5, 0.01, 1e-3
READ_NOISE_DN = 5.0
NAMES = {1: "DO_NOT_USE", 2: "SATURATED", 4: "JUMP", 64: "AD_FLOOR", 128: "CHARGELOSS"}
ALL = ("ramp", "rate", "rateints", "dark", "cal", "fitopt", "pctfrm_mask")
"""Products that are compared, in this order."""

STATUS = {
    "group_scale": "S_GRPSCL",
    "dq_init": "S_DQINIT",
    "emicorr": "S_MIREMI",
    "saturation": "S_SATURA",
    "ipc": "S_IPC",
    "superbias": "S_SUPERB",
    "firstframe": "S_FRSTFR",
    "lastframe": "S_LASTFR",
    "reset": "S_RESET",
    "refpix": "S_REFPIX",
    "linearity": "S_LINEAR",
    "rscd": "S_RSCD",
    "dark_current": "S_DARK",
    "charge_migration": "S_CHGMIG",
    "jump": "S_JUMP",
    "picture_frame": "S_PCTFRM",
    "clean_flicker_noise": "S_CLNFNS",
    "persistence": "S_PERSIS",
    "guider_cds": "S_GUICDS",
}
"""Keyword that says whether a step was done."""

TOLERANCES = {
    "SCI": "1e-5 or 0.01 sigma",
    "ERR": "1e-3",
    "VAR_POISSON": "1e-3",
    "VAR_RNOISE": "1e-3",
    "ZEROFRAME": "1e-5 or 0.05 DN",
}
"""What counts as equal; flags, and arrays that are not here, have to be the same."""

IGNORED_KEYWORDS = {
    *("DATE", "FILENAME", "CAL_VER", "CAL_VCS", "CRDS_VER", "CRDS_CTX", "ORIGIN", "EXTEND"),
    *("NEXTEND", "PRD_VER", "SDP_VER", "OSS_VER", "COMMENT", "HISTORY", ""),
}


@dataclass
class ArrayResult:
    """How well one array agrees.

    `equal` of `total` values are; of the others, `explained` counts those that differ by a
    recorded decision, by cause, and `kinds` splits up the rest. `worst` shows one of these.
    """

    product: str
    array: str
    equal: int
    total: int
    explained: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    worst: str = ""

    @property
    def part(self) -> float:
        """Part of the values that are equal, of those without a recorded reason to differ."""
        rest = self.total - sum(self.explained.values())
        return self.equal / rest if rest else 1.0

    @property
    def raw(self) -> float:
        """Part of all values that are equal."""
        return self.equal / self.total if self.total else 1.0


@dataclass
class Comparison:
    """All arrays of all products of one case, and keywords that differ."""

    arrays: list[ArrayResult] = field(default_factory=list)
    keywords: dict[str, tuple[object, object]] = field(default_factory=dict)


def compare(
    ours: dict[str, Path],
    theirs: dict[str, Path],
    references: Path,
    steps: tuple[str, ...] = (),
    likely: bool = False,
) -> Comparison:
    """Compare products by suffix; `steps` are those that are results of single steps.

    `references` is the folder of the reference files of both sides; `likely` tells that rates
    are fitted by likelihood.

    A value counts as equal if count rates agree within 1e-5 or 0.01 of their standard error,
    errors and variances within 1e-3, flags exactly. Count rates and errors are compared where
    the peer does not say DO_NOT_USE; ramps where the group is neither saturated nor DO_NOT_USE,
    within 1e-5 or 0.01 of a read noise of 5 DN. The integrations of an exposure that has only
    one are not compared: webbcal writes no rateints then. Optional fit results are compared
    within 1e-3.
    """
    result = Comparison()
    causes = None
    reasons = known_departures(ours, theirs, references, likely)
    for suffix in (*steps, *(s for s in ALL if s in ours or s in theirs)):
        if suffix == "rateints" and suffix not in ours and _integrations(theirs[suffix]) == 1:
            continue
        if suffix not in ours or suffix not in theirs:
            if suffix in steps and (suffix not in theirs or _skipped(theirs[suffix], suffix)):
                continue
            result.arrays.append(_missing(suffix, ours, theirs, steps))
            continue
        with fits.open(ours[suffix]) as a, fits.open(theirs[suffix]) as b:
            if a["SCI" if "SCI" in b else 1].shape != b["SCI" if "SCI" in b else 1].shape:
                shapes = f"{a[1].shape} / {b[1].shape}"
                result.arrays.append(ArrayResult(suffix, "file", 0, 1, {}, {"shape": 1}, shapes))
                continue
            if suffix == "ramp":
                causes = _causes(a, b)
            if suffix == "fitopt":
                result.arrays += _numbers(a, b, suffix, known_details(ours, theirs, references))
            else:
                result.arrays += _product(a, b, suffix, causes, reasons)
            if suffix not in steps:
                result.keywords |= _keywords(a, b, suffix)
    return result


def _missing(
    suffix: str, ours: dict[str, Path], theirs: dict[str, Path], steps: tuple[str, ...]
) -> ArrayResult:
    """Return the result for a product that only one side made.

    A step that webbcal left out, and whose result for the peer is that of the peer's step before,
    has no effect.
    """
    here = steps.index(suffix) if suffix in steps else 0
    before = theirs.get(steps[here - 1]) if here else None
    if suffix not in ours and before is not None and _same_arrays(before, theirs[suffix]):
        return ArrayResult(suffix, "file", 0, 1, {"left out here, without effect there": 1})
    missing = "webbcal" if suffix not in ours else "the peer"
    return ArrayResult(suffix, "file", 0, 1, {}, {f"not made by {missing}": 1})


def _same_arrays(one: Path, other: Path) -> bool:
    """Return whether two products have the same images, to the bit."""
    with fits.open(one) as a, fits.open(other) as b:
        names = [unit.name for unit in b[1:] if unit.is_image]
        return names == [unit.name for unit in a[1:] if unit.is_image] and all(
            np.array_equal(a[name].data, b[name].data, equal_nan=True) for name in names
        )


def _skipped(path: Path, step: str) -> bool:
    """Return whether the peer left a step out; webbcal saves nothing then."""
    return fits.getheader(path).get(STATUS[step], "SKIPPED") == "SKIPPED"


def _product(
    a: fits.HDUList,
    b: fits.HDUList,
    suffix: str,
    causes: np.ndarray | None,
    reasons: dict[str, Departure],
) -> Iterator[ArrayResult]:
    if "VAR_POISSON" in b:
        rates = suffix in {"rate", "rateints"}
        return _rate(a, b, suffix, causes if rates else None, reasons if rates else {})
    known = {
        name: {cause: r.pixels for cause, r in reasons.items()
               if suffix in r.products and name in r.arrays}
        for name in ("SCI", "ERR", "DQ", "GROUPDQ", "PIXELDQ")
    }  # fmt: skip
    return _ramp(a, b, suffix, known)


def _causes(a: fits.HDUList, b: fits.HDUList) -> np.ndarray:
    """Return for each integration and pixel what differs in its ramp, as text."""
    flags = a["GROUPDQ"].data ^ b["GROUPDQ"].data
    flags = np.bitwise_or.reduce(flags, axis=1)
    causes = np.full(flags.shape, "the same ramp", dtype="U48")
    usable = ~np.any(np.asarray([(h["GROUPDQ"].data & 3) > 0 for h in (a, b)]), axis=0)
    differ = ~_close(a["SCI"].data, b["SCI"].data, 0.05) & usable
    causes[differ.any(axis=1)] = "other ramp values"
    pixel = (a["PIXELDQ"].data ^ b["PIXELDQ"].data) & ~np.uint32(REFERENCE_PIXEL)
    causes[:, pixel != 0] = "other pixel flags"
    for bit, name in NAMES.items():
        causes[(flags & bit) > 0] = f"other {name} groups"
    return causes


def _ramp(
    a: fits.HDUList, b: fits.HDUList, product: str, known: dict[str, dict[str, np.ndarray]]
) -> Iterator[ArrayResult]:
    x, y = a["SCI"].data, b["SCI"].data
    close = _close(x, y, OF_SIGMA * READ_NOISE_DN)
    if "GROUPDQ" in b:
        dq_x, dq_y = a["GROUPDQ"].data, b["GROUPDQ"].data
        usable = ((dq_x | dq_y) & (DO_NOT_USE | SATURATED)) == 0
        yield _result(product, "SCI", x, y, close, usable)
        yield _result(product, "SCI flagged", x, y, close, ~usable)
        yield _flags(product, "GROUPDQ", dq_x, dq_y)
    else:
        yield _result(product, "SCI", x, y, close, None)
    for name in ("PIXELDQ", "DQ"):
        if _holds(b, name):
            yield _flags(product, name, a[name].data, b[name].data)
    if _holds(b, "ERR") and "GROUPDQ" not in b:
        x, y = a["ERR"].data, b["ERR"].data
        same = _close(x, y, OF_ERROR * np.abs(y))
        yield _result(product, "ERR", x, y, same, None, None, known["ERR"])
    if product == "cal":
        yield from _tables(a, b, product)
    if _holds(b, "ZEROFRAME"):
        if "ZEROFRAME" not in a:
            yield ArrayResult(product, "ZEROFRAME", 0, 1, {}, {"missing": 1})
            return
        x, y = a["ZEROFRAME"].data, b["ZEROFRAME"].data
        yield _result(product, "ZEROFRAME", x, y, _close(x, y, OF_SIGMA * READ_NOISE_DN), None)


def _holds(units: fits.HDUList, name: str) -> bool:
    """Return whether there is such an array; the peer writes empty extensions, too."""
    return bool(name in units and units[name].data is not None)


def _numbers(
    a: fits.HDUList, b: fits.HDUList, product: str, known: dict[str, dict[str, np.ndarray]]
) -> Iterator[ArrayResult]:
    """Compare every image of the peer's product."""
    for unit in b[1:]:
        if not unit.is_image or unit.data is None:
            continue
        if unit.name not in a or a[unit.name].shape != unit.shape:
            found = a[unit.name].shape if unit.name in a else None
            worst = f"{found} / {unit.shape}"
            yield ArrayResult(
                product, unit.name, 0, 1, {}, {"missing or of another shape": 1}, worst
            )
            continue
        x, y = a[unit.name].data, unit.data
        same = _close(x, y, OF_ERROR * np.abs(y))
        yield _result(product, unit.name, x, y, same, None, None, known[unit.name])


def _tables(a: fits.HDUList, b: fits.HDUList, product: str) -> Iterator[ArrayResult]:
    """Compare the tables of the peer's product, row by row."""
    for unit in b[1:]:
        if unit.is_image or unit.name == "ASDF":
            continue
        same = unit.name in a and a[unit.name].data.tolist() == unit.data.tolist()
        yield ArrayResult(product, unit.name, int(same), 1, {}, {} if same else {"other rows": 1})


def _rate(
    a: fits.HDUList,
    b: fits.HDUList,
    product: str,
    causes: np.ndarray | None,
    reasons: dict[str, Departure],
) -> Iterator[ArrayResult]:
    dq = b["DQ"].data
    good = (dq & DO_NOT_USE) == 0
    if causes is None:
        causes = np.full((1, *dq.shape[-2:]), "unknown", dtype="U48")
    if dq.ndim == 2:
        strange = causes != "the same ramp"
        index = strange.argmax(axis=0)
        causes = np.take_along_axis(causes, index[None], axis=0)[0]
    for name in ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE"):
        x, y = a[name].data, b[name].data
        if name == "SCI":
            same = _close(x, y, OF_SIGMA * np.nan_to_num(b["ERR"].data))
        else:
            same = _close(x, y, OF_ERROR * np.abs(np.nan_to_num(y)))
        known = {k: r.pixels for k, r in reasons.items() if name in r.arrays}
        yield _result(product, name, x, y, same, good, causes, known)
        if name == "SCI":
            same = np.isnan(x) == np.isnan(y)
            yield _result(product, "SCI is NaN", x, y, same, None, causes, known)
    known = {k: r.pixels for k, r in reasons.items() if "DQ" in r.arrays}
    yield _flags(product, "DQ", a["DQ"].data, dq, causes, known)


def _close(x: np.ndarray, y: np.ndarray, absolute: np.ndarray | float) -> np.ndarray:
    same = np.asarray((x == y) | (np.isnan(x) & np.isnan(y)))
    rest = np.nonzero(~same)
    if rest[0].size:
        left, right = x[rest].astype(np.float64), y[rest].astype(np.float64)
        floor = absolute[rest] if isinstance(absolute, np.ndarray) else absolute
        with np.errstate(invalid="ignore"):
            same[rest] = np.abs(left - right) <= np.maximum(floor, RELATIVE * np.abs(right))
    return same


def _result(
    product: str,
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    same: np.ndarray,
    where: np.ndarray | None,
    causes: np.ndarray | None = None,
    known: dict[str, np.ndarray] | None = None,
) -> ArrayResult:
    wrong = ~same if where is None else where & ~same
    total = same.size if where is None else int(where.sum())
    result = ArrayResult(product, name, total - int(wrong.sum()), total)
    wrong = _set_aside(result, wrong, known)
    if not wrong.any():
        return result
    if causes is not None:
        kinds, counts = np.unique(causes[wrong], return_counts=True)
        result.kinds = {str(k): int(n) for k, n in zip(kinds, counts, strict=True)}
    size = np.abs(np.nan_to_num(x) - np.nan_to_num(y)).astype(np.float64)
    size[~wrong] = -1
    place = np.unravel_index(int(size.argmax()), size.shape)
    text = ", ".join(str(int(i)) for i in place)
    result.worst = f"[{text}] {x[place]:.7g} / {y[place]:.7g}"
    return result


def _set_aside(
    result: ArrayResult, wrong: np.ndarray, known: dict[str, np.ndarray] | None
) -> np.ndarray:
    """Count differences whose cause is known; return the others."""
    for cause, pixels in (known or {}).items():
        here = wrong & pixels
        if here.any():
            result.explained[cause] = int(here.sum())
            wrong = wrong & ~here
    return wrong


def _integrations(path: Path) -> int:
    return int(fits.getheader(path, "SCI")["NAXIS3"])


def _flags(
    product: str,
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    causes: np.ndarray | None = None,
    known: dict[str, np.ndarray] | None = None,
) -> ArrayResult:
    wrong = x != y
    result = ArrayResult(product, name, int((~wrong).sum()), wrong.size)
    wrong = _set_aside(result, wrong, known)
    if not wrong.any():
        return result
    x, y = np.where(wrong, x, 0).astype(np.uint32), np.where(wrong, y, 0).astype(np.uint32)
    for bit in range(32):
        flag = np.uint32(1 << bit)
        label = NAMES.get(1 << bit, f"bit {bit}")
        only_x, only_y = int(((x & ~y) & flag > 0).sum()), int(((y & ~x) & flag > 0).sum())
        if only_x:
            result.kinds[f"{label} only in webbcal"] = only_x
        if only_y:
            result.kinds[f"{label} only in the peer"] = only_y
    if causes is not None:
        kinds, counts = np.unique(causes[wrong], return_counts=True)
        result.kinds |= {f"({k})": int(n) for k, n in zip(kinds, counts, strict=True)}
    place = tuple(int(i[0]) for i in np.nonzero(wrong))
    result.worst = f"{list(place)} {x[place]} / {y[place]}"
    return result


def _keywords(a: fits.HDUList, b: fits.HDUList, suffix: str) -> dict[str, tuple[object, object]]:
    """Return primary keywords of the peer's product that differ in ours."""
    found: dict[str, tuple[object, object]] = {}
    for card in b[0].header.cards:
        if card.keyword in IGNORED_KEYWORDS:
            continue
        value = a[0].header.get(card.keyword)
        same = value == card.value
        if isinstance(value, float) and isinstance(card.value, int | float):
            same = bool(np.isclose(value, card.value, rtol=1e-6))
        if not same:
            found[f"{suffix}:{card.keyword}"] = (value, card.value)
    return found
