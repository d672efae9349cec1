"""Metadata of a product that combines several exposures.

Each keyword has a rule in ``keywords.csv``: what the product carries of the values of its inputs;
and the table HDRTAB holds the values of all inputs, one row each.

Source: JWST User Documentation, headers of combined products; JWST science products documentation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from webbcal.spec.meta import Keyword, Meta, keywords_of

SEVERAL = "MULTIPLE"


def _of_all(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else SEVERAL


def _wheel(values: Sequence[Any]) -> Any:
    outside = [value for value in values if "OUTSIDE" in str(value).upper()]
    return outside[0] if outside else values[0]


def _mean(values: Sequence[Any]) -> float:
    return float(np.mean(np.asarray(values, np.float64)))


RULES: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "first": lambda values: values[0],
    "min": min,
    "max": max,
    "sum": sum,
    "mean": _mean,
    "multi": _of_all,
    "mindate": min,
    "maxdate": max,
    "mintime": min,
    "maxtime": max,
    "mindatetime": min,  # ISO 8601 sorts as text
    "maxdatetime": max,
    "wheeltol": _wheel,
}
"""What each rule makes of the values that are set."""


def blend(metas: Sequence[Meta], model: str = "ImageModel") -> Meta:
    """Return the metadata of the first exposure, with what the rules make of all of them.

    Parameters
    ----------
    metas : sequence of Meta
        Of the exposures, at least one.
    model : str
        DATAMODL of the product.

    Returns
    -------
    Meta
        Keywords that no exposure has stay away.
    """
    changes = {}
    for entry in _single(model):
        if not entry.blend_rule:
            continue
        path = entry.path.removeprefix("meta.")
        values = [value for meta in metas if (value := meta.lookup(path)) is not None]
        if values:
            changes[path] = RULES[entry.blend_rule](values)
    return metas[0].replace(changes)


def header_table(metas: Sequence[Meta], model: str = "ImageModel") -> np.ndarray:
    """Return the keywords of exposures as a table, one row each.

    Parameters
    ----------
    metas : sequence of Meta
        Of the exposures.
    model : str
        DATAMODL of the exposures.

    Returns
    -------
    ndarray
        Structured; one column, named as the keyword, for each that is set in an exposure. Text is
        as long as it must be, numbers are int64 or float64. What an exposure does not have is NaN
        (integers of such a column become float64), in text "nan".
    """
    columns: dict[str, np.ndarray] = {}
    for entry in _single(model):
        if entry.in_table and entry.keyword not in columns:
            path = entry.path.removeprefix("meta.")
            values = [meta.lookup(path) for meta in metas]
            if any(value is not None for value in values):
                columns[entry.keyword] = _column(values)
    table = np.empty(len(metas), [(name, values.dtype) for name, values in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table


def _single(model: str) -> list[Keyword]:
    """Return the keywords below ``meta`` that have one value per file."""
    return [
        entry
        for entry in keywords_of(model)
        if entry.path.startswith("meta.") and "[" not in entry.path
    ]


def _column(values: Sequence[Any]) -> np.ndarray:
    known = [value for value in values if value is not None]
    if all(isinstance(value, bool | np.bool_) for value in known):
        if len(known) == len(values):
            return np.array(values, np.bool_)
        return np.array([np.nan if value is None else float(value) for value in values])
    if all(isinstance(value, int | np.integer) for value in known) and len(known) == len(values):
        return np.array(values, np.int64)
    if all(isinstance(value, int | float | np.number) for value in known):
        return np.array([np.nan if value is None else float(value) for value in values])
    text = ["nan" if value is None else str(value).encode("ascii", "replace") for value in values]
    return np.array([word if isinstance(word, bytes) else word.encode() for word in text])
