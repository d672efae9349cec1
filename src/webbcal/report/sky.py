"""Footprints on the sky, and the pattern of dithers."""

import math
from collections.abc import Sequence

from webbcal.report.charts import Axis, Line, Outline, Points, Text, chart, covering
from webbcal.report.gather import Entry, Run
from webbcal.report.markup import Markup, number, section, table, tag
from webbcal.report.regions import area_of, centre_of, offsets, project
from webbcal.report.words import plural

__all__ = ["sky"]

_LABELLED = 12
"""Detectors that are named on the map."""

_NEAR = 3600.0
"""Arcsec from the centre; fields farther apart are drawn one by one."""


def sky(run: Run) -> Markup:
    """Return the section with maps of all footprints, and dithers per detector."""
    exposures = [e for entries in run.exposures.values() if (e := _placed(entries)) is not None]
    mosaics = [e for e in run.sets if len(e.corners) > 2 and e.suffix != "segm"]
    if not exposures and not mosaics:
        return Markup("")
    parts = []
    for number_, (placed, sets) in enumerate(_fields(exposures, mosaics)):
        if number_ == 4:
            break
        parts.append(tag("div", _map(placed, sets), _dithers(placed), class_="pair"))
        parts.append(_facts(placed, sets))
    note = (
        "Each colour is a group of exposures that were taken together. "
        "Dashed: products of the set. East is to the left."
    )
    return section("sky", "On the sky", *parts, note=note)


def _placed(entries: Sequence[Entry]) -> Entry | None:
    return next((entry for entry in entries if len(entry.corners) > 2), None)


def _fields(
    exposures: Sequence[Entry], mosaics: Sequence[Entry]
) -> list[tuple[list[Entry], list[Entry]]]:
    """Return exposures and mosaics field by field, the largest first."""
    fields: list[tuple[tuple[float, float], list[Entry], list[Entry]]] = []
    for kind, entries in enumerate((exposures, mosaics)):
        for entry in entries:
            middle = centre_of(entry.corners)
            for centre, *members in fields:
                place = project([middle], centre)
                if place and math.hypot(*place[0]) < _NEAR:
                    members[kind].append(entry)
                    break
            else:
                members = [[], []]
                members[kind].append(entry)
                fields.append((middle, members[0], members[1]))
    fields.sort(key=lambda field: -len(field[1]))
    return [(placed, sets) for _, placed, sets in fields]


def _groups(exposures: Sequence[Entry]) -> dict[str, int]:
    names = dict.fromkeys(entry.group for entry in exposures)
    return {name: place for place, name in enumerate(names)}


def _map(exposures: Sequence[Entry], mosaics: Sequence[Entry]) -> Markup:
    centre = centre_of([corner for entry in (*exposures, *mosaics) for corner in entry.corners])
    groups = _groups(exposures)
    outlines: list[Outline | Text] = []
    places: dict[str, list[tuple[float, float]]] = {}
    for entry in exposures:
        points = project(entry.corners, centre)
        detector = str(entry.facts.get("detector", ""))
        outlines.append(Outline(points, groups[entry.group], f"{entry.exposure} {detector}"))
        places.setdefault(detector, []).extend(points)
    for detector, points in places.items():
        if 1 < len(places) <= _LABELLED and points:
            x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
            outlines.append(Text(x, y, detector, colour=7))
    for entry in mosaics:
        outlines.append(Outline(project(entry.corners, centre), 7, entry.name, dashed=True))
    points = [p for one in outlines if isinstance(one, Outline) for p in one.points]
    if not points:
        return Markup("")
    unit, scale = ("arcmin", 60.0) if _extent(points) > 300 else ("arcsec", 1.0)
    outlines = [_scaled(one, scale) for one in outlines]
    across = covering(f"east / {unit}", [a / scale for a, _ in points])
    up = covering(f"north / {unit}", [b / scale for _, b in points])
    where = f"centre {centre[0]:.6f} {centre[1]:+.6f} (ICRS)"
    title = f"{plural(len(exposures), 'footprint')}, {where}"
    return chart(
        outlines,
        Axis(across.label, across.high, across.low),
        up,
        title=title,
        size=(460, 420),
        equal=True,
    )


def _extent(points: Sequence[tuple[float, float]]) -> float:
    return max(max(abs(a), abs(b)) for a, b in points)


def _scaled(layer: Outline | Text, scale: float) -> Outline | Text:
    if isinstance(layer, Text):
        return Text(layer.x / scale, layer.y / scale, layer.text, colour=layer.colour)
    points = [(a / scale, b / scale) for a, b in layer.points]
    return Outline(points, layer.colour, layer.label, layer.dashed)


def _dithers(exposures: Sequence[Entry]) -> Markup:
    """Return the offsets of the exposures of the detector with the most of them."""
    by_detector: dict[str, list[Entry]] = {}
    for entry in exposures:
        by_detector.setdefault(str(entry.facts.get("detector", "")), []).append(entry)
    if not by_detector:
        return Markup("")
    detector, chosen = max(by_detector.items(), key=lambda pair: len(pair[1]))
    if len(chosen) < 2:
        return Markup("")
    chosen = sorted(chosen, key=lambda entry: entry.exposure)
    groups = _groups(exposures)
    moved = offsets([centre_of(entry.corners) for entry in chosen])
    if len(moved) < len(chosen):
        return Markup("")
    x, y = [a for a, _ in moved], [b for _, b in moved]
    layers: list[Line | Points] = [Line(x, y, 7, dashed=True)]
    for entry, (a, b) in zip(chosen, moved, strict=True):
        label = f"{entry.exposure}: {a:+.3f}, {b:+.3f} arcsec"
        layers.append(Points([a], [b], groups[entry.group], [label], size=8))
    across, up = (
        covering("east / arcsec", x, margin=0.12),
        covering("north / arcsec", y, margin=0.12),
    )
    title = f"dithers of {detector or 'the exposures'}, from its first exposure"
    return chart(
        layers, Axis(across.label, across.high, across.low), up, title=title, size=(460, 420),
        equal=True,
    )  # fmt: skip


def _facts(exposures: Sequence[Entry], mosaics: Sequence[Entry]) -> Markup:
    lines = [
        (
            tag("code", entry.name),
            f"{number(area_of(entry.corners) / 3600.0, 4)} arcmin²",
            f"{entry.shape[-1]} x {entry.shape[-2]}" if len(entry.shape) > 1 else "",
        )
        for entry in mosaics
    ]
    return table(("mosaic", "area of its frame", "pixels"), lines, numbers=(1, 2))
