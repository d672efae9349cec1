"""Section of the report: both pipelines against the truth of exposures from elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.cases import Case
from validation.criteria import Criterion, Section
from validation.measures import robust_width
from validation.pipelines import Job

BAD = 1 | 2
EXCESS_WIDTH = 5e-3
ENOUGH_E, ENOUGH_PIXELS = 1000, 100
FLICKER = "clean_flicker_noise"

Measured = tuple[int, tuple[float, float], tuple[float, float]] | None
"""Number of pixels; how far from the truth, and width of pulls, of webbcal and of the peer."""


@dataclass(frozen=True)
class Words:
    """What the distance from the truth is called in a table and in a criterion.

    A table has it times `scale`; an `excess` above the peer's is too much.
    """

    short: str
    long: str
    scale: float
    excess: float


OF_RATIO = Words("ratio", "rate / truth farther from 1", 1e3, 2e-4)
DISTANCE = Words("distance", "farther from the truth", 1.0, 5e-3)


def foreign_truth(cases: list[Case], jobs: list[Job], folder: Path) -> Section:
    """Compare the rates of both sides with the truth: default options, and 1/f noise removed.

    Pixels: not DO_NOT_USE and not SATURATED for either side, with more than 1000 true electrons
    per integration. "Just as well" means: the median of rate / truth as close to 1 as the peer's
    within 2e-4, and pulls as narrow within 0.005. Where 1/f noise is removed, the median distance
    from the truth, in standard errors, is judged instead of the ratio, within 0.005, and pixels
    with fewer electrons, the sky, are judged by themselves: lines that are spoilt may move the
    median ratio towards 1, but are far from the truth. Several draws of a case count by the mean
    of their measures.
    """
    name = f"foreign exposures, {cases[0].mode}"
    clean = [FLICKER in case.on for case in cases]
    measured = [_of_case(case, job, folder) for case, job in zip(cases, jobs, strict=True)]
    everything = list(zip(cases, measured, clean, strict=True))
    usual = _judged(name, [(c, m[0]) for c, m, skip in everything if m and not skip])
    cleaned = [(c, m or (None, None, None)) for c, m, wanted in everything if wanted]
    bright, sky = (
        _judged(f"{name}, 1/f noise removed, {where}", together([(c, m[k]) for c, m in cleaned]),
                DISTANCE)
        for k, where in ((1, "bright"), (2, "sky"))
    )  # fmt: skip
    text = [
        "Exposures and references written by the peer's data models, default options. Median of",
        "rate / truth - 1 in 1e-3, and robust width of pulls, where more than 1000 electrons fall",
        "per integration. A detector with a wrong reference on purpose is as wrong for both.",
        "",
        *usual[0],
    ]
    criteria = usual[1]
    if cleaned:
        text += ["With clean_flicker_noise, median distance from the truth in standard errors:", "",
                 *bright[0]]  # fmt: skip
        text += ["The same, where 1000 electrons or fewer fall per integration:", "", *sky[0]]
        criteria = criteria + bright[1] + sky[1]
    return Section("Foreign exposures against truth", text, criteria)


def _of_case(case: Case, job: Job, folder: Path) -> tuple[Measured, Measured, Measured] | None:
    """Return what is measured of bright pixels and of the sky; None for a case that is not."""
    files = [job.products(side).get("rate") for side in ("webbcal", "peer")]
    known = not case.options or FLICKER in case.on
    if not known or case.skip or None in files:
        return None
    paths = [Path(file) for file in files if file is not None]
    return _measure(folder / f"{case.exposure}_truth.npz", *paths)


def together(found: list[tuple[Case, Measured]]) -> list[tuple[Case, Measured]]:
    """Return what is measured by case: the sum of the pixels, the mean of all else, of its draws.

    A draw that cannot be measured leaves the case without a measure.
    """
    draws: dict[str, list[Measured]] = {}
    for case, measured in found:
        draws.setdefault(case.draw_of or case.name, []).append(measured)
    return [
        (case, _mean(draws.pop(case.name))) for case, _ in found if not case.draw_of
    ]  # fmt: skip


def _mean(draws: list[Measured]) -> Measured:
    known = [one for one in draws if one is not None]
    if len(known) < len(draws):
        return None
    pixels, *sides = zip(*known, strict=True)
    ours, theirs = (np.mean(side, axis=0) for side in sides)
    return sum(pixels), (float(ours[0]), float(ours[1])), (float(theirs[0]), float(theirs[1]))


def _judged(
    name: str, found: list[tuple[Case, Measured]], words: Words = OF_RATIO
) -> tuple[list[str], list[Criterion]]:
    """Return a table, and the two criteria for the worst cases in it."""
    text = [f"| exposure | pixels | webbcal: {words.short} | width | peer: {words.short} | width |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    worst_far, worst_width, name_far, name_width = 0.0, 0.0, "", ""
    for case, measured in found:
        if measured is None:
            continue
        pixels, (far, width), (their_far, their_width) = measured
        text.append(
            f"| {case.name} | {pixels} | {words.scale * far:+.3f} | {width:.3f} | "
            f"{words.scale * their_far:+.3f} | {their_width:.3f} |"
        )
        if abs(far) - abs(their_far) > worst_far:
            worst_far, name_far = abs(far) - abs(their_far), f" ({case.name})"
        if width - their_width > worst_width:
            worst_width, name_width = width - their_width, f" ({case.name})"
    return [*text, ""], [
        Criterion(f"{name}: {words.long} than the peer's",
                  f"by {worst_far:.1e}{name_far}", f"by no more than {words.excess}",
                  worst_far <= words.excess),
        Criterion(f"{name}: pulls wider than the peer's",
                  f"by {worst_width:.1e}{name_width}", f"by no more than {EXCESS_WIDTH}",
                  worst_width <= EXCESS_WIDTH),
    ]  # fmt: skip


def _measure(truth: Path, *files: Path) -> tuple[Measured, Measured, Measured]:
    """Return the measures where more than 1000 electrons fall, by two words, and elsewhere."""
    with np.load(truth) as known:
        rate, gain = known["rate"].astype(float), known["gain"]
    units = [fits.open(file, memmap=False) for file in files]
    exposure = units[0][0].header
    electrons = rate * exposure["EFFINTTM"] if "EFFINTTM" in exposure else rate
    usable = np.ones(rate.shape, bool)
    for one in units:
        usable &= ((one["DQ"].data & BAD) == 0) & np.isfinite(one["SCI"].data)
        usable &= one["ERR"].data > 0
    bright, faint = usable & (electrons > ENOUGH_E), usable & (electrons <= ENOUGH_E) & (rate > 0)
    return (
        _measured(units, rate / gain, bright, ratio=True),
        _measured(units, rate / gain, bright, ratio=False),
        _measured(units, rate / gain, faint, ratio=False),
    )


def _measured(
    units: list[fits.HDUList], rate: np.ndarray, usable: np.ndarray, *, ratio: bool
) -> Measured:
    """Return pixels, ratio or distance, and width of the pulls; None of too few pixels."""
    if usable.sum() < ENOUGH_PIXELS:
        return None
    results = []
    for one in units:
        value = one["SCI"].data[usable].astype(float)
        known_rate = rate[usable] * _gain_factor(one)
        pulls = (value - known_rate) / one["ERR"].data[usable]
        far = np.median(value / known_rate) - 1 if ratio else np.median(np.abs(pulls))
        results.append((float(far), robust_width(pulls)))
    return int(usable.sum()), results[0], results[1]


def _gain_factor(units: fits.HDUList) -> float:
    """Return the factor that the gain_scale step applied."""
    return 2.0 if units[0].header.get("S_GANSCL") == "COMPLETE" else 1.0
