"""Flags and cosmic rays of each exposure."""

from collections.abc import Mapping
from pathlib import Path

from webbcal.report.gather import Entry, Run
from webbcal.report.looks import Look
from webbcal.report.markup import Markup, details, section, table, tag
from webbcal.report.words import plural

__all__ = ["flagged", "flags"]

_NAMES = {
    "JUMP_DET": "cosmic rays and other jumps",
    "SATURATED": "saturated",
    "OUTLIER": "outliers",
    "DO_NOT_USE": "not to be used",
}
_OPEN = 40


def flagged(run: Run) -> list[Entry]:
    """Return the product of each exposure whose flags are counted: the most advanced image."""
    found = []
    for entries in run.exposures.values():
        good = [e for e in entries if not e.error and len(e.shape) >= 2 and e.leading == "sci"]
        if good:
            found.append(good[0])
    return found


def flags(run: Run, looks: Mapping[Path, Look]) -> Markup:
    """Return the section with counts of flags."""
    counted = [
        (entry, looks[entry.path])
        for entry in flagged(run)
        if entry.path in looks and looks[entry.path].counts
    ]
    if not counted:
        return Markup("")
    largest = {
        name: max(look.counts[name] / max(look.pixels, 1) for _, look in counted) for name in _NAMES
    }
    rows = []
    for entry, look in counted:
        cells = [_bar(look.counts[name], look.pixels, largest[name]) for name in _NAMES]
        rows.append((tag("code", entry.exposure), entry.suffix, *cells, _rate(entry, look)))
    head = ("exposure", "product", *_NAMES.values(), "jumps per s and cm²")
    body = table(head, rows, numbers=(6,))
    note = (
        "Fractions of all pixels, and their number, in the most advanced product of each exposure. "
        "Jumps are counted with their neighbours and halos."
    )
    folded = details(plural(len(rows), "exposure"), body, opened=len(rows) <= _OPEN)
    return section("flags", "Flags and cosmic rays", folded, note=note)


def _bar(count: int, pixels: int, largest: float) -> Markup:
    share = count / max(pixels, 1)
    width = 100.0 * share / largest if largest > 0 else 0.0
    filled = tag("i", style=f"width:{width:.1f}%")
    percent = f"{100.0 * share:.3g} %" if count else "0"
    return tag("div", tag("span", percent, title=f"{count:,} pixels"), filled, class_="bar")


_PITCH_CM = {"MIRI": 25e-4}
"""Size of a pixel in cm; that of the near-infrared detectors is 18 micrometre.

Source: JWST User Documentation, MIRI and NIRCam detectors.
"""


def _rate(entry: Entry, look: Look) -> str:
    seconds = entry.facts.get("exposed")
    if not isinstance(seconds, int | float) or seconds <= 0 or not look.pixels:
        return ""
    pitch = _PITCH_CM.get(str(entry.facts.get("instrument", "")), 18e-4)
    return f"{look.counts['JUMP_DET'] / (seconds * look.pixels * pitch**2):.1f}"
