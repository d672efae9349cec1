"""Run webbcal and the peer on the same exposures, as programs."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CHECKER = ROOT.parent / "shared/peer/check_with_peer.py"
SUFFIXES = ("ramp", "rate", "rateints")
PRESCRIBED = {"ramp_fit": {"variances": "prescribed"}}
"""Options of webbcal that make its variances those of the published description."""

EXTRA = "ERR,NOTES,QUICKLOOK"
"""ERR of ramps, as the format document has it; extensions of the foreign files, handed on."""


@dataclass(frozen=True)
class Job:
    """One exposure to calibrate with both pipelines, into folders of its own."""

    name: str
    uncal: Path
    cache: Path
    folder: Path
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skip: tuple[str, ...] = ()

    def products(self, side: str) -> dict[str, Path]:
        """Return what a side ("webbcal" or "peer") made, by suffix."""
        root = self.uncal.name.removesuffix("_uncal.fits")
        files = {s: self.folder / side / f"{root}_{s}.fits" for s in SUFFIXES}
        return {suffix: file for suffix, file in files.items() if file.exists()}


@dataclass
class Result:
    """How long a side took, and what it complained about."""

    seconds: float = 0.0
    error: str = ""


class Peer:
    """The peer at work in the background.

    Its process starts at once, and `results` waits for it.
    """

    def __init__(self, python: Path, jobs: list[Job], folder: Path) -> None:
        self._jobs = jobs
        self._folder = folder
        work = []
        for job in jobs:
            (job.folder / "peer").mkdir(parents=True, exist_ok=True)
            steps: dict[str, dict[str, Any]] = {k: dict(v) for k, v in job.options.items()}
            for step in job.skip:
                steps.setdefault(step, {})["skip"] = True
            work.append(
                {
                    "input": str(job.uncal),
                    "output_dir": str(job.folder / "peer"),
                    "cache": str(job.cache),
                    "steps": steps,
                    "ramp": True,
                }
            )
        file = folder / "peer_jobs.json"
        file.write_text(json.dumps(work))
        with (folder / "peer_stdout").open("w") as out, (folder / "peer_stderr").open("w") as err:
            self._process = subprocess.Popen(
                [str(python), str(ROOT / "validation/peer_process.py"), str(file)],
                stdout=out,
                stderr=err,
                env=_environment(),
            )

    def results(self) -> list[Result]:
        """Wait for the process and return one result per job."""
        code = self._process.wait()
        lines = (self._folder / "peer_stdout").read_text().splitlines()
        results = [Result(**json.loads(line)) for line in lines if line.startswith('{"seconds"')]
        tail = (self._folder / "peer_stderr").read_text()[-500:]
        lost = Result(error=f"the peer's process ended with {code}: {tail}")
        return results + [lost] * (len(self._jobs) - len(results))


def run_webbcal(jobs: Iterable[Job]) -> dict[str, Result]:
    """Run ``webbcal run``, one call for all exposures that want the same; results by job.

    The variances are the prescribed ones, which the peer has, too.
    """
    alike: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        plain = {k: dict(v) for k, v in job.options.items()}
        alike[json.dumps([str(job.cache), plain, job.skip, str(job.folder)])].append(job)
    results = {}
    for same in alike.values():
        first = same[0]
        command = [sys.executable, "-m", "webbcal", "run", *(str(job.uncal) for job in same)]
        command += ["--output-dir", str(first.folder / "webbcal"), "--save", "ramp"]
        for step in first.skip:
            command += ["--skip", step]
        for options in (PRESCRIBED, first.options):
            for step, values in options.items():
                for name, value in values.items():
                    command += ["--option", f"{step}.{name}={value}"]
        start = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment(first.cache)
        )
        seconds = time.perf_counter() - start
        error = "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-2000:]
        for job in same:
            mine = "" if job.products("webbcal") else error or "made nothing"
            results[job.name] = Result(seconds / len(same), mine)
    return results


def check_with_peer(python: Path, files: list[Path]) -> tuple[int, list[str]] | None:
    """Check files by the peer's data models; return how many are fine, and the complaints.

    None where the checker is not beside this checkout.
    """
    if not CHECKER.exists():
        return None
    done = subprocess.run(
        [str(python), str(CHECKER), "--allow-extra", EXTRA, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    lines = done.stdout.splitlines()
    fine = sum(line.startswith("OK") for line in lines)
    complaints: list[str] = []
    name = ""
    for line in lines:
        if line.startswith("FAIL"):
            name = Path(line.split()[1]).name
        elif "error:" in line:
            complaints.append(f"{name}: {line.partition('error:')[2].strip()}")
    if done.returncode and not complaints:
        complaints.append((done.stderr or done.stdout).strip()[-500:])
    return fine, complaints


def _environment(cache: Path | None = None) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CRDS_")}
    environment["PYTHONPATH"] = str(ROOT)
    if cache is not None:
        environment |= {
            "CRDS_PATH": str(cache),
            "CRDS_CONTEXT": "jwst_0001.pmap",
            "CRDS_MODE": "local",
            "CRDS_READONLY_CACHE": "1",
        }
    return environment
