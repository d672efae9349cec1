"""HTML from values: nothing that comes from a file reaches a page unescaped."""

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["Markup", "badge", "cell", "details", "join", "number", "section", "table", "tag"]


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def cell(value: Any) -> Markup:
    """Return a value as HTML; text is escaped, None is nothing."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(str(value)))


def join(parts: Iterable[Any], between: str = "") -> Markup:
    """Return values one after the other as HTML."""
    return Markup(html.escape(between).join(cell(part) for part in parts))


def tag(name: str, *content: Any, **attributes: Any) -> Markup:
    """Return an element; ``class_`` stands for ``class``, attributes that are None are left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in ("img", "br", "hr"):
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{join(content)}</{name}>")


def section(anchor: str, title: str, *content: Any, note: str = "") -> Markup:
    """Return a section with a heading; nothing where it has no content."""
    inner = join(content)
    if not inner:
        return Markup("")
    lead = tag("p", note, class_="note") if note else Markup("")
    return tag("section", tag("h2", title), lead, inner, id=anchor)


def table(
    head: Sequence[Any],
    rows: Iterable[Sequence[Any]],
    *,
    numbers: Sequence[int] = (),
    caption: str = "",
) -> Markup:
    """Return a table that scrolls on its own where the screen is narrow.

    Parameters
    ----------
    head : sequence
        Titles of the columns; none for a table of names and values.
    rows : iterable of sequence
        Cells.
    numbers : sequence of int
        Columns that are aligned to the right.
    caption : str
        What the table shows.
    """
    titles = [tag("th", name, class_="n" if n in numbers else None) for n, name in enumerate(head)]
    lines = [
        tag(
            "tr",
            *(tag("td", one, class_="n" if n in numbers else None) for n, one in enumerate(row)),
        )
        for row in rows
    ]
    if not lines:
        return Markup("")
    above = tag("caption", caption) if caption else Markup("")
    top = tag("thead", tag("tr", *titles)) if titles else Markup("")
    return tag("div", tag("table", above, top, tag("tbody", *lines)), class_="scroll")


def details(summary: Any, *content: Any, opened: bool = False) -> Markup:
    """Return content that is folded until asked for; nothing where there is none."""
    inner = join(content)
    if not inner:
        return Markup("")
    start = "<details open>" if opened else "<details>"
    return Markup(f"{start}{tag('summary', summary)}{inner}</details>")


def badge(word: str, kind: str = "") -> Markup:
    """Return a word in a small coloured box: kind is good, bad, warn or nothing."""
    return tag("span", word, class_=f"badge {kind}".strip())


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with that many digits that count; a dash where there is none."""
    if value is None or value != value:
        return "–"  # noqa: RUF001 (a dash is meant)
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text else text


def data_uri(content: bytes, kind: str) -> str:
    """Return an image as part of the page."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
