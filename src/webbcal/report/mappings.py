"""Figures of any step as tables, whatever their names."""

from collections.abc import Mapping, Sequence
from typing import Any

from webbcal.report.gather import number_of
from webbcal.report.markup import Markup, cell, details, join, number, table, tag

__all__ = ["in_words", "listed", "rows_of"]

_MOST = 400
"""Lines of a table; what follows is left out, and said so."""

_DEEP = 4
_LONG = 12
"""Elements of a list that are written out."""


def in_words(value: Any) -> str:
    """Return a value as short text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, list | tuple):
        more = f" … ({len(value)})" if len(value) > _LONG else ""
        return ", ".join(in_words(one) for one in value[:_LONG]) + more
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {in_words(one)}" for key, one in list(value.items())[:_LONG])
    return "" if value is None else str(value)[:300]


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list, or in a mapping of names to mappings, with their names.

    Lists of the same length in a mapping count as the columns of a table.
    """
    if isinstance(value, list | tuple):
        return [one for one in value if isinstance(one, Mapping)]
    if isinstance(value, Mapping) and value:
        if all(isinstance(one, Mapping) for one in value.values()):
            return [{"name": str(name), **one} for name, one in value.items()]
        columns = {str(k): v for k, v in value.items() if isinstance(v, list | tuple)}
        if len(columns) == len(value) and len({len(v) for v in columns.values()}) == 1:
            names = list(columns)
            return [
                dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
    return []


def listed(figures: Mapping[str, Any], depth: int = 0) -> Markup:
    """Return figures as tables: plain values first, then lists of mappings."""
    plain, nested = [], []
    for name, value in figures.items():
        rows = rows_of(value)
        if rows:
            nested.append(details(_title(str(name)), _table(rows), opened=len(rows) <= _LONG))
        elif isinstance(value, Mapping) and depth < _DEEP:
            nested.append(details(_title(str(name)), listed(value, depth + 1)))
        else:
            plain.append((tag("b", _title(str(name))), in_words(value)))
    return join([table((), plain), *nested])


def _title(name: str) -> str:
    return name.replace("_", " ")


def _table(rows: Sequence[Mapping[str, Any]]) -> Markup:
    names = list(dict.fromkeys(str(name) for row in rows[:_MOST] for name in row))
    numeric = [
        n
        for n, name in enumerate(names)
        if any(number_of(row.get(name)) is not None for row in rows[:_MOST])
    ]
    lines = [[cell(in_words(row.get(name))) for name in names] for row in rows[:_MOST]]
    left_out = len(rows) - len(lines)
    note = tag("p", f"{left_out} more lines", class_="note") if left_out else Markup("")
    return join([table([_title(name) for name in names], lines, numbers=numeric), note])
