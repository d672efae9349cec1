"""Options come from defaults, parameter references, a file and the command line, in that order."""

import tomllib
from pathlib import Path

import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.pipelines.recipes import RECIPES
from webbcal.pipelines.settings import Settings, as_toml, read_config, resolve

RECIPE = RECIPES["detector1_near_infrared"]


def options(settings=None, parameters=None):
    return resolve(RECIPE, settings or Settings(), parameters or {}, "parameter reference p.asdf")


def test_later_layers_win_and_the_origin_is_kept():
    settings = Settings(
        config={"jump": {"rejection_threshold": 5, "four_group_rejection_threshold": 6}},
        options={"jump": {"rejection_threshold": "7.5"}},
    )
    jump = options(settings, {"jump": {"three_group_rejection_threshold": 8.0}})["jump"]
    assert jump.values.rejection_threshold == 7.5
    assert jump.values.four_group_rejection_threshold == 6.0
    assert jump.values.three_group_rejection_threshold == 8.0
    assert jump.origins["rejection_threshold"] == "command line"
    assert jump.origins["four_group_rejection_threshold"] == "configuration file"
    assert jump.origins["three_group_rejection_threshold"] == "parameter reference p.asdf"
    assert jump.origins["flag_4_neighbors"] == "default"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(skip=("ipc",)),
        Settings(config={"ipc": {"skip": True}}),
        Settings(options={"ipc": {"skip": "true"}}),
    ],
)
def test_a_step_can_be_skipped_everywhere(settings):
    resolved = options(settings)
    assert resolved["ipc"].skip
    assert not resolved["jump"].skip


def test_the_command_line_takes_back_a_skip():
    resolved = options(Settings(options={"ipc": {"skip": "false"}}), {"ipc": {"skip": True}})
    assert not resolved["ipc"].skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(skip=("jmp",)), "unknown step jmp"),
        (Settings(save=("rate2",)), "unknown result rate2"),
        (Settings(options={"jump": {"rejection_treshold": "4"}}), "Did you mean rejection_thr"),
        (Settings(options={"jump": {"rejection_threshold": "-1"}}), "rejection_threshold.*-1"),
        (Settings(options={"jump": {"rejection_threshold": "many"}}), "expected float.*many"),
        (Settings(config={"jump": {"flag_4_neighbors": 3}}), "expected bool"),
        (Settings(config={"jump": {"skip": 3}}), "true or false"),
    ],
)
def test_mistakes_are_refused_with_the_remedy(settings, message):
    with pytest.raises(InvalidOptions, match=message):
        options(settings)


def test_resolved_options_written_as_a_file_give_the_same_options(tmp_path):
    first = options(Settings(options={"jump": {"rejection_threshold": "5"}}, skip=("ipc",)))
    path = tmp_path / "again.toml"
    path.write_text(as_toml(first))
    tomllib.loads(path.read_text())
    again = options(Settings(config=read_config(path)))
    assert {n: (r.values, r.skip) for n, r in again.items()} == {
        n: (r.values, r.skip) for n, r in first.items()
    }


@pytest.mark.parametrize("text", ["jump = 3", "[jump", "\xff"])
def test_a_bad_file_is_named(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidOptions, match=r"bad\.toml"):
        read_config(path)


def test_a_missing_file_is_named():
    with pytest.raises(InvalidOptions, match=r"absent\.toml: cannot read"):
        read_config(Path("absent.toml"))
