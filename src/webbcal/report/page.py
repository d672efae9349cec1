"""A page: one HTML file, nothing loaded from anywhere."""

import functools
import re
from datetime import UTC, datetime
from importlib import resources

import webbcal
from webbcal.report.markup import Markup, cell, tag

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
