"""Section of the report: both pipelines against the truth of exposures from elsewhere."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.cases import Case
from validation.criteria import Criterion, Section
from validation.measures import robust_width
from validation.pipelines import Job

BAD = 1 | 2
EXCESS_RATIO, EXCESS_WIDTH = 2e-4, 5e-3


def foreign_truth(cases: list[Case], jobs: list[Job], folder: Path) -> Section:
    """Compare the rates of both sides with the truth, on exposures with default options.

    Pixels: not DO_NOT_USE and not SATURATED for either side, with more than 1000 true electrons
    per integration. "Just as well" means: the median of rate / truth as close to 1 as the peer's
    within 2e-4, and pulls as narrow within 0.005.
    """
    text = [
        "Exposures and references written by the peer's data models, default options. Median of",
        "rate / truth - 1 in 1e-3, and robust width of pulls, where more than 1000 electrons fall",
        "per integration. A detector with a wrong reference on purpose is as wrong for both.",
        "",
        "| exposure | pixels | webbcal: ratio | width | peer: ratio | width |",
        "|---|---|---|---|---|---|",
    ]
    worst_ratio, worst_width, name_ratio, name_width = 0.0, 0.0, "", ""
    for case, job in zip(cases, jobs, strict=True):
        files = [job.products(side).get("rate") for side in ("webbcal", "peer")]
        if case.options or case.skip or None in files:
            continue
        measured = _measure(folder / f"{case.exposure}_truth.npz", *map(Path, filter(None, files)))
        if measured is None:
            continue
        pixels, (ratio, width), (their_ratio, their_width) = measured
        text.append(
            f"| {case.name} | {pixels} | {1e3 * ratio:+.2f} | {width:.3f} | "
            f"{1e3 * their_ratio:+.2f} | {their_width:.3f} |"
        )
        if abs(ratio) - abs(their_ratio) > worst_ratio:
            worst_ratio, name_ratio = abs(ratio) - abs(their_ratio), f" ({case.name})"
        if width - their_width > worst_width:
            worst_width, name_width = width - their_width, f" ({case.name})"
    name = f"foreign exposures, {cases[0].mode}"
    criteria = [
        Criterion(f"{name}: rate / truth farther from 1 than the peer's",
                  f"by {worst_ratio:.1e}{name_ratio}", f"by no more than {EXCESS_RATIO}",
                  worst_ratio <= EXCESS_RATIO),
        Criterion(f"{name}: pulls wider than the peer's",
                  f"by {worst_width:.1e}{name_width}", f"by no more than {EXCESS_WIDTH}",
                  worst_width <= EXCESS_WIDTH),
    ]  # fmt: skip
    return Section("Foreign exposures against truth", [*text, ""], criteria)


def _measure(
    truth: Path, *files: Path
) -> tuple[int, tuple[float, float], tuple[float, float]] | None:
    with np.load(truth) as known:
        rate, gain = known["rate"].astype(float), known["gain"]
    units = [fits.open(file, memmap=False) for file in files]
    exposure = units[0][0].header
    electrons = rate * exposure["EFFINTTM"] if "EFFINTTM" in exposure else rate
    usable = electrons > 1000
    for one in units:
        usable &= ((one["DQ"].data & BAD) == 0) & np.isfinite(one["SCI"].data)
        usable &= one["ERR"].data > 0
    if usable.sum() < 100:
        return None
    results = []
    for one in units:
        value = one["SCI"].data[usable].astype(float)
        factor = _gain_factor(one)
        known_rate = rate[usable] / gain[usable] * factor
        pulls = (value - known_rate) / one["ERR"].data[usable]
        results.append((float(np.median(value / known_rate)) - 1, robust_width(pulls)))
    return int(usable.sum()), results[0], results[1]


def _gain_factor(units: fits.HDUList) -> float:
    """Return the factor that the gain_scale step applied."""
    return 2.0 if units[0].header.get("S_GANSCL") == "COMPLETE" else 1.0
