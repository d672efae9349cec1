"""Section of the report: the same exposures through webbcal and through the peer."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.cases import Case, Workload, workload
from validation.compare import ArrayResult, Comparison, compare
from validation.criteria import Criterion, Section
from validation.foreign_truth import foreign_truth
from validation.pipelines import ROOT, Job, Peer, Result, check_with_peer, run_webbcal

WANTED_PART = 0.999
PURPOSE = [
    "Set aside in the percentages, and only where the cause is found in the products",
    "(`validation/departures.py`); the verdict has both figures. Recorded in docs/decisions/0010.",
    "",
]
KNOWN = [
    "What is left has these causes:",
    "",
    "* JUMP in neighbours of pixels with a gain that is not positive, only for the peer (0011).",
    "* Groups after jumps as high as the limit within the scatter of the gain (0011).",
    "* JUMP only for the peer where the two largest differences of a ramp are equal to the last",
    "  bit, which whole numbers often are when linearity is skipped (0031).",
    "* JUMP where two differences of an erratic pixel deviate equally within rounding, so that the",
    "  iterative search takes another one first; the rounding of reference pixels decides.",
    "* Photon noise of a median difference close to 0, just beyond what rounding is granted.",
    "",
]
GRADED = {"SCI", "SCI is NaN", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ", "GROUPDQ", "PIXELDQ"}


def make_foreign(python: Path, work: Workload, folder: Path) -> None:
    """Let the peer's data models write the exposures and references."""
    file = folder / "specification.json"
    file.write_text(json.dumps({"sets": work.sets}))
    done = subprocess.run(
        [str(python), "-m", "validation.foreign", str(file), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"cannot make the foreign exposures: {done.stderr[-2000:]}")


def jobs_of(cases: list[Case], folder: Path) -> list[Job]:
    """Return a job per case; cases with default options share a folder."""
    jobs = []
    for number, case in enumerate(cases):
        plain = not case.options and not case.skip
        where = folder / ("default" if plain else f"variation_{number:02d}")
        uncal = folder / f"{case.exposure}_uncal.fits"
        jobs.append(Job(case.name, uncal, folder / "crds_cache", where, case.options, case.skip))
    return jobs


def parity(python: Path, folder: Path, small: bool) -> list[Section]:
    """Compare all cases with the peer, and both with the truth."""
    work = workload(small)
    make_foreign(python, work, folder)
    jobs = jobs_of(work.cases, folder)
    peer = Peer(python, jobs, folder)
    ours = run_webbcal(jobs)
    theirs = peer.results()
    rows: list[tuple[Job, Comparison | None, str]] = []
    for job, their in zip(jobs, theirs, strict=True):
        rows.append(_judge(job, ours[job.name], their))
    criteria = list(_criteria(rows))
    criteria.append(_bare(jobs[0], folder))
    files = [path for job in jobs for path in job.products("webbcal").values()]
    checked = check_with_peer(python, files)
    text = _report(rows)
    if checked is None:
        text.append("The peer's checker is not here: products were not checked with it.")
    else:
        fine, complaints = checked
        criteria.append(
            Criterion("products valid for the peer's data models",
                      f"{fine} of {len(files)}", "all", fine == len(files))
        )  # fmt: skip
        text += [f"* {line}" for line in sorted(set(complaints))[:40]]
    title = "Against the peer, on files that webbcal did not make"
    return [Section(title, text, criteria), foreign_truth(work.cases, jobs, folder)]


def _bare(job: Job, folder: Path) -> Criterion:
    """Calibrate a copy of a raw file that has no ASDF tree; the result must be the same.

    The peer cannot open such a file.
    """
    (folder / "bare").mkdir(exist_ok=True)
    copy = folder / "bare" / job.uncal.name
    with fits.open(job.uncal) as units:
        kept = fits.HDUList([unit.copy() for unit in units if unit.name != "ASDF"])
        kept.writeto(copy, overwrite=True)
    bare = Job("bare", copy, job.cache, folder / "bare")
    error = run_webbcal([bare])["bare"].error
    same = not error
    if same:
        with (
            fits.open(bare.products("webbcal")["rate"]) as a,
            fits.open(job.products("webbcal")["rate"]) as b,
        ):
            same = all(np.array_equal(a[name].data, b[name].data, equal_nan=True)
                       for name in ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ"))  # fmt: skip
    return Criterion(
        "raw file without ASDF tree",
        error or ("the same rates" if same else "other rates"),
        "the same rates",
        same,
    )


def _judge(job: Job, our: Result, their: Result) -> tuple[Job, Comparison | None, str]:
    if our.error or their.error:
        if our.error and their.error:
            return job, None, f"both stop: webbcal: {our.error} / peer: {their.error}"
        side = "webbcal" if our.error else "the peer"
        return job, None, f"only {side} stops: {our.error or their.error}"
    return job, compare(job.products("webbcal"), job.products("peer")), ""


def _criteria(rows: list[tuple[Job, Comparison | None, str]]) -> list[Criterion]:
    lowest: dict[str, tuple[float, str]] = {}
    for job, comparison, _ in rows:
        for result in comparison.arrays if comparison else ():
            key = f"{result.product} {result.array}"
            if result.array in GRADED | {"file"}:
                lowest[key] = min(lowest.get(key, (2.0, "")), (result.part, job.name))
    every = [result for _, comparison, _ in rows if comparison for result in comparison.arrays]
    stops = [f"{job.name}: {text}" for job, _, text in rows if text]
    criteria = [
        Criterion("cases that only one side can calibrate", str(len(stops)), "none", not stops)
    ]
    for key, (part, name) in sorted(lowest.items()):
        aside = sum(sum(r.explained.values()) for r in every if f"{r.product} {r.array}" == key)
        raw = min((r.raw for r in every if f"{r.product} {r.array}" == key), default=1.0)
        note = f"; {100 * raw:.3f} % with {aside} values set aside counted" if aside else ""
        criteria.append(
            Criterion(f"{key} equal to the peer's", f"{100 * part:.4f} % at worst, in {name}{note}",
                      f"{100 * WANTED_PART} %", part >= WANTED_PART)
        )  # fmt: skip
    return criteria


def _report(rows: list[tuple[Job, Comparison | None, str]]) -> list[str]:
    text = [
        "Percentage of values that are equal (see `validation/compare.py`), by product and array.",
        "webbcal runs with `ramp_fit.variances=prescribed`, the definition that the peer has.",
        "",
    ]
    columns = ["SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "DQ"]
    text.append("| case | ramp SCI | GROUPDQ | " + " | ".join(columns) + " | rateints DQ |")
    text.append("|---" * (len(columns) + 4) + "|")
    differences: list[str] = []
    aside: dict[tuple[str, str], int] = defaultdict(int)
    keywords: dict[str, list[str]] = defaultdict(list)
    for job, comparison, stop in rows:
        if comparison is None:
            text.append(f"| {job.name} | {stop.replace('|', '/')[:300]} |" + " |" * 7)
            continue
        found = {(r.product, r.array): r for r in comparison.arrays}
        wanted = [("ramp", "SCI"), ("ramp", "GROUPDQ"), *(("rate", name) for name in columns)]
        cells = [_percent(found.get(key)) for key in [*wanted, ("rateints", "DQ")]]
        text.append(f"| {job.name} | " + " | ".join(cells) + " |")
        differences += [_difference(job.name, r) for r in comparison.arrays if r.part < 1]
        for result in comparison.arrays:
            for cause, count in result.explained.items():
                aside[cause, f"{result.product} {result.array}"] += count
        for keyword, (our, their) in comparison.keywords.items():
            keywords[f"`{keyword}` {our!r}, peer {their!r}"].append(job.name)
    text += ["", "### Differences on purpose", "", *PURPOSE, ""]
    text += ["| departure | array | values |", "|---|---|---|"]
    text += [f"| {cause} | {array} | {count} |" for (cause, array), count in sorted(aside.items())]
    text += ["", "### Every other difference", "", *KNOWN]
    text += differences or ["None."]
    text += ["", "### Keywords of the peer's primary headers that differ", ""]
    text += [f"* {what} ({len(cases)} cases)" for what, cases in sorted(keywords.items())]
    return [*text, ""]


def _percent(result: ArrayResult | None) -> str:
    if result is None:
        return ""
    return "100" if result.part == 1 else f"{100 * result.part:.4f}"


def _difference(case: str, result: ArrayResult) -> str:
    kinds = ", ".join(f"{name}: {count}" for name, count in sorted(result.kinds.items()))
    return (
        f"* {case}, {result.product} {result.array}: {round(result.total * (1 - result.part))} of "
        f"{result.total}; {kinds}; worst {result.worst} (webbcal / peer)"
    )
