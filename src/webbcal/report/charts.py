"""Plots as SVG, drawn with the colours of the page, so that they follow its light or dark look."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from webbcal.report.markup import Markup, cell, tag

__all__ = [
    "Axis",
    "Bars",
    "Layer",
    "Line",
    "Outline",
    "Picture",
    "Points",
    "Text",
    "chart",
    "covering",
]

LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 42
COLOURS = 8
"""Series that have a colour of their own; more take turns."""

_LISTED = 250
"""Points that tell their name under the pointer; more are one path."""

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Axis:
    """An axis: limits, which may run backwards, and what they mean."""

    label: str
    low: float
    high: float
    log: bool = False

    def ticks(self, most: int = 7) -> list[float]:
        """Return round numbers within the limits."""
        low, high = sorted((self.low, self.high))
        if self.log:
            first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
            every = max(-(-(last - first) // most), 1)
            powers = [10.0 ** float(n) for n in range(first, last + 1, every)]
            if len(powers) >= 2:
                return powers
        step = _round_step((high - low) / most)
        start = math.ceil(low / step - 1e-9)
        return [n * step for n in range(start, math.floor(high / step + 1e-9) + 1)]

    def scale(self, begin: float, end: float) -> Scale:
        """Return the function from values to places."""
        if self.log:
            a, b = math.log10(self.low), math.log10(self.high)
            return lambda v: begin + (math.log10(max(v, 1e-300)) - a) / (b - a) * (end - begin)
        return lambda v: begin + (v - self.low) / (self.high - self.low) * (end - begin)


def _round_step(least: float) -> float:
    if not least > 0 or not math.isfinite(least):
        return 1.0
    power = math.pow(10.0, math.floor(math.log10(least)))
    return next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= least * 0.999)


def covering(
    label: str, values: Sequence[float] | np.ndarray, *, log: bool = False, margin: float = 0.05
) -> Axis:
    """Return an axis that holds all values, with some room at its ends."""
    array = np.asarray(values, "f8")
    good = array[np.isfinite(array) & ((array > 0) | (not log))]
    if good.size == 0:
        return Axis(label, 0.1 if log else 0.0, 1.0, log)
    low, high = float(good.min()), float(good.max())
    if log:
        room = max((high / low) ** margin, 1.15)
        return Axis(label, low / room, high * room, log)
    room = margin * (high - low) or 0.1 * abs(high) or 1.0
    return Axis(label, low - room, high + room, log)


@dataclass(frozen=True)
class Points:
    """Dots, or rings that leave free what they mark."""

    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    labels: Sequence[str] = ()
    size: float = 4.0
    name: str = ""
    hollow: bool = False

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the elements."""
        if self.hollow:
            return self._rings(x, y)
        places = [(x(a), y(b), n) for n, (a, b) in enumerate(zip(self.x, self.y, strict=True))]
        style = f"s{self.colour % COLOURS}"
        if self.labels and len(places) <= _LISTED:
            dots = [
                f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{self.size / 2 + 0.5:g}">'
                f"<title>{cell(self.labels[n])}</title></circle>"
                for a, b, n in places
            ]
            return Markup(f'<g class="dots {style}">{"".join(dots)}</g>')
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b, _ in places)
        return Markup(f'<path class="cloud {style}" stroke-width="{self.size:g}" d="{path}"/>')

    def _rings(self, x: Scale, y: Scale) -> Markup:
        r = self.size / 2
        ring = f"a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0"
        places = zip(self.x, self.y, strict=True)
        path = "".join(f"M{x(a) - r:.1f} {y(b):.1f}{ring}" for a, b in places)
        return Markup(f'<path class="rings s{self.colour % COLOURS}" d="{path}"/>')


@dataclass(frozen=True)
class Line:
    """A line through points; gaps where a value is not finite."""

    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    dashed: bool = False
    name: str = ""

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the element."""
        words, pen_down = [], False
        for a, b in zip(self.x, self.y, strict=True):
            if math.isfinite(a) and math.isfinite(b):
                words.append(f"{'L' if pen_down else 'M'}{x(a):.1f} {y(b):.1f}")
                pen_down = True
            else:
                pen_down = False
        style = f"line s{self.colour % COLOURS}" + (" dashed" if self.dashed else "")
        return Markup(f'<path class="{style}" d="{"".join(words)}"/>')


@dataclass(frozen=True)
class Segments:
    """Short lines from a dot: vectors."""

    start: Sequence[tuple[float, float]]
    end: Sequence[tuple[float, float]]
    colour: int = 0
    name: str = ""

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the elements."""
        pairs = zip(self.start, self.end, strict=True)
        path = "".join(f"M{x(a):.1f} {y(b):.1f}L{x(c):.1f} {y(d):.1f}" for (a, b), (c, d) in pairs)
        dots = "".join(f"M{x(a):.1f} {y(b):.1f}h0" for a, b in self.start)
        style = f"s{self.colour % COLOURS}"
        return Markup(
            f'<path class="line {style}" d="{path}"/>'
            f'<path class="cloud {style}" stroke-width="3" d="{dots}"/>'
        )


@dataclass(frozen=True)
class Outline:
    """A closed polygon, faintly filled."""

    points: Sequence[tuple[float, float]]
    colour: int = 0
    label: str = ""
    dashed: bool = False
    name: str = ""

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the element."""
        corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in self.points)
        style = f"area s{self.colour % COLOURS}" + (" dashed" if self.dashed else "")
        title = f"<title>{cell(self.label)}</title>" if self.label else ""
        return Markup(f'<polygon class="{style}" points="{corners}">{title}</polygon>')


@dataclass(frozen=True)
class Bars:
    """Columns from zero, or from the lower end of the axis."""

    edges: Sequence[float]
    heights: Sequence[float]
    colour: int = 0
    name: str = ""

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the element."""
        words = []
        for left, right, height in zip(self.edges, self.edges[1:], self.heights, strict=False):
            if height > 0:
                a, b, top = x(left) + 0.5, x(right) - 0.5, y(height)
                words.append(f"M{a:.1f} {y(0.0):.1f}V{top:.1f}H{max(a, b):.1f}V{y(0.0):.1f}Z")
        return Markup(f'<path class="bars s{self.colour % COLOURS}" d="{"".join(words)}"/>')


@dataclass(frozen=True)
class Text:
    """A word at a place."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    name: str = field(default="", repr=False)
    colour: int = 0

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the element."""
        place = f'x="{x(self.x):.1f}" y="{y(self.y):.1f}"'
        style = f"word s{self.colour % COLOURS}"
        return Markup(
            f'<text class="{style}" {place} text-anchor="{self.anchor}">{cell(self.text)}</text>'
        )


@dataclass(frozen=True)
class Picture:
    """An image behind everything else: its data URI, and where its edges are."""

    uri: str
    x: tuple[float, float]
    y: tuple[float, float]
    name: str = ""
    colour: int = 0

    def draw(self, x: Scale, y: Scale) -> Markup:
        """Return the element."""
        left, right, top, bottom = x(self.x[0]), x(self.x[1]), y(self.y[1]), y(self.y[0])
        return Markup(
            f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" preserveAspectRatio="none" href="{cell(self.uri)}"/>'
        )


Layer = Points | Line | Segments | Outline | Bars | Text | Picture


def chart(
    layers: Sequence[Layer],
    x: Axis,
    y: Axis,
    *,
    title: str,
    size: tuple[int, int] = (460, 280),
    equal: bool = False,
    room: int = 960,
) -> Markup:
    """Return a plot.

    Parameters
    ----------
    layers : sequence
        What is drawn, from the bottom; those with a name are listed below the plot.
    x, y : Axis
        The axes.
    title : str
        What the plot shows: its caption.
    size : tuple of int
        Width and height; it shrinks with the screen.
    equal : bool
        The same scale along both axes, as for a map; limits are widened.
    room : int
        Width that it has at most on a large screen, pixels.
    """
    width, height = size
    inner_width, inner_height = width - LEFT - RIGHT, height - TOP - BOTTOM
    if equal:
        x, y = _equal(x, y, inner_width, inner_height)
    to_x, to_y = x.scale(LEFT, LEFT + inner_width), y.scale(TOP + inner_height, TOP)
    frame = (
        f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{inner_width}" height="{inner_height}"/>'
    )
    lines = [f'<path class="grid" d="M{to_x(v):.1f} {TOP}v{inner_height}"/>' for v in x.ticks()]
    lines += [f'<path class="grid" d="M{LEFT} {to_y(v):.1f}h{inner_width}"/>' for v in y.ticks(6)]
    body = "".join((*lines, *(layer.draw(to_x, to_y) for layer in layers)))
    clip = (
        f'<svg x="{LEFT}" y="{TOP}" width="{inner_width}" height="{inner_height}" '
        f'viewBox="{LEFT} {TOP} {inner_width} {inner_height}">{body}</svg>'
    )
    axes = _x_axis(x, to_x, TOP + inner_height, width) + _y_axis(y, to_y, height)
    drawing = Markup(
        f'<svg viewBox="0 0 {width} {height}" style="max-width:{room}px" role="img" '
        f'aria-label="{cell(title)}">'
        f"{axes}{clip}{frame}</svg>"
    )
    named: dict[str, int] = {}
    for layer in layers:
        if layer.name:
            named.setdefault(layer.name, layer.colour)
    keys = [tag("span", name, class_=f"key s{n % COLOURS}") for name, n in named.items()]
    legend = tag("span", *keys, class_="legend") if keys else Markup("")
    kind = "chart dark" if any(isinstance(layer, Picture) for layer in layers) else "chart"
    return tag("figure", drawing, tag("figcaption", title, legend), class_=kind)


def _equal(x: Axis, y: Axis, width: int, height: int) -> tuple[Axis, Axis]:
    """Widen one axis so that a unit is as long as on the other."""
    per_x, per_y = abs(x.high - x.low) / width, abs(y.high - y.low) / height
    scale = max(per_x, per_y)

    def widened(axis: Axis, length: int) -> Axis:
        middle, half = (axis.low + axis.high) / 2, scale * length / 2
        sign = 1.0 if axis.high >= axis.low else -1.0
        return replace(axis, low=middle - sign * half, high=middle + sign * half)

    return widened(x, width), widened(y, height)


def _words(values: Sequence[float], log: bool) -> list[str]:
    if log:
        return [f"{v:g}" if 1e-3 <= v < 1e5 else f"1e{round(math.log10(v))}" for v in values]
    largest = max((abs(v) for v in values), default=0.0)
    if largest >= 1e6 or 0 < largest < 1e-3:
        return [f"{v:.3g}" for v in values]
    step = min((b - a for a, b in itertools.pairwise(values)), default=1.0)
    digits = max(-math.floor(math.log10(step) + 1e-9), 0) if step > 0 else 0
    return [f"{v + 0.0:.{digits}f}" for v in values]


def _x_axis(axis: Axis, place: Scale, bottom: float, width: int) -> str:
    ticks = axis.ticks()
    parts = []
    for value, word in zip(ticks, _words(ticks, axis.log), strict=True):
        at = place(value)
        parts.append(f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{word}</text>')
    middle = LEFT + (width - LEFT - RIGHT) / 2
    label = f'<text x="{middle}" y="{bottom + 34}" text-anchor="middle">{cell(axis.label)}</text>'
    return "".join(parts) + label


def _y_axis(axis: Axis, place: Scale, height: int) -> str:
    ticks = axis.ticks(6)
    parts = []
    for value, word in zip(ticks, _words(ticks, axis.log), strict=True):
        at = place(value)
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{word}</text>')
    middle = TOP + (height - TOP - BOTTOM) / 2
    turn = f'transform="rotate(-90 13 {middle})"'
    label = f'<text x="13" y="{middle}" text-anchor="middle" {turn}>{cell(axis.label)}</text>'
    return "".join(parts) + label
