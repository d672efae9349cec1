"""Run the same exposures through webbcal and through the peer, and compare the products."""

import json
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from astropy.io import fits

from validation.cases import INSTRUMENTS, Case, Workload, workload
from validation.compare import compare
from validation.criteria import Criterion, Section
from validation.foreign_truth import foreign_truth
from validation.interference import interference_left
from validation.parity_report import Row, introduction, mode_section, overview
from validation.pipelines import MEMORY, ROOT, Job, Peer, Result, check_with_peer, run_webbcal

FINAL = ("ramp", "rate", "rateints", "dark", "cal", "fitopt")


def make_foreign(python: Path, work: Workload, folder: Path) -> None:
    """Let the peer's data models write the exposures and references, unless they are there."""
    file = folder / "specification.json"
    made = folder / "made.json"
    sources = sorted((ROOT / "validation/foreign").glob("*.py"))
    code = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = json.dumps([code, work.sets])
    if made.exists() and made.read_text() == stamp:
        return
    (folder / MEMORY).unlink(missing_ok=True)
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
    made.write_text(stamp)


def jobs_of(cases: list[Case], folder: Path) -> list[Job]:
    """Return a job per case; those alike in all but the exposure share a folder."""
    jobs = []
    shared: dict[str, Path] = {}
    for case in cases:
        like = json.dumps(
            [case.options, case.on, case.skip, case.pipeline, case.by_step, case.mode]
        )
        where = shared.setdefault(like, folder / f"runs_{len(shared):03d}")
        uncal = folder / f"{case.exposure}_uncal.fits"
        cache = folder / "crds_cache"
        jobs.append(
            Job(case.name, uncal, cache, where, case.options, case.on, case.skip,
                case.pipeline, case.by_step, case.also)
        )  # fmt: skip
    return jobs


def parity(
    python: Path,
    folder: Path,
    small: bool,
    instruments: tuple[str, ...] = tuple(INSTRUMENTS),
    *,
    keep: bool = True,
) -> Iterator[Section]:
    """Compare all cases with the peer, and both with the truth; one section per mode.

    One instrument after the other. Unless they are to be kept, the results of single steps are
    removed once they are compared: they take gigabytes.
    """
    yield introduction()
    for instrument in instruments:
        place = folder / instrument
        place.mkdir(parents=True, exist_ok=True)
        yield from _of_instrument(python, place, workload(small, (instrument,)), instrument, keep)


def _of_instrument(
    python: Path, place: Path, work: Workload, instrument: str, keep: bool
) -> Iterator[Section]:
    make_foreign(python, work, place)
    jobs = jobs_of(work.cases, place)
    peer = Peer(python, jobs, place)
    ours = run_webbcal(jobs)
    theirs = peer.results()
    rows = [
        judge(case, job, ours[job.name], their)
        for case, job, their in zip(work.cases, jobs, theirs, strict=True)
        if not case.draw_of
    ]
    exposures = {e["name"]: e for one in work.sets for e in one["exposures"]}
    told, judged = interference_left(zip(work.cases, jobs, strict=True), exposures)
    truth = foreign_truth(work.cases, jobs, place)
    truth.title += f": {instrument.upper()}"
    first = overview(rows, instrument)
    first.text += told
    first.criteria += judged
    if instrument == "nircam":
        first.criteria.append(_bare(jobs[0], place))
    first.criteria.append(_checked(python, [row[1] for row in rows], first.text, instrument))
    if not keep:
        _remove_steps(jobs)
    yield first
    for mode in dict.fromkeys(row[0].mode for row in rows):
        yield mode_section(mode, [row for row in rows if row[0].mode == mode])
    yield truth


def _remove_steps(jobs: list[Job]) -> None:
    """Remove the results of single steps of both sides."""
    for job in jobs:
        for side in ("webbcal", "peer"):
            files = job.products(side)
            for step in job.saved:
                if step in files:
                    files[step].unlink()


def _checked(python: Path, jobs: list[Job], text: list[str], instrument: str) -> Criterion:
    """Let the peer's data models read every product; complaints are added to the text."""
    made = [job.products("webbcal") for job in jobs]
    files = [path for one in made for kind, path in one.items() if kind in FINAL]
    checked = check_with_peer(python, files)
    if checked is None:
        text.append("The peer's checker is not here: products were not checked with it.")
        return Criterion(f"{instrument.upper()}: products valid for the peer's data models",
                         "not checked", "all", True)  # fmt: skip
    fine, complaints = checked
    text += [f"* {line}" for line in sorted(set(complaints))[:40]]
    return Criterion(f"{instrument.upper()}: products valid for the peer's data models",
                     f"{fine} of {len(files)}", "all", fine == len(files))  # fmt: skip


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


def judge(case: Case, job: Job, our: Result, their: Result) -> Row:
    """Compare what both sides made, unless one of them stopped."""
    if our.error and their.error:
        return case, job, None, f"both stop: webbcal: {our.error} / peer: {their.error}"
    if our.error or their.error:
        side = "webbcal" if our.error else "the peer"
        return case, job, None, f"only {side} stops: {our.error or their.error}"
    ours, theirs = job.products("webbcal"), job.products("peer")
    likely = job.settings().get("ramp_fit", {}).get("algorithm") == "LIKELY"
    compared = compare(ours, theirs, job.cache / "references/jwst", tuple(job.saved), likely)
    return case, job, compared, ""
