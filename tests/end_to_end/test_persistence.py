"""The state of the charge traps is handed on from file to file."""

from dataclasses import replace

import numpy as np
import pytest

import webbcal
from webbcal.sim import ImageSimulation, simulate_files
from webbcal.spec.references import REFERENCES

PROGRAMME = ImageSimulation(
    detector="NRCB1",
    subarray="48x64",
    readpatt="DEEP8",
    ngroups=8,
    nints=4,
    stars=60,
    brightest_star=1e5,
    faintest_star=2e4,
    traps=20.0,
    snowballs=0.0,
)


def run(files, number, folder, **persistence):
    (outcome,) = webbcal.run(
        files.exposures[number],
        output_dir=folder,
        references=dict.fromkeys(REFERENCES) | dict(files.references),
        reference_folder=files.crds,
        options={"persistence": {"skip": False, **persistence}},
        save=["persistence"],
        threads=1,
    )
    return {suffix: webbcal.open(path) for suffix, path in outcome.outputs.items()}, outcome


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return simulate_files(PROGRAMME, tmp_path_factory.mktemp("whole"), seed=2)


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    return simulate_files(replace(PROGRAMME, segments=2), tmp_path_factory.mktemp("halves"), seed=2)


def test_segments_one_by_one_are_corrected_as_the_whole_exposure(whole, halves, tmp_path):
    together, _ = run(whole, 0, tmp_path, save_persistence=True)
    first, outcome = run(halves, 0, tmp_path)
    state = str(outcome.outputs["trapsfilled"])
    second, _ = run(halves, 1, tmp_path, input_trapsfilled=state)
    parts = np.concatenate([first["persistence"].sci, second["persistence"].sci])
    np.testing.assert_array_equal(parts, together["persistence"].sci)
    np.testing.assert_array_equal(second["trapsfilled"].sci, together["trapsfilled"].sci)
    assert together["output_pers"].sci.max() > 40
    assert (together["rate"].dq & 32).any()


def test_windows_of_persistence_too(whole, halves, tmp_path):
    options = {"persistence_time": 20.0, "dn_threshold": 5000.0, "save_persistence": True}
    together, _ = run(whole, 0, tmp_path, **options)
    first, outcome = run(halves, 0, tmp_path, **options)
    state = str(outcome.outputs["perswindow"])
    second, _ = run(halves, 1, tmp_path, persistence_array_file=state, **options)
    # Jumps are found in all integrations together, so their flags differ.
    parts = np.concatenate([first["persistence"].groupdq, second["persistence"].groupdq])
    np.testing.assert_array_equal(parts & 32, together["persistence"].groupdq & 32)
    assert (second["persistence"].groupdq & 32).any()
    assert (second["perswindow"].sci == together["perswindow"].sci).all()
