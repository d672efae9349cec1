"""What people write in the documentation is true of the code."""

import re
import shlex
from pathlib import Path

import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.sim import ImagingProgramme
from webbcal.spec.references import REFERENCES
from webbcal.steps import STEPS
from webbcal.steps.of_sets import SET_STEPS

ROOT = Path(__file__).parents[2]
ALL_STEPS = {**STEPS, **SET_STEPS}
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [p for p in WRITTEN if not {"_build", "generated", "decisions"} & set(p.parts)]
PAGES = pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))


def commands(path):
    """Return what follows ``webbcal`` in every command line of a page, in words."""
    found = []
    text = path.read_text("utf-8").replace("\\\n", " ")
    for block in re.findall(r"```(?:console|text|bash)\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            words = (
                shlex.split(line.removeprefix("$ "), comments=True) if "webbcal " in line else []
            )
            if line.startswith("webbcal:") or not words:
                continue
            if Path(words[0]).name == "webbcal":
                found.append(words[1:])
    return found


@PAGES
def test_commands_and_their_options_exist(path):
    from declared.commands import command_names

    known = command_names()
    for words in commands(path):
        globals_, rest = [], list(words)
        while rest and rest[0].startswith("-"):
            globals_.append(rest.pop(0))
        assert set(globals_) <= known[""], words
        if not rest:
            continue
        assert rest[0] in known, words
        given = {word for word in rest[1:] if re.match(r"--?[a-z]", word)}
        assert given <= known[rest[0]], words


def values_after(words, *names):
    return [words[i + 1] for i, word in enumerate(words[:-1]) if word in names]


@PAGES
def test_steps_options_and_reference_types_in_commands_exist(path):
    for words in commands(path):
        for step in values_after(words, "--skip"):
            assert step in ALL_STEPS
        for result in values_after(words, "--save"):
            assert result in ALL_STEPS or result == "ramp"
        for reference in values_after(words, "--reference"):
            assert reference.partition("=")[0] in REFERENCES
        for assignment in values_after(words, "--option"):
            name, _, value = assignment.partition("=")
            if words[0] == "simulate":
                ImagingProgramme.from_mapping({name: ImagingProgramme.parse(name, value)})
                continue
            step, _, option = name.partition(".")
            options = ALL_STEPS[step].options
            if option == "skip":
                continue
            try:
                options.from_mapping({option: options.parse(option, value)})
            except InvalidOptions as error:
                assert "unknown" not in error.what  # a value out of bounds is shown on purpose


@PAGES
def test_targets_of_make_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`|^\$ make ([a-z-]+)", path.read_text("utf-8"), re.M))
    assert {a or b for a, b in named} <= targets


@PAGES
def test_files_of_the_checkout_that_are_named_exist(path):
    text = path.read_text("utf-8")
    for name in re.findall(r"`((?:src|tests|docs)/[\w/.-]+)`", text):
        if "NAME" not in name and "_build" not in name:
            assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\((docs/[\w/.-]+)\)", text):
        assert (ROOT / name).exists(), name


@PAGES
def test_python_examples_compile(path):
    for block in re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
        compile(block, str(path), "exec")


def test_the_example_of_a_step_as_a_function_runs():
    page = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "python.md", "exec"), names)
    assert names["result"].sci[0, 0, 0, 0] == 700.0


def test_every_source_is_in_the_bibliography():
    from declared.sources import source_lines

    page = (ROOT / "docs" / "explanation" / "sources.md").read_text("utf-8")
    terms = [
        term.strip()
        for line in re.findall(r"^(\S.*)\n: ", page, re.MULTILINE)
        for term in line.split(", ")
    ]
    lines = source_lines()
    assert len(lines) > 20
    for where, cited in lines:
        assert any(term in cited for term in terms), f"{where} cites {cited}: add it to sources.md"


def test_pages_of_one_task_are_about_a_page_long():
    for path in sorted((ROOT / "docs" / "how-to").glob("add-*.md")):
        assert len(path.read_text("utf-8").splitlines()) < 70, path.name
