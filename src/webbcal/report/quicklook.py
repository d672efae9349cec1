"""A look at every product: images, spectra, light curves."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from webbcal.core.errors import WebbcalError
from webbcal.io.read import open_product
from webbcal.report.charts import Line, chart, covering
from webbcal.report.gather import Entry, Run
from webbcal.report.looks import Look
from webbcal.report.markup import Markup, data_uri, details, join, number, section, tag
from webbcal.report.pictures import as_png
from webbcal.report.series import Series, series_of
from webbcal.report.words import plural

__all__ = ["quicklook"]

_POINTS = 1200
"""Points of a line in a plot; a longer one is thinned."""

_WIDE = 4
"""Products of sets that have a large picture."""

_TALL = 900
"""Pixels that a large picture is high at most."""

_LEAST = 360
"""Pixels that it is wide at least."""

_COARSE = 320
"""Pixels along a side of a small picture whose pixels are shown as they are."""

_LINES = 6
"""Spectra of one product that are drawn."""


def quicklook(run: Run, looks: Mapping[Path, Look]) -> Markup:
    """Return the section with a picture of every product."""
    sets = [entry for entry in run.sets if entry.path in looks]
    large = [_card(entry, looks[entry.path], wide=True) for entry in sets[:_WIDE]]
    cards: dict[str, list[Markup]] = {}
    for entry in sets[_WIDE:]:
        cards.setdefault("other products", []).append(_card(entry, looks[entry.path]))
    for entries in run.exposures.values():
        for entry in entries:
            if entry.path in looks:
                cards.setdefault(entry.suffix, []).append(_card(entry, looks[entry.path]))
    curves = [_curves(e) for e in run.entries if not e.error and len(e.shape) < 2]
    first = next(iter(cards), "")
    grids = [
        details(
            f"{suffix}: {plural(len(ones), 'image')}",
            tag("div", *ones, class_="grid"),
            opened=suffix == first,
        )
        for suffix, ones in cards.items()
    ]
    swatch = tag("span", class_="swatch")
    legend = tag(
        "p",
        "Black is two standard deviations of the noise below the median, the scale is asinh; ",
        swatch,
        " marks pixels that are NaN or flagged DO_NOT_USE.",
        class_="note",
    )
    images = join(
        [
            legend if large or grids else Markup(""),
            tag("div", *large, class_="wide-ones") if large else Markup(""),
            *grids,
        ]
    )
    return section("quicklook", "Quicklook", images, join(curves))


def _card(entry: Entry, look: Look, *, wide: bool = False) -> Markup:
    size = " x ".join(str(n) for n in reversed(entry.shape))
    facts = [size, entry.unit, look.label]
    limits = f"{number(look.limits.low)} to {number(look.limits.high)}"
    picture = tag(
        "img",
        src=data_uri(as_png(look), "png"),
        alt=f"{entry.name}: {entry.title}",
        width=look.small.shape[1],
        height=look.small.shape[0],
        decoding="async",
        class_="coarse" if max(look.small.shape) < _COARSE else None,
    )
    height, width = look.small.shape
    room = min(max(width, _LEAST), _TALL * width / height)
    style = f"width:{room:.0f}px" if wide else None
    frame = tag("div", picture, _compass(entry), class_="frame", style=style)
    words = [part for part in facts if part]
    caption = tag(
        "figcaption",
        tag("code", entry.name),
        tag("span", " · ".join([*words, f"shown {limits}"])),
    )
    return tag("figure", frame, caption, class_="look wide" if wide else "look")


def _compass(entry: Entry) -> Markup:
    """Return arrows to the north and east, from the linear part of the coordinates."""
    if entry.linear is None:
        return Markup("")
    # The columns of the inverse: where a step to the east and to the north leads in pixels.
    (a, b), (c, d) = entry.linear.inverse
    arrows = []
    for word, x, y in (("E", a, c), ("N", b, d)):
        length = math.hypot(x, y)
        x, y = 22 * x / length, -22 * y / length
        arrows.append(f'<path d="M0 0L{x:.1f} {y:.1f}"/>')
        arrows.append(f'<text x="{1.4 * x:.1f}" y="{1.4 * y + 4:.1f}">{word}</text>')
    return Markup(
        f'<svg class="compass" viewBox="-36 -36 72 72" role="img" aria-label="north and east">'
        f"{''.join(arrows)}</svg>"
    )


def _curves(entry: Entry) -> Markup:
    """Return plots of the spectra or light curves of a product."""
    try:
        found = series_of(open_product(entry.path), _LINES)
    except WebbcalError:
        return Markup("")
    if not found:
        return Markup("")
    return _plot(entry, found)


def _plot(entry: Entry, found: Sequence[Series]) -> Markup:
    several = len(found) > 1
    lines: list[Line] = []
    for one in found:
        step = max(-(-len(one.x) // _POINTS), 1)
        x, y = one.x[::step].tolist(), one.y[::step].tolist()
        lines.append(Line(x, y, len(lines), name=one.name if several else ""))
    first = found[0]
    x_axis = covering(first.x_label, np.concatenate([one.x for one in found]), margin=0.01)
    values = np.concatenate([one.y for one in found])
    good = values[np.isfinite(values)]
    if good.size == 0:
        return Markup("")
    y_axis = covering(first.y_label, np.percentile(good, [0.2, 99.8]), margin=0.15)
    return chart(lines, x_axis, y_axis, title=entry.name, size=(720, 280))
