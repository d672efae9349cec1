"""The HTML report of a run: one file, nothing loaded from anywhere."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webbcal.report.comparison import Comparison

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #d9dee4; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; } .skipped { color: #8a6d1a; } footer { color: #6b7580; margin-top: 2rem; }
"""


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
    """Return the report as HTML text."""
    body = "".join(_section(section) for section in sections)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
        f"<body><h1>{html.escape(title)}</h1>{body}<footer>{html.escape(footer)}</footer></body>"
        "</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>", _table((), section.facts)]
    if section.figure is not None:
        parts.append(_picture(section.figure, section.title))
    if section.comparison is not None:
        parts.append(_bins(section.comparison))
    rows = [(line.name, line.status, line.reason, line.references) for line in section.steps]
    parts.append(_table(("step", "status", "why", "references"), rows))
    return "".join(parts)


def _bins(comparison: Comparison) -> str:
    rows = [
        (
            f"{b.low:.3g} to {b.high:.3g}",
            f"{b.pixels}",
            f"{100 * (b.ratio - 1):+.3f} &plusmn; {100 * b.ratio_error:.3f} %",
            f"{b.pull_width:.3f}",
        )
        for b in comparison.bins
    ]
    head = ("true rate, DN/s", "pixels", "median of rate / truth - 1", "width of pulls")
    return _table(head, rows, raw=True)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, raw: bool = False) -> str:
    write = str if raw else html.escape
    top = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{write(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{lines}</table>"


def _picture(figure: Any, text: str) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=150)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"<img alt='{html.escape(text)}' src='data:image/png;base64,{data}'>"
