"""How long each step took, and with how much memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from webbcal.io.names import root_of
from webbcal.report.gather import Entry, Run, StepEntry, mapping, number_of
from webbcal.report.markup import Markup, badge, join, table, tag
from webbcal.report.words import duration, plural
from webbcal.steps.of_sets import SET_STEPS

__all__ = ["in_order", "status_badge", "times"]

READING, WRITING, ELAPSED = "reading", "writing", "elapsed"
"""What a record tells the time of, besides steps."""

_HEAD = ("step", "status", "work", "elapsed", "peak memory / MB")
_NOTE = (
    "Work is the time of all calls of a step, of all threads and exposures together: steps on "
    "single exposures share sweeps over the pixels. Steps on sets run alone, and their time is "
    "what elapsed. Compiling kernels, which happens once, is part of both. Peak memory is the "
    "most that the process had had since it began, until the end of the step or of the sweep "
    "that it was in; pages of mapped files count."
)


def times(run: Run) -> Markup:
    """Return the table of steps: how often each was done, its time and memory.

    Sums over exposures and sets; what is repeated in several products counts once.
    """
    steps = _distinct(run)
    further = _further(run)
    work = {name: _total([step.work_seconds for step in told]) for name, told in steps.items()}
    elapsed = {name: _total([step.seconds for step in told]) for name, told in steps.items()}
    of_files = {name: _total(told) for name, told in further.items()}
    every = [*work.values(), *elapsed.values(), of_files[READING], of_files[WRITING]]
    known = [seconds for seconds in every if seconds is not None]
    longest = max(known, default=0.0)

    def bar(seconds: float | None) -> Markup:
        if not seconds:  # of a step that was skipped as soon as it was looked at, 0
            return Markup("")
        filled = tag("i", style=f"width:{100 * seconds / longest if longest else 0:.1f}%")
        return tag("div", tag("span", duration(seconds)), filled, class_="bar")

    def of_file(name: str) -> tuple[Any, ...]:
        return (tag("i", name), "", bar(of_files[name]), "", "")

    rows: list[tuple[Any, ...]] = [of_file(READING)] if of_files[READING] is not None else []
    for name, told in steps.items():
        words = Counter(step.status for step in told)
        marks = join([status_badge(word, count) for word, count in words.items()], " ")
        memory = [step.peak_mb for step in told if step.peak_mb is not None]
        peak = f"{max(memory):,.0f}" if memory else ""
        rows.append((name, marks, bar(work[name]), bar(elapsed[name]), peak))
    if of_files[WRITING] is not None:
        rows.append(of_file(WRITING))
    if not known:
        return table(_HEAD[:2], [row[:2] for row in rows])
    shown = table(_HEAD, rows, numbers=(4,), caption=_caption(further[ELAPSED], sum(known)))
    return join([shown, tag("p", _NOTE, class_="note")])


def _caption(elapsed: Sequence[float], known: float) -> str:
    if not elapsed:
        return f"{duration(known)} in steps that were timed"
    return (
        f"{plural(len(elapsed), 'run')} over an exposure or a set took "
        f"{duration(sum(elapsed))}; steps, reading and writing together: {duration(known)}"
    )


def _total(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) if known else None


def _further(run: Run) -> dict[str, list[float]]:
    """Return the times of exposures and sets that are no steps, each once.

    Of several products of one exposure or set, the one that was completed last tells most.
    """
    last: dict[tuple[str, str, bool], Mapping[str, Any]] = {}
    for entry in run.entries:
        for stage in entry.stages:
            told = mapping(stage.get("times"))
            alone = READING in told
            # What exposures remember of a set was written before the set was complete.
            if not told or not (alone or stage.get("members")):
                continue
            key = (entry.exposure or root_of(entry.path), str(stage.get("recipe")), alone)
            before = number_of(last.get(key, {}).get(ELAPSED)) or 0.0
            if (number_of(told.get(ELAPSED)) or 0.0) >= before:
                last[key] = told
    found = {
        name: [number_of(told.get(name)) for told in last.values()]
        for name in (READING, WRITING, ELAPSED)
    }
    return {name: [one for one in values if one is not None] for name, values in found.items()}


def _distinct(run: Run) -> dict[str, list[StepEntry]]:
    """Return the records of each step, one per exposure or set that it ran on.

    Products of one exposure repeat the records of the steps before them, and all products of a set
    that of a step on it.
    """
    found: dict[str, list[StepEntry]] = {}
    seen: set[tuple[str, str]] = set()
    for entry in (*run.sets, *run.entries):
        for step in entry.steps:
            key = (step.name, _subject(entry, step))
            if key not in seen:
                seen.add(key)
                found.setdefault(step.name, []).append(step)
    return {name: found[name] for name in in_order(run)}


def _subject(entry: Entry, step: StepEntry) -> str:
    """Return what a step ran on: an exposure, or one set of them, told by its time and memory."""
    if step.name in SET_STEPS and step.seconds is not None:
        return f"{step.seconds} {step.peak_mb}"
    return entry.exposure or root_of(entry.path)


def in_order(run: Run) -> list[str]:
    """Return the names of all steps so that each product has its own in their order."""
    order: list[str] = []
    for entry in sorted(run.entries, key=lambda entry: -len(entry.steps)):
        place = 0
        for step in entry.steps:
            if step.name not in order:
                order.insert(place, step.name)
            place = order.index(step.name) + 1
    return order


def status_badge(word: str, count: int) -> Markup:
    """Return the status of a step, and how often it had it, as a badge."""
    kind = {"COMPLETE": "good", "FAILED": "bad", "SKIPPED": ""}.get(word, "warn")
    return badge(f"{word.lower()} {count}" if count > 1 else word.lower(), kind)
