"""Steps with their options and what they measured; references."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from webbcal.report.gather import ReferenceEntry, Run
from webbcal.report.mappings import in_words, listed
from webbcal.report.markup import Markup, details, join, section, table, tag
from webbcal.report.times import in_order, status_badge, times
from webbcal.report.words import plural
from webbcal.steps import STEPS
from webbcal.steps.of_sets import SET_STEPS

__all__ = ["other_figures", "processing", "references"]

_SHOWN = ("tweakreg", "skymatch")
"""Steps whose figures have a section of their own."""


def processing(run: Run) -> Markup:
    """Return the section on steps: what was done, how long it took, with which options."""
    return section(
        "steps",
        "Steps, time and memory",
        times(run),
        _options(run),
        _statuses(run),
    )


def _defaults() -> dict[str, dict[str, Any]]:
    steps: dict[str, Any] = {**STEPS, **SET_STEPS}
    return {name: {f.name: f.default for f in fields(step.options)} for name, step in steps.items()}


def _options(run: Run) -> Markup:
    """Return the options of each step; those that are not the general default stand out."""
    defaults = _defaults()
    used: dict[str, dict[str, Counter[str]]] = {}
    for entry in run.records:
        for step in entry.steps:
            for name, value in step.options.items():
                counts = used.setdefault(step.name, {}).setdefault(str(name), Counter())
                counts[in_words(value)] += 1
    changed, rows = [], []
    for step_name in in_order(run):
        for name, counts in used.get(step_name, {}).items():
            known = defaults.get(step_name, {})
            default = in_words(known[name]) if name in known else None
            value = "; ".join(counts)
            differs = default is not None and (len(counts) > 1 or default not in counts)
            line = (f"{step_name}.{name}", tag("b", value) if differs else value, default or "")
            rows.append(line)
            if differs:
                changed.append(line)
    head = ("option", "used", "default")
    note = tag("p", tag("b", "Options that differ from the general default."), class_="note")
    first = join([note, table(head, changed)]) if changed else Markup("")
    same = tag("p", "All options have their general default.", class_="note")
    return join(
        [
            first if changed or not rows else same,
            details(f"all {plural(len(rows), 'option')}", table(head, rows)),
        ]
    )


def _statuses(run: Run) -> Markup:
    """Return the status keywords of products that have no record."""
    foreign = [entry for entry in run.entries if not entry.record and entry.statuses]
    if not foreign:
        return Markup("")
    counts: dict[str, Counter[str]] = {}
    for entry in foreign:
        for name, status in entry.statuses.items():
            counts.setdefault(name, Counter())[status] += 1
    rows = [
        (name, join([status_badge(word, number_) for word, number_ in words.items()], " "))
        for name, words in counts.items()
    ]
    title = f"steps by the keywords of {plural(len(foreign), 'product')} without a record"
    return details(title, table(("step", "status"), rows), opened=not run.records)


def references(run: Run) -> Markup:
    """Return the section on reference files: which, how they were chosen, their checksums."""
    found: dict[ReferenceEntry, set[str]] = {}
    absent: dict[str, set[str]] = {}
    for entry in run.entries:
        for reference in entry.references.values():
            if reference.file:
                found.setdefault(reference, set()).add(entry.exposure or entry.name)
            else:
                absent.setdefault(reference.kind, set()).add(reference.origin)
    rows = [
        (
            reference.kind,
            tag("code", reference.file),
            _origin(reference),
            len(users),
            tag("code", reference.sha256[:12], title=reference.sha256),
        )
        for reference, users in sorted(found.items(), key=lambda pair: pair[0].kind)
    ]
    checksums = [
        (tag("code", one.file), tag("code", one.sha256))
        for one in sorted(found, key=_file)
        if one.sha256
    ]
    none = [(kind, ", ".join(sorted(origins - {""}))) for kind, origins in sorted(absent.items())]
    unused = [line for line in none if line[0] not in {reference.kind for reference in found}]
    return section(
        "references",
        "References",
        table(("type", "file", "chosen by", "used by", "SHA-256"), rows, numbers=(3,)),
        details(
            "no file applies or was given for " + plural(len(unused), "type"), table((), unused)
        )
        if unused
        else Markup(""),
        details("checksums in full", table(("file", "SHA-256"), checksums))
        if checksums
        else Markup(""),
    )


def _file(reference: ReferenceEntry) -> str:
    return reference.file


def _origin(reference: ReferenceEntry) -> Markup:
    """Return how a reference was chosen; what the user chose stands out."""
    if not reference.origin or reference.origin.startswith("crds"):
        return Markup(tag("span", reference.origin))
    return tag("b", reference.origin)


def other_figures(run: Run) -> Markup:
    """Return what the other steps measured, as tables."""
    parts = []
    names = dict.fromkeys(
        step.name for entry in run.entries for step in entry.steps if step.figures
    )
    for name in names:
        if name in _SHOWN:
            continue
        sets: Sequence[Mapping[str, Any]] = run.figures(name)
        if len(sets) > 1:
            parts.append(listed({f"{name}, {len(sets)} times": list(sets)}))
        else:
            parts.append(details(name, *(listed(figures) for figures in sets)))
    return section("figures", "Other figures", *parts)
