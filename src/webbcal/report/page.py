"""A page: one HTML file, nothing loaded from anywhere; and the page of the demonstration."""

import functools
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import webbcal
from webbcal.report.comparison import Comparison
from webbcal.report.markup import Markup, cell, data_uri, join, section, table, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load: nothing from anywhere, and no script."""


@functools.cache
def _style() -> str:
    return resources.files(__package__).joinpath("style.css").read_text("utf-8")


def document(title: str, subtitle: str, body: Markup, footer: str = "") -> str:
    """Return a whole page.

    Parameters
    ----------
    title, subtitle : str
        Head line, and the line below it.
    body : Markup
        Sections; those with an ``id`` are listed in a line that stays on the screen.
    footer : str
        Last line; software and time if empty.
    """
    named = re.findall(r'<section id="([a-z]+)"><h2>([^<]*)</h2>', body)
    links = [Markup(f'<a href="#{anchor}">{name}</a>') for anchor, name in named]
    navigation = tag("nav", tag("div", *links)) if len(links) > 1 else Markup("")
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    last = footer or f"Written by webbcal {webbcal.__version__}, {now}."
    head = (
        '<meta charset="utf-8">'
        f"<title>{cell(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_style()}</style>"
    )
    top = tag("header", tag("div", tag("h1", title), tag("p", subtitle) if subtitle else ""))
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>'
        f"<body>{top}{navigation}{tag('main', body)}{tag('footer', last)}</body></html>\n"
    )


@dataclass(frozen=True)
class StepLine:
    """What the report says of one step."""

    name: str
    status: str
    reason: str
    references: str


@dataclass(frozen=True)
class Section:
    """What the report says of one exposure."""

    title: str
    facts: Sequence[tuple[str, str]]
    steps: Sequence[StepLine]
    comparison: Comparison | None = None
    figure: Any = None


def page(title: str, sections: Sequence[Section], footer: str) -> str:
    """Return the page of the demonstration as HTML text."""
    body = join(_section(number, one) for number, one in enumerate(sections))
    return document(title, "", body, footer)


def _section(place: int, one: Section) -> Markup:
    facts = [(tag("b", name), value) for name, value in one.facts]
    parts = [table((), facts)]
    if one.figure is not None:
        parts.append(_picture(one.figure, one.title))
    if one.comparison is not None:
        parts.append(_bins(one.comparison))
    rows = [(line.name, line.status, line.reason, line.references) for line in one.steps]
    parts.append(table(("step", "status", "why", "references"), rows))
    return section(f"exposure{'abcdefghijklmnopqrstuvwxyz'[place % 26]}", one.title, *parts)


def _bins(comparison: Comparison) -> Markup:
    rows = [
        (
            f"{b.low:.3g} to {b.high:.3g}",
            f"{b.pixels}",
            f"{100 * (b.ratio - 1):+.3f} ± {100 * b.ratio_error:.3f} %",
            f"{b.pull_width:.3f}",
        )
        for b in comparison.bins
    ]
    head = ("true rate, DN/s", "pixels", "median of rate / truth - 1", "width of pulls")
    return table(head, rows, numbers=(1, 2, 3))


def _picture(figure: Any, text: str) -> Markup:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=150)
    image = tag("img", alt=text, src=data_uri(stream.getvalue(), "png"))
    return tag("figure", tag("div", image, class_="frame"))
