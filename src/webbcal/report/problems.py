"""What a reader should know first: what failed, what was left out, what looks odd."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from webbcal.report.alignment import failures
from webbcal.report.gather import MAX_TEXT, OF_EXPOSURES, Entry, Run
from webbcal.report.looks import Look
from webbcal.report.markup import Markup, badge, details, join, tag
from webbcal.report.words import plural

__all__ = ["Problem", "problems_of", "render"]

_WORDS = {"bad": "problem", "warn": "look at", "note": "note"}
_LISTED = 6
"""Names after a sentence; more are folded."""


@dataclass(frozen=True)
class Problem:
    """A sentence, how grave it is (bad, warn, note), and what it is about."""

    gravity: str
    what: str
    names: tuple[str, ...] = ()


def problems_of(run: Run, looks: Mapping[Path, Look]) -> list[Problem]:
    """Return all problems, the gravest first."""
    found = [*_files(run), *_steps(run), *_alignment(run), *_images(run, looks), *_missing(run)]
    found += [*_remarks(run), *_mixtures(run)]
    order = list(_WORDS)
    return sorted(found, key=lambda problem: order.index(problem.gravity))


def _files(run: Run) -> Iterator[Problem]:
    for entry in run.broken:
        yield Problem("bad", entry.error)


def _steps(run: Run) -> Iterator[Problem]:
    """Name the steps that failed or were skipped, with the products of each reason."""
    failed: dict[str, list[str]] = {}
    skipped: dict[str, list[str]] = {}
    left_out: dict[str, dict[str, list[str]]] = {}
    for entry in run.entries:
        for step in entry.steps:
            if step.status == "FAILED":
                why = f": {step.reason}" if step.reason else ""
                failed.setdefault(f"{step.name} failed{why}", []).append(entry.name)
            elif step.left_out:
                why = step.reason or "left out"
                left_out.setdefault(why, {}).setdefault(step.name, []).append(entry.name)
            elif step.status == "SKIPPED":
                words = f"{step.name} was skipped: {step.reason or 'no reason given'}"
                skipped.setdefault(words, []).append(entry.name)
        for name in _failed_keywords(entry):
            failed.setdefault(f"{name} failed", []).append(entry.name)
    yield from (Problem("bad", words, tuple(names)) for words, names in failed.items())
    yield from (Problem("note", words, tuple(names)) for words, names in skipped.items())
    for why, steps in left_out.items():
        names = dict.fromkeys(name for products in steps.values() for name in products)
        yield Problem("note", f"{why}: {', '.join(steps)}", tuple(names))


def _failed_keywords(entry: Entry) -> list[str]:
    """Return the steps that failed by the keywords of a product without a record."""
    return [] if entry.steps else [n for n, word in entry.statuses.items() if word == "FAILED"]


def _alignment(run: Run) -> Iterator[Problem]:
    for figures in run.figures("tweakreg"):
        for name, reason in failures(figures):
            yield Problem("bad", f"not aligned: {name}" + (f": {reason}" if reason else ""))


def _images(run: Run, looks: Mapping[Path, Look]) -> Iterator[Problem]:
    empty, half = [], []
    for entry in run.entries:
        look = looks.get(entry.path)
        if look is None or not look.pixels:
            continue
        if look.invalid == look.pixels:
            empty.append(entry.name)
        elif entry.exposure and look.counts.get("DO_NOT_USE", 0) > look.pixels / 2:
            half.append(entry.name)
    if empty:
        yield Problem("bad", "no pixel has a value", tuple(empty))
    if half:
        yield Problem("warn", "more than half of the pixels cannot be used", tuple(half))


def _missing(run: Run) -> Iterator[Problem]:
    """Name exposures without a product that most others have."""
    made = {name: {e.suffix for e in entries} for name, entries in run.exposures.items()}
    number = Counter(suffix for suffixes in made.values() for suffix in suffixes)
    for suffix in OF_EXPOSURES:
        if suffix != "uncal" and len(made) / 2 < number[suffix] < len(made):
            names = tuple(name for name, suffixes in made.items() if suffix not in suffixes)
            yield Problem("warn", f"without the product {suffix} that the others have", names)


def _remarks(run: Run) -> Iterator[Problem]:
    remarks: dict[str, list[str]] = {}
    for entry in run.entries:
        lines = [str(line) for stage in entry.stages for line in _list(stage.get("remarks"))]
        for step in entry.steps:
            lines += [f"{step.name}: {line}" for line in step.remarks]
        for line in lines:
            remarks.setdefault(line, []).append(entry.name)
    for line, names in remarks.items():
        yield Problem("warn", line, tuple(names))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _mixtures(run: Run) -> Iterator[Problem]:
    for fact, words in (
        ("software", "made by several versions of software"),
        ("context", "calibrated with several contexts of references"),
    ):
        values = {str(entry.facts[fact]) for entry in run.entries if fact in entry.facts}
        if len(values) > 1:
            yield Problem("warn", f"{words}: {', '.join(sorted(values)[:_LISTED])}")
    ignored = {
        str(line)[:MAX_TEXT]
        for entry in run.records
        for stage in entry.stages
        for line in _list(stage.get("ignored_parameters"))
    }
    for line in sorted(ignored):
        yield Problem("note", f"a parameter reference was not used in full: {line}")


def render(problems: list[Problem], products: int) -> Markup:
    """Return the problems of so many products as a list, notes folded."""
    if not any(problem.gravity != "note" for problem in problems):
        good = tag("p", badge("good", "good"), " Nothing failed, and nothing looks odd.")
    else:
        good = Markup("")
    grave = [_line(problem, products) for problem in problems if problem.gravity != "note"]
    notes = [_line(problem, products) for problem in problems if problem.gravity == "note"]
    folded = details(
        f"{plural(len(notes), 'note')} on skipped steps and parameters",
        tag("ul", *notes, class_="problems") if notes else Markup(""),
        opened=not grave and len(notes) <= _LISTED,
    )
    return join([good, tag("ul", *grave, class_="problems") if grave else Markup(""), folded])


def _line(problem: Problem, products: int) -> Markup:
    kind = "" if problem.gravity == "note" else problem.gravity
    number = len(problem.names)
    if number == products and number > 1:
        names = tag("span", f"in all {number} products", class_="names")
    elif number > _LISTED:
        names = details(f"in {number} products", ", ".join(problem.names))
    else:
        names = tag("span", ", ".join(problem.names), class_="names")
    words = tag("span", problem.what, " ", names)
    return tag("li", badge(_WORDS[problem.gravity], kind), words)
