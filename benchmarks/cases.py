"""The exposures that are timed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from webbcal.sim.settings import ImageSimulation

MEMORY_FACTOR, MEMORY_MB = 1.5, 400.0
"""Most memory: so many times the largest integration as float32, and so many MB more."""

OFF_BY_DEFAULT = (
    *("emicorr", "firstframe", "charge_migration", "picture_frame", "clean_flicker_noise"),
    "persistence",
)


@dataclass(frozen=True)
class Case:
    """Exposures to calibrate, and what is asked of webbcal.

    `speed_up` is the least ratio of the wall times, peer to webbcal, None where nothing is asked.
    `with_peer` says whether the peer runs too. `options` are those of single steps, the same for
    both; `on` names steps that are off by default. `stored` is the number of rows and columns
    of the raw data.
    """

    name: str
    title: str
    simulation: ImageSimulation
    stored: tuple[int, int]
    runs: int
    speed_up: float | None = None
    with_peer: bool = True
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    on: tuple[str, ...] = ()

    @property
    def peak_mb(self) -> float:
        """Return the most memory that is asked for."""
        integration = self.simulation.ngroups * self.stored[0] * self.stored[1] * 4 / 1e6
        return MEMORY_FACTOR * integration + MEMORY_MB

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the options that both sides are told, by step; nothing is left to defaults."""
        wanted: dict[str, dict[str, Any]] = {
            "jump": {"expand_large_events": False, "find_showers": False}
        }
        miri = self.simulation.detector.startswith("MIRI")
        absent = {"picture_frame"} if miri else {"emicorr", "firstframe"}
        for step in OFF_BY_DEFAULT:
            if step not in absent:
                wanted[step] = {"skip": step not in self.on}
        for step, values in self.options.items():
            wanted.setdefault(step, {}).update(values)
        return wanted

    def quick(self) -> "Case":
        """Return the same with few integrations and groups: to see that it runs."""
        few = replace(
            self.simulation,
            nints=min(self.simulation.nints, 2),
            ngroups=min(self.simulation.ngroups, 5),
            exposures=1,
        )
        return replace(self, simulation=few, runs=1, speed_up=None)


FULL = ImageSimulation(
    subarray="FULL", readpatt="SHALLOW4", ngroups=10, nints=1, dark_frames=50, coarse=True
)
SMALL = ImageSimulation(subarray="SUB160", readpatt="RAPID", ngroups=8, nints=50)
MIRI = ImageSimulation(
    detector="MIRIMAGE",
    subarray="FULL",
    readpatt="FASTR1",
    showers=1.0,
    ngroups=40,
    nints=2,
    dark_frames=40,
    coarse=True,
)
IRS2 = ImageSimulation(
    detector="NRS1",
    subarray="FULL",
    readpatt="NRSIRS2RAPID",
    ngroups=30,
    nints=1,
    dark_frames=30,
    coarse=True,
)
AMI = ImageSimulation(
    detector="NIS",
    exposure_type="NIS_AMI",
    subarray="SUB80",
    readpatt="NISRAPID",
    ngroups=10,
    nints=100,
)
SERIES = ImageSimulation(
    detector="NRCALONG",
    exposure_type="NRC_TSIMAGE",
    subarray="SUB320",
    readpatt="RAPID",
    ngroups=10,
    nints=2930,
    coarse=True,
)
WHOLE, MIRI_WHOLE = (2048, 2048), (1024, 1032)
SNOWBALLS = {"jump": {"expand_large_events": True}}
SHOWERS = {"jump": {"find_showers": True}}
LIKELIHOOD = {"ramp_fit": {"algorithm": "LIKELY"}}

CASES = (
    Case("full", "1 x 10 x 2048 x 2048, SHALLOW4, dark of 50 frames", FULL, WHOLE, 5, 10.0),
    Case("small", "50 x 8 x 160 x 160, RAPID", SMALL, (160, 160), 5, 6.0),
    Case(
        "folder",
        "20 exposures of 50 x 8 x 160 x 160 in one command",
        replace(SMALL, exposures=20),
        (160, 160),
        1,
        20.0,
    ),
    Case(
        "long",
        "10 x 10 x 2048 x 2048, SHALLOW4",
        replace(FULL, nints=10),
        WHOLE,
        2,
        with_peer=False,
    ),
    Case("snowballs", "NIRCam 1 x 10 x 2048 x 2048, snowballs", FULL, WHOLE, 3, 15.0,
         options=SNOWBALLS),
    Case("likelihood", "NIRCam 1 x 10 x 2048 x 2048, likelihood", FULL, WHOLE, 3, 20.0,
         options=LIKELIHOOD),
    Case("flicker", "NIRCam 1 x 10 x 2048 x 2048, clean_flicker_noise", FULL, WHOLE, 3, 15.0,
         on=("clean_flicker_noise",)),
    Case("miri", "MIRI 2 x 40 x 1024 x 1032", MIRI, MIRI_WHOLE, 3, 12.0),
    Case("miri-emi", "MIRI 2 x 40 x 1024 x 1032, emicorr and showers",
         replace(MIRI, interference=1.0), MIRI_WHOLE, 3, 15.0, options=SHOWERS, on=("emicorr",)),
    Case("irs2", "NIRSpec IRS2 1 x 30 x 3200 x 2048", IRS2, (3200, 2048), 2, 10.0),
    Case("ami", "NIRISS AMI 100 x 10 x 80 x 80", AMI, (80, 80), 5, 10.0),
    Case("series", "NIRCam time series of 6 GB, 2930 x 10 x 320 x 320", SERIES, (320, 320), 1,
         with_peer=False),
)  # fmt: skip


def exposures_of(case: Case, folder: Path) -> list[Path]:
    """Simulate the exposures of a case, unless they lie in the folder already.

    In a process of its own: the peak memory of a process counts from that of its parent.
    """
    options = json.dumps(case.simulation.as_dict(), sort_keys=True)
    made = folder / "simulation.json"
    if not made.exists() or made.read_text() != options:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.cases", options, str(folder)]
        subprocess.run(command, check=True)
        made.write_text(options)
    return sorted(folder.glob("*_uncal.fits"))


def simulate(options: str, folder: str) -> None:
    """Simulate exposures; `options` are those of the simulation, as JSON."""
    from webbcal.sim import simulate_files

    simulate_files(ImageSimulation(**json.loads(options)), folder, seed=1)


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
