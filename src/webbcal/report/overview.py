"""What ran, when, with what, and what it made."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from webbcal.report.gather import OF_EXPOSURES, OF_SETS, Entry, Run
from webbcal.report.looks import Look
from webbcal.report.markup import Markup, badge, details, join, number, section, table, tag
from webbcal.report.problems import problems_of
from webbcal.report.problems import render as render_problems
from webbcal.report.words import duration, plural, size_in_words

__all__ = ["overview", "subtitle", "values_of"]

_OPEN = 24
"""Lines of a table that is shown at once; a longer one is folded."""


def values_of(entries: Iterable[Entry], fact: str) -> list[str]:
    """Return what products say of one thing, each answer once, in order."""
    found = dict.fromkeys(str(entry.facts[fact]) for entry in entries if fact in entry.facts)
    return list(found)


def _several(words: list[str], most: int = 4) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def subtitle(run: Run) -> str:
    """Return the line below the title: targets, instruments, filters, dates."""
    dates = sorted(values_of(run.entries, "date"))
    parts = [
        _several(values_of(run.entries, "target")),
        _several(values_of(run.entries, "instrument")),
        _several(values_of(run.entries, "filter")),
        f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else _several(dates),
    ]
    return " · ".join(part for part in parts if part)


def overview(run: Run, looks: Mapping[Path, Look]) -> Markup:
    """Return the first section: figures, problems, what there is."""
    problems = problems_of(run, looks)
    grave = sum(problem.gravity != "note" for problem in problems)
    exposed = sum(
        float(entries[0].facts["exposed"])
        for entries in run.exposures.values()
        if isinstance(entries[0].facts.get("exposed"), int | float)
    )
    tiles = [
        ("exposures", str(len(run.exposures)), ""),
        ("products", str(len(run.entries)), ""),
        ("on disk", size_in_words(sum(entry.size for entry in run.entries)), ""),
        ("exposed", duration(exposed) if exposed else "", ""),
        ("problems", str(grave), "bad" if grave else "good"),
    ]
    shown = [
        tag("div", tag("b", value), tag("span", name), class_=f"tile {kind}".strip())
        for name, value, kind in tiles
        if value
    ]
    return join(
        [
            tag("div", *shown, class_="tiles"),
            section("problems", "First things first", render_problems(problems, len(run.entries))),
            section("what", "What ran", _facts(run), _products(run)),
        ]
    )


def _facts(run: Run) -> Markup:
    entries = run.entries
    made = sorted(values_of(entries, "made"))
    recipes = dict.fromkeys(
        str(stage["recipe"]) for e in run.records for stage in e.stages if "recipe" in stage
    )
    lines: list[tuple[str, Any]] = [
        ("folder", run.folder.name or str(run.folder)),
        ("made", " to ".join(dict.fromkeys((made[0][:19], made[-1][:19]))) if made else ""),
        ("software", _several(values_of(entries, "software"))),
        ("recipes", _several(list(recipes), 8)),
        ("references", _several(values_of(entries, "context"))),
        ("programme", _several(values_of(entries, "program"))),
        ("targets", _several(values_of(entries, "target"))),
        ("detectors", _several(values_of(entries, "detector"), 10)),
        ("elements", _several(_elements(entries), 8)),
        ("exposure types", _several(values_of(entries, "type"))),
        ("other files", _several(list(run.others), 6)),
    ]
    if not run.records:
        lines.append(("record", "none of these products says which steps and options made it"))
    return table((), [(tag("b", name), value) for name, value in lines if value])


def _elements(entries: Iterable[Entry]) -> list[str]:
    names = ("filter", "pupil", "grating")
    sets = ([str(e.facts[name]) for name in names if name in e.facts] for e in entries)
    return list(dict.fromkeys(" + ".join(words) for words in sets if words))


def _products(run: Run) -> Markup:
    exposures = run.exposures
    known = [s for s in OF_EXPOSURES if any(e.suffix == s for e in run.entries if e.exposure)]
    rest = sorted({e.suffix for e in run.entries if e.exposure} - set(known))
    suffixes = [*reversed(known), *sorted(rest, key=lambda s: (s not in OF_SETS, s))]
    rows = []
    for name, entries in exposures.items():
        made = Counter(entry.suffix for entry in entries)
        broken = {entry.suffix for entry in entries if entry.error}
        marks = [
            badge("broken", "bad") if s in broken else ("✓" if made[s] else "–")  # noqa: RUF001
            for s in suffixes
        ]
        facts = entries[0].facts
        seconds = facts.get("exposed")
        time = number(seconds, 4) if isinstance(seconds, int | float) else ""
        setup = " ".join(str(facts[k]) for k in ("detector", "filter") if k in facts)
        rows.append((tag("code", name), setup, time, *marks))
    columns = ("exposure", "detector, filter", "seconds", *suffixes)
    listed = table(columns, rows, numbers=(2,))
    folded = details(plural(len(rows), "exposure"), listed, opened=len(rows) <= _OPEN)
    sets = [
        (
            tag("code", e.name),
            tag("span", e.title, class_="words"),
            _shape(e),
            e.unit,
            size_in_words(e.size),
        )
        for e in run.sets
    ]
    head = ("product of the set", "what", "size", "unit", "file")
    of_sets = table(head, sets, numbers=(2, 4))
    if len(sets) > _OPEN:
        of_sets = details(f"{len(sets)} other products", of_sets)
    return join([folded, of_sets])


def _shape(entry: Entry) -> str:
    return " x ".join(str(size) for size in reversed(entry.shape))
