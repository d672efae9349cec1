"""Runs that are killed, taken up again, or started twice at once."""

import os
import signal
import subprocess
import sys
import time

import pytest
from astropy.io import fits

from webbcal.sim import ImageSimulation, simulate_files


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    options = ImageSimulation(subarray="64x64", nints=2, ngroups=5, exposures=3)
    return simulate_files(options, tmp_path_factory.mktemp("interrupted"), seed=8)


@pytest.fixture(scope="module")
def environ(programme):
    return os.environ | {
        "CRDS_PATH": str(programme.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
    }


def start(programme, environ, out, *words):
    command = [sys.executable, "-m", "webbcal", "run", str(programme.exposures[0].parent)]
    command += ["--output-dir", str(out), *words]
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def contents(folder):
    """Return the values of all arrays by file and extension."""
    found = {}
    for path in sorted(folder.iterdir()):
        with fits.open(path) as units:
            for unit in units:
                if unit.data is not None and unit.name != "ASDF":
                    found[path.name, unit.name] = unit.data.tobytes()
    return found


@pytest.fixture(scope="module")
def undisturbed(programme, environ, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    process = start(programme, environ, out)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return contents(out)


@pytest.mark.parametrize("files", [0, 1, 3])
def test_a_killed_run_is_taken_up_again(programme, environ, undisturbed, tmp_path, files):
    out = tmp_path / "out"
    process = start(programme, environ, out)
    while process.poll() is None and (not out.exists() or len(list(out.glob("*.fits"))) < files):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = start(programme, environ, out, "--resume")
    said, errors = again.communicate()
    assert again.returncode == 0, errors
    assert said.count("made already") >= files // 2
    assert contents(out) == undisturbed


def test_two_runs_at_once_do_no_harm(programme, environ, undisturbed, tmp_path):
    out = tmp_path / "out"
    runs = [start(programme, environ, out) for _ in range(2)]
    results = [run.communicate() for run in runs]
    for run, (_, errors) in zip(runs, results, strict=True):
        told = "another run is making the products of this exposure" in errors
        assert run.returncode == (2 if told else 0), errors
        assert "Traceback" not in errors
    again = start(programme, environ, out, "--resume")
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert contents(out) == undisturbed
