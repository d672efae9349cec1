"""Catalogues know every step and load those that are asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from webbcal import steps
from webbcal.steps import STEPS
from webbcal.steps._catalogue import Catalogue
from webbcal.steps.of_sets import SET_STEPS

FOLDER = Path(steps.__file__).parent

# What a run imports before it knows what to calibrate. Modules whose names begin with an
# underscore, and the catalogue of steps on sets, are no steps.
LOADED = """
import sys
import webbcal.cli.run, webbcal.steps.of_sets
print(*(name for name in sys.modules if name.startswith(("webbcal.steps.", "webbcal.associ"))))
"""


@pytest.mark.parametrize("catalogue", [STEPS, SET_STEPS], ids=["exposures", "sets"])
def test_steps_have_the_names_they_are_known_by(catalogue):
    assert {name: step.name for name, step in catalogue.items()} == {n: n for n in catalogue}


def test_every_module_of_a_step_is_in_one_catalogue():
    modules = {path.stem for path in FOLDER.iterdir() if not path.stem.startswith("_")}
    known = [step.run.__module__.split(".")[2] for step in (*STEPS.values(), *SET_STEPS.values())]
    assert sorted(known) == sorted(modules - {"of_sets"})


def test_nothing_is_loaded_before_it_is_asked_for():
    told = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    loaded = set(told.stdout.split())
    assert "webbcal.associations.grouping" not in loaded
    assert {name.split(".")[2] for name in loaded if ".steps." in name} == {
        "_step",
        "_catalogue",
        "of_sets",
    }


def test_unknown_step_is_a_key_error_and_a_new_one_can_be_added():
    catalogue: Catalogue[int] = Catalogue("dq_init", "jump")
    assert "jump" in catalogue
    assert "jumps" not in catalogue
    with pytest.raises(KeyError):
        catalogue["jumps"]
    catalogue["mine"] = 1
    assert list(catalogue) == ["dq_init", "jump", "mine"]
    assert catalogue["mine"] == 1
    del catalogue["mine"]
    assert len(catalogue) == 2
