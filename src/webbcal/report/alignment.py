"""How well the exposures were aligned: the figures of tweakreg."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webbcal.report.charts import Axis, Layer, Line, Points, Segments, chart, covering
from webbcal.report.gather import MAX_TEXT, Run, number_of
from webbcal.report.mappings import listed, rows_of
from webbcal.report.markup import Markup, badge, details, join, number, section, table, tag
from webbcal.report.words import plural

__all__ = ["alignment", "failures"]

_COLOURED = 8
"""Groups that have a colour of their own."""

_KNOWN = ("groups", "residuals", "on_the_catalogue")

_COLUMNS = (
    ("stars", "stars"),
    ("pairs", "pairs"),
    ("rejected", "rejected"),
    ("shift_east_mas", "east / mas"),
    ("shift_north_mas", "north / mas"),
    ("roll_arcsec", "roll / arcsec"),
    ("rms_mas", "rms / mas"),
)


def failures(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the groups that were not aligned, and why."""
    for name in ("groups", "on_the_catalogue"):
        for row in rows_of(figures.get(name)):
            if row.get("aligned") is False:
                who = row.get("name") or row.get("groups") or "a group"
                where = "" if name == "groups" else " with the catalogue"
                yield str(who)[:MAX_TEXT] + where, str(row.get("reason") or "")[:MAX_TEXT]


def alignment(run: Run) -> Markup:
    """Return the section on alignment: shifts of the groups, residuals of their stars."""
    return section("alignment", "Alignment", *(_set(one) for one in run.figures("tweakreg")))


def _set(figures: Mapping[str, Any]) -> Markup:
    groups = rows_of(figures.get("groups"))
    residuals = _residuals(figures.get("residuals"))
    rest = {name: value for name, value in figures.items() if name not in _KNOWN}
    plots = [_shifts(groups), _scatter(residuals, figures), _vectors(residuals)]
    return join(
        [
            listed(rest),
            _table(groups, "group"),
            _table(rows_of(figures.get("on_the_catalogue")), "on the catalogue"),
            tag("div", *plots, class_="three") if any(plots) else Markup(""),
        ]
    )


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> Markup:
    lines = []
    for row in rows:
        done = row.get("aligned")
        state = badge("not aligned", "bad") if done is False else badge("aligned", "good")
        values = [_value(row.get(key)) for key, _ in _COLUMNS]
        name = str(row.get("name") or row.get("groups") or "")[:MAX_TEXT]
        if ", " in name:
            name = plural(name.count(", ") + 1, "group")
        reason = str(row.get("reason") or "")[:MAX_TEXT]
        lines.append((tag("code", name), join([state, " ", reason]), *values))
    body = table(
        (title, "", *(name for _, name in _COLUMNS)), lines, numbers=range(2, 2 + len(_COLUMNS))
    )
    return details(plural(len(lines), "group"), body) if len(lines) > 24 else body


def _value(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return number(number_of(value))


def _shifts(groups: Sequence[Mapping[str, Any]]) -> Markup:
    """Return the corrections of the groups."""
    layers: list[Layer] = []
    x, y = [0.0], [0.0]
    for place, row in enumerate(groups):
        east, north = number_of(row.get("shift_east_mas")), number_of(row.get("shift_north_mas"))
        if east is not None and north is not None:
            label = f"{row.get('name', '')}: {east:+.2f}, {north:+.2f} mas"
            name = str(row.get("name", ""))[:MAX_TEXT] if len(groups) <= _COLOURED else ""
            layers.append(Points([east], [north], place, [label], 8.0, name))
            x.append(east)
            y.append(north)
    if not layers:
        return Markup("")
    across, up = covering("east / mas", x, margin=0.15), covering("north / mas", y, margin=0.15)
    far = 10 * max(across.high - across.low, up.high - up.low)  # cut at the frame
    zero = [Line([-far, far], [0, 0], 7, dashed=True), Line([0, 0], [-far, far], 7, dashed=True)]
    return chart(
        [*zero, *layers], Axis(across.label, across.high, across.low), up,
        title="shift of each group", size=(460, 400), equal=True,
    )  # fmt: skip


@dataclass(frozen=True)
class _Residual:
    """A star: its group, where it is (arcsec), how far off (mas), east and north."""

    group: str
    place: tuple[float, float]
    off: tuple[float, float]


def _residuals(value: Any) -> list[_Residual]:
    found = []
    for row in rows_of(value):
        names = ("east_arcsec", "north_arcsec", "off_east_mas", "off_north_mas")
        numbers = [number_of(row.get(name)) for name in names]
        known = [one for one in numbers if one is not None]
        if len(known) == len(names):
            group = str(row.get("group", ""))[:MAX_TEXT]
            found.append(_Residual(group, (known[0], known[1]), (known[2], known[3])))
    return found


def _by_group(residuals: Sequence[_Residual]) -> dict[str, list[_Residual]]:
    groups: dict[str, list[_Residual]] = {}
    for one in residuals:
        groups.setdefault(one.group, []).append(one)
    return groups


def _quantile(residuals: Sequence[_Residual], part: float) -> float:
    sizes = sorted(math.hypot(*one.off) for one in residuals)
    return sizes[min(int(part * len(sizes)), len(sizes) - 1)]


def _scatter(residuals: Sequence[_Residual], figures: Mapping[str, Any]) -> Markup:
    """Return the residuals of all stars about zero."""
    if not residuals:
        return Markup("")
    reach = max(1.15 * _quantile(residuals, 0.99), 1e-3)
    layers: list[Layer] = [
        Points([r.off[0] for r in ones], [r.off[1] for r in ones], place, (), 3.0)
        for place, ones in enumerate(_by_group(residuals).values())
    ]
    rms = number_of(figures.get("rms_mas"))
    if rms:
        turns = [math.tau * n / 90 for n in range(91)]
        circle = [rms * math.cos(t) for t in turns], [rms * math.sin(t) for t in turns]
        layers.append(Line(*circle, 7, dashed=True, name=f"rms {number(rms)} mas"))
    return chart(
        layers, Axis("east / mas", reach, -reach), Axis("north / mas", -reach, reach),
        title=f"residuals of {plural(len(residuals), 'detection')}", size=(460, 400), equal=True,
    )  # fmt: skip


def _vectors(residuals: Sequence[_Residual]) -> Markup:
    """Return the residuals as vectors where the stars are, much lengthened."""
    if not residuals:
        return Markup("")
    x, y = [r.place[0] for r in residuals], [r.place[1] for r in residuals]
    across, up = covering("east / arcsec", x), covering("north / arcsec", y)
    extent = max(across.high - across.low, up.high - up.low)
    longest = max(_quantile(residuals, 0.95), 1e-6)
    factor = 0.06 * extent / longest
    layers = [
        Segments(
            [r.place for r in ones],
            [(r.place[0] + factor * r.off[0], r.place[1] + factor * r.off[1]) for r in ones],
            place,
        )
        for place, ones in enumerate(_by_group(residuals).values())
    ]
    scale = 10.0 ** math.floor(math.log10(longest))
    title = f"residuals on the sky: {scale:g} mas are drawn {factor * scale:.3g} arcsec long"
    return chart(
        layers, Axis(across.label, across.high, across.low), up, title=title, size=(460, 400),
        equal=True,
    )  # fmt: skip
