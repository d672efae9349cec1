"""The exposures that are timed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from webbcal.sim.settings import ImageSimulation


@dataclass(frozen=True)
class Case:
    """Exposures to calibrate, and what is asked of webbcal.

    `speed_up` is the least ratio of the wall times, peer to webbcal; `peak_mb` the most memory;
    None where nothing is asked. `with_peer` says whether the peer runs too.
    """

    name: str
    title: str
    simulation: ImageSimulation
    runs: int
    speed_up: float | None = None
    peak_mb: float | None = None
    with_peer: bool = True


FULL = ImageSimulation(
    subarray="FULL", readpatt="SHALLOW4", ngroups=10, nints=1, dark_frames=50, coarse=True
)
SMALL = ImageSimulation(subarray="SUB160", readpatt="RAPID", ngroups=8, nints=50)

CASES = (
    Case("full", "1 x 10 x 2048 x 2048, SHALLOW4, dark of 50 frames", FULL, 5, 10.0, 700.0),
    Case("small", "50 x 8 x 160 x 160, RAPID", SMALL, 5, 6.0),
    Case(
        "folder",
        "20 exposures of 50 x 8 x 160 x 160 in one command",
        replace(SMALL, exposures=20),
        1,
        20.0,
    ),
    Case(
        "long",
        "10 x 10 x 2048 x 2048, SHALLOW4",
        replace(FULL, nints=10),
        2,
        with_peer=False,
    ),
)


def exposures_of(case: Case, folder: Path) -> list[Path]:
    """Simulate the exposures of a case, unless they lie in the folder already.

    In a process of its own: the peak memory of a process counts from that of its parent.
    """
    options = json.dumps(case.simulation.as_dict(), sort_keys=True)
    made = folder / "simulation.json"
    if not made.exists() or made.read_text() != options:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.cases", case.name, str(folder)]
        subprocess.run(command, check=True)
        made.write_text(options)
    return sorted(folder.glob("*_uncal.fits"))


def simulate(name: str, folder: str) -> None:
    """Simulate the exposures of a case."""
    from webbcal.sim import simulate_files

    case = next(case for case in CASES if case.name == name)
    simulate_files(case.simulation, folder, seed=1)


def environment(folder: Path, cache: Path) -> Mapping[str, str]:
    """Return the variables that make both pipelines use the references of a case."""
    return {
        "CRDS_PATH": str(folder / "crds"),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "CRDS_READONLY_CACHE": "1",
        "CRDS_SERVER_URL": "",
        "XDG_CACHE_HOME": str(cache),
        "HOME": os.environ.get("HOME", "/"),
    }


if __name__ == "__main__":
    simulate(*sys.argv[1:])
