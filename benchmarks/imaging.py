"""The programmes of images that are timed: stage 2, stage 3, and a hundred exposures."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.cases import environment
from benchmarks.process import Usage, run

HERE = Path(__file__).parent
OUT = HERE / "out"
WEBBCAL = Path(sys.executable).with_name("webbcal")
NIRCAM = {"detectors": "NRCB1,NRCB2", "subarray": "FULL", "exposures": 4, "products": "rate"}
MIRI = {"detector": "MIRIMAGE", "subarray": "FULL", "exposures": 4, "products": "rate"}
COARSE = {
    "resample": {"pixmap_stepsize": 10.0},
    "outlier_detection": {"pixmap_stepsize": 10.0},
}
"""Pixel maps that the peer interpolates from every tenth pixel."""


@dataclass(frozen=True)
class ImagingCase:
    """A programme of count rates, and the stage that is timed on it.

    `speed_up` is the least ratio of the wall times, `peak_mb` the most memory, where asked.
    `peer_steps` are options of the peer alone. `single` takes the first exposure only. `lean`
    removes count rates that were calibrated: they take gigabytes.
    """

    name: str
    title: str
    programme: Mapping[str, Any]
    stage: int
    runs: int
    speed_up: float | None = None
    peak_mb: float | None = None
    with_peer: bool = True
    peer_steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    single: bool = False
    lean: bool = False


CASES = (
    ImagingCase("image2-one", "image2: 1 NIRCam exposure of 2048 x 2048", NIRCAM, 2, 3, 6.0,
                single=True),
    ImagingCase("image2", "image2: 8 NIRCam exposures of 2048 x 2048 in one command", NIRCAM, 2, 1,
                6.0),
    ImagingCase("image3", "image3: 8 NIRCam exposures of 2048 x 2048", NIRCAM, 3, 1, 8.0),
    ImagingCase("image3-coarse", "the same, with the peer's coarse pixel maps", NIRCAM, 3, 1, 4.0,
                peer_steps=COARSE),
    ImagingCase("image3-miri", "image3: 4 MIRI exposures of 1024 x 1032", MIRI, 3, 1, 8.0),
    ImagingCase("hundred", "image3: 100 NIRCam exposures of 2048 x 2048",
                {**NIRCAM, "exposures": 50, "galaxies": 0, "scene_truth": False}, 3, 1,
                peak_mb=4000.0, with_peer=False, lean=True),
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Files of a case: the association that each side is given, and the references."""

    ours: Path
    theirs: Path
    environ: Mapping[str, str]


def inputs_of(case: ImagingCase, *, quick: bool) -> Inputs:
    """Simulate the count rates, and for stage 3 calibrate them, unless it is done already."""
    programme = dict(case.programme)
    if quick:
        programme |= {"subarray": "SUB160" if "detectors" in programme else "SUB64", "exposures": 2}
    tag = f"{'miri' if 'detector' in programme else 'nircam'}-{programme['exposures']}"
    folder = OUT / f"imaging-{tag}{'-quick' if quick else ''}"
    made = folder / "simulation.json"
    options = json.dumps(programme, sort_keys=True)
    if not made.exists() or made.read_text() != options:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.imaging", options, str(folder)]
        subprocess.run(command, check=True)
        made.write_text(options)
    environ = environment(folder, OUT / "cache")
    second, third = (next(folder.glob(f"*_{kind}_*_asn.json")) for kind in ("image2", "image3"))
    if case.stage == 2:
        if case.single:
            second = _first_only(second)
        return Inputs(second, second, environ)
    cals = folder / "cal"
    if not list(cals.glob("*_cal.fits")):
        run([WEBBCAL, "run", second, "--output-dir", cals, "--skip", "resample"], environ, cals)
        for rate in folder.glob("*_rate.fits") if case.lean else ():
            rate.unlink()
    table = cals / third.name
    shutil.copy(third, table)
    return Inputs(table, table, environ)


def _first_only(table: Path) -> Path:
    """Write the association of the first exposure alone."""
    tree = json.loads(table.read_text())
    tree["products"] = tree["products"][:1]
    one = table.with_name(f"one_{table.name}")
    one.write_text(json.dumps(tree))
    return one


def run_webbcal(case: ImagingCase, inputs: Inputs) -> Usage:
    """Do the stage in one command, into an empty folder."""
    out = OUT / f"out-{case.name}-webbcal"
    shutil.rmtree(out, ignore_errors=True)
    command = [WEBBCAL, "run", inputs.ours, "--output-dir", out, "--through", str(case.stage)]
    return run(command, inputs.environ, out)


def run_peer(peer: Path, case: ImagingCase, inputs: Inputs) -> Usage:
    """Do the stage with the peer, in one process, into an empty folder."""
    out = OUT / f"out-{case.name}-peer"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        *(peer.absolute(), HERE / "peer_imaging.py", f"image{case.stage}", inputs.theirs, out),
        json.dumps(case.peer_steps),
    ]
    return run(command, inputs.environ, out)


def simulate(options: str, folder: str) -> None:
    """Simulate a programme; `options` are its options, as JSON."""
    from webbcal.sim import ImagingProgramme, simulate_files

    simulate_files(ImagingProgramme(**json.loads(options)), folder, seed=1)


if __name__ == "__main__":
    simulate(*sys.argv[1:])
