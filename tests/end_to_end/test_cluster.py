"""Runs on a Dask cluster: the same files, also when a worker dies."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.io.read import open_product
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import QUIET, ImagingProgramme, simulate_files
from webbcal.spec.fields import Image, declared

DISTRIBUTED = "from distributed.cli.dask_{0} import main; main()"


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    """Return six small count rates with their references."""
    options = ImagingProgramme(
        **QUIET
        | {"read_noise": True, "photon_noise": True, "exposures": 3}
        | {"detectors": "NRCB1,NRCB2", "subarray": "SUB64P"},
        products="rate",
    )
    return simulate_files(options, tmp_path_factory.mktemp("programme"), seed=3)


@pytest.fixture
def environ(programme):
    return programme.environ(os.environ)


@contextmanager
def process(role, *arguments):
    """Run a scheduler or worker of its own, as a user would on other machines."""
    child = subprocess.Popen(
        [sys.executable, "-c", DISTRIBUTED.format(role), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


@contextmanager
def scheduler(folder):
    """Run a scheduler; give its address."""
    import json

    file = folder / "scheduler.json"
    options = ("--port", 0, "--no-dashboard", "--no-show", "--scheduler-file", file)
    with process("scheduler", *options):
        give_up = time.monotonic() + 60
        while not file.exists() or not file.read_text():
            assert time.monotonic() < give_up
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]


def same(one, other):
    """Tell whether two products hold the same bits."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=spec.dtype.kind == "f")
        for name, spec in declared(type(one)).items()
        if isinstance(spec, Image) and one.has(name)
    )


def test_a_worker_that_dies_costs_no_product_and_no_bit(programme, environ, tmp_path):
    inputs = [programme.associations[1]]
    alone = run_everything(inputs, Settings(output_dir=tmp_path / "alone"), environ=environ)
    worker = ("--nworkers", 1, "--nthreads", 1, "--no-nanny", "--no-dashboard")
    with (
        scheduler(tmp_path) as address,
        process("worker", address, *worker) as first,
        process("worker", address, *worker),
    ):
        killed = []

        def kill(outcome):
            if not killed:
                first.send_signal(signal.SIGKILL)
                killed.append(outcome)

        settings = Settings(output_dir=tmp_path / "shared", scheduler=address)
        shared = run_everything(inputs, settings, environ=environ, done=kill)
        assert first.wait() == -signal.SIGKILL
    assert [outcome.error for outcome in shared] == [None] * 7
    for one, other in zip(alone, shared, strict=True):
        assert one.input.name == other.input.name
        assert one.outputs.keys() == other.outputs.keys()
    made = sorted((tmp_path / "alone").glob("*.fits"))
    assert {path.name.rsplit("_", 1)[1] for path in made} >= {"cal.fits", "crf.fits", "i2d.fits"}
    for path in made:
        assert same(open_product(path), open_product(tmp_path / "shared" / path.name))
    left = {path.suffix for path in (tmp_path / "shared").iterdir()}
    assert left <= {".fits", ".ecsv", ".lock"}


def test_no_scheduler_is_told_clearly(programme, environ, tmp_path, monkeypatch):
    monkeypatch.setattr("webbcal.pipelines.cluster.SECONDS_TO_CONNECT", 1)
    settings = Settings(output_dir=tmp_path, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InvalidOptions, match="no Dask scheduler answers"):
        run_everything([programme.associations[0]], settings, environ=environ)
