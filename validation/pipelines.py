"""Run webbcal and the peer on the same exposures, as programs."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from validation.cases import OFF_BY_DEFAULT

ROOT = Path(__file__).resolve().parents[1]
CHECKER = ROOT.parent / "shared/peer/check_with_peer.py"
SUFFIXES = ("ramp", "rate", "rateints", "dark", "cal")
STEPS = {
    "near infrared": (
        *("group_scale", "dq_init", "saturation", "ipc", "superbias", "refpix", "linearity"),
        *("dark_current", "charge_migration", "jump", "picture_frame", "clean_flicker_noise"),
        "persistence",
    ),
    "MIRI": (
        *("group_scale", "dq_init", "emicorr", "saturation", "ipc", "firstframe", "lastframe"),
        *("reset", "linearity", "rscd", "dark_current", "refpix", "charge_migration", "jump"),
        *("clean_flicker_noise", "persistence"),
    ),
    "guide stars": ("dq_init", "guider_cds"),
}
"""Steps whose results are compared, in their order."""

AFTER_DARK = {"dark_current", "charge_migration", "jump", "picture_frame", "persistence"}
NOT_IN_DARK = AFTER_DARK | {"clean_flicker_noise"}
"""Steps that the recipes for darks do not have (nor, for MIRI, refpix)."""

EXPLICIT: dict[str, dict[str, Any]] = {
    "jump": {"expand_large_events": False, "find_showers": False}
}
"""Options that the two sides have other defaults for: always given, as is what to leave out."""
PRESCRIBED = {
    "detector1": {
        "ramp_fit": {"variances": "prescribed"},
        "refpix": {"irs2_zeros": "missing"},
        "saturation": {"irs2_partial": False},
    },
    "guider": {"guider_cds": {"variances": "prescribed"}},
    "dark": {},
}
"""Options of webbcal that it has for this comparison, by pipeline: variances as in the published
description (records 0010 and 0059); of interleaved readout, measurements of 0 as if there were
none, and no search for groups that ran full among their frames (0045)."""

MEMORY = "peer_results.json"
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
    on: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    pipeline: str = "detector1"
    by_step: bool = False
    also: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the recipe, in their order, without the fit of the ramps."""
        if self.pipeline == "guider":
            return STEPS["guide stars"]
        miri = "_mir" in self.uncal.name
        steps = STEPS["MIRI" if miri else "near infrared"]
        if self.pipeline == "dark":
            out = NOT_IN_DARK | ({"refpix"} if miri else set())
            return tuple(step for step in steps if step not in out)
        return steps

    @property
    def saved(self) -> tuple[str, ...]:
        """The steps whose results are kept."""
        running = [s for s in self.steps if s not in OFF_BY_DEFAULT or s in self.on]
        return tuple(s for s in running if s not in self.skip) if self.by_step else ()

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the options of every step that both sides are told, by step."""
        wanted: dict[str, dict[str, Any]] = {}
        for layer in (EXPLICIT, self.options):
            for step, values in layer.items():
                if self.pipeline == "detector1" or step in self.steps:
                    wanted.setdefault(step, {}).update(values)
        for step in self.steps:
            off = (step in OFF_BY_DEFAULT and step not in self.on) or step in self.skip
            wanted.setdefault(step, {})["skip"] = off
        return wanted

    def products(self, side: str) -> dict[str, Path]:
        """Return what a side ("webbcal" or "peer") made, by suffix."""
        root = self.uncal.name.removesuffix("_uncal.fits")
        wanted = (*SUFFIXES, *self.also, *self.saved)
        files = {s: self.folder / side / f"{root}_{s}.fits" for s in wanted}
        return {suffix: file for suffix, file in files.items() if file.exists()}


@dataclass
class Result:
    """How long a side took, and what it complained about."""

    seconds: float = 0.0
    error: str = ""


class Peer:
    """The peer at work in the background.

    Its process starts at once, and `results` waits for it. What it has done before with the
    same input and options, into the same folder, is not done again.
    """

    def __init__(self, python: Path, jobs: list[Job], folder: Path) -> None:
        self._jobs = jobs
        self._folder = folder
        self._known = _remembered(folder)
        work = []
        for job in jobs:
            (job.folder / "peer").mkdir(parents=True, exist_ok=True)
            steps = _without_defaults(job.settings())
            for step in job.saved:
                steps.setdefault(step, {})["save_results"] = True
            work.append(
                {
                    "input": str(job.uncal),
                    "output_dir": str(job.folder / "peer"),
                    "cache": str(job.cache),
                    "pipeline": job.pipeline,
                    "steps": steps,
                }
            )
        self._keys = [json.dumps(one, sort_keys=True) for one in work]
        todo = [one for one, key in zip(work, self._keys, strict=True) if key not in self._known]
        self._todo = [key for key in self._keys if key not in self._known]
        file = folder / "peer_jobs.json"
        file.write_text(json.dumps(todo))
        self._process: subprocess.Popen[bytes] | None = None
        if not todo:
            return
        with (folder / "peer_stdout").open("w") as out, (folder / "peer_stderr").open("w") as err:
            self._process = subprocess.Popen(
                [str(python), str(ROOT / "validation/peer_process.py"), str(file)],
                stdout=out,
                stderr=err,
                env=environment(),
            )

    def results(self) -> list[Result]:
        """Wait for the process and return one result per job."""
        lost = Result(error="the peer's process ended before this")
        if self._process is not None:
            code = self._process.wait()
            lines = (self._folder / "peer_stdout").read_text().splitlines()
            done = [Result(**json.loads(line)) for line in lines if line.startswith('{"seconds"')]
            tail = (self._folder / "peer_stderr").read_text()[-500:]
            lost = Result(error=f"the peer's process ended with {code}: {tail}")
            self._known |= dict(zip(self._todo, done, strict=False))
            kept = {key: asdict(one) for key, one in self._known.items()}
            (self._folder / MEMORY).write_text(json.dumps(kept))
        return [self._known.get(key, lost) for key in self._keys]


def _without_defaults(settings: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Leave out what the peer does anyway: the steps that are on by default."""
    kept = {}
    for step, values in settings.items():
        on = step not in OFF_BY_DEFAULT and values.get("skip") is False
        rest = {name: value for name, value in values.items() if name != "skip" or not on}
        if rest:
            kept[step] = rest
    return kept


def _remembered(folder: Path) -> dict[str, Result]:
    file = folder / MEMORY
    if not file.exists():
        return {}
    return {key: Result(**one) for key, one in json.loads(file.read_text()).items()}


def run_webbcal(jobs: Iterable[Job]) -> dict[str, Result]:
    """Run ``webbcal run``, one call for all exposures that want the same; results by job.

    The variances are the prescribed ones, which the peer has, too.
    """
    alike: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        alike[json.dumps([str(job.cache), _arguments(job), str(job.folder)])].append(job)
    results = {}
    for same in alike.values():
        first = same[0]
        command = [sys.executable, "-m", "webbcal", "run", *(str(job.uncal) for job in same)]
        command += ["--output-dir", str(first.folder / "webbcal"), *_arguments(first)]
        start = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment(first.cache)
        )
        seconds = time.perf_counter() - start
        error = "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-2000:]
        for job in same:
            made = {"rate", "dark", "cal"} & set(job.products("webbcal"))
            mine = "" if made else error or "made nothing"
            results[job.name] = Result(seconds / len(same), mine)
    return results


def _arguments(job: Job) -> list[str]:
    """Return the arguments of ``webbcal run`` that say how."""
    from webbcal.steps import STEPS as KNOWN

    settings = {k: v for k, v in job.settings().items() if k in KNOWN or not v.get("skip")}
    saved = list(job.saved)
    for step, values in PRESCRIBED[job.pipeline].items():
        settings[step] = settings.get(step, {}) | values
    if job.pipeline == "detector1":
        saved.append("ramp")
    arguments = [word for name in saved for word in ("--save", name)]
    for step, values in settings.items():
        for name, value in values.items():
            arguments += ["--option", f"{step}.{name}={_as_text(value)}"]
    return arguments


def _as_text(value: Any) -> str:
    """Return the value of an option as the command line takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


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
        env=environment(),
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


def calibrate(source: Path, output: Path, cache: Path, arguments: Sequence[str]) -> None:
    """Run ``webbcal run`` on files, a folder or an association; it has to succeed."""
    command = [sys.executable, "-m", "webbcal", "run", str(source), "-o", str(output), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(cache)
    )
    if done.returncode:
        raise RuntimeError(f"webbcal failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")


def environment(cache: Path | None = None) -> dict[str, str]:
    """Return the variables for a run of either side, with the references of a cache."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("CRDS_")}
    # The checkout that this is a part of, wherever webbcal is installed.
    variables["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    if cache is not None:
        variables |= {
            "CRDS_PATH": str(cache),
            "CRDS_CONTEXT": "jwst_0001.pmap",
            "CRDS_MODE": "local",
            "CRDS_READONLY_CACHE": "1",
        }
    return variables
