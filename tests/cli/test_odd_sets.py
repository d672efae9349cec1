"""What the command line says of sets that are not as they should be: once, with an exit code."""

import json
import os
import shutil
import sys

import pytest
from astropy.io import fits

from webbcal.cli.main import main
from webbcal.sim import QUIET, ImagingProgramme, simulate_files

EMPTY = QUIET | {"detector": "NRCB1", "subarray": "SUB160", "exposures": 2, "stars": 0}


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    options = ImagingProgramme(products="rate", galaxies=0, **EMPTY)
    return simulate_files(options, tmp_path_factory.mktemp("programme"), seed=4)


@pytest.fixture
def run(programme, monkeypatch, capsys, tmp_path):
    """Return a function that runs the command line; it returns exit code, output and errors."""
    for name, value in programme.environ(os.environ).items():
        monkeypatch.setenv(name, value)

    def run(*words):
        words = ["webbcal", "run", *words, "--output-dir", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", list(map(str, words)))
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def rates(programme, tmp_path):
    """Return count rates of one's own."""
    (tmp_path / "in").mkdir()
    return [shutil.copy(path, tmp_path / "in" / path.name) for path in programme.exposures]


def test_reasons_are_told_once(run, rates):
    code, said, errors = run(rates[0], "--through", 3)
    assert code == 0
    assert not errors
    assert "note: no source was found" in said
    for step in ("tweakreg", "skymatch", "outlier_detection"):
        assert said.count(step) == 1


def test_what_failed_is_told_to_be_left_out_and_decides_the_exit_code(run, rates):
    with fits.open(rates[1], mode="update") as file:
        file["SCI"].header["DEC_REF"] = 120.0
    code, said, errors = run(*rates, "--through", 3)
    assert code == 2
    assert errors.count("\n") == 1
    assert "DEC_REF" in errors
    assert "-90 to 90 deg" in errors
    assert f"{rates[1].name}: left out of what follows" in said
    assert "2 of 3 done" in said


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("../in/absent_cal.fits", "outside the folder"),
        ("absent_cal.fits", "missing"),
        ("a_asn.json", "its own member"),
    ],
)
def test_members_that_cannot_be_are_refused_before_anything_is_done(run, rates, member, why):
    table = rates[0].parent / "a_asn.json"
    members = [{"expname": name, "exptype": "science"} for name in (rates[0].name, member)]
    tree = {"asn_type": "image3", "products": [{"name": "a", "members": members}]}
    table.write_text(json.dumps(tree))
    code, said, errors = run(table)
    assert code == 2
    assert not said
    assert errors.count("\n") == 1
    assert why in errors
    assert not (table.parent.parent / "out").exists()
