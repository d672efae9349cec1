"""Tables as the text of ECSV files.

astropy writes the same; loading what it writes tables with takes longer than writing one.

Source: Astropy Proposal for Enhancement 6 (ECSV); YAML 1.1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from webbcal.core.errors import InvalidProduct
from webbcal.spec.tagged import Tagged

DEGREE = "deg"
_SERIALIZED = "!astropy.table.SerializedColumn"
_TO_QUOTE = re.compile(r'[ "\r\n]|^$|^#')


@dataclass(frozen=True)
class TextColumn:
    """A column: its values, one per row, and what the header says of them."""

    name: str
    values: np.ndarray
    unit: str = ""
    format: str = ""


def render(columns: Sequence[TextColumn], attributes: Mapping[str, Any]) -> str:
    """Return a table as text.

    Parameters
    ----------
    columns : sequence of TextColumn
        Columns with a unit come back as quantities; ``NAME.ra`` and ``NAME.dec`` as coordinates
        (ICRS, degrees).
    attributes : mapping
        Header of the table.

    Raises
    ------
    InvalidProduct
        If a column has more than one value per row.
    """
    datatypes = []
    for column in columns:
        if column.values.ndim != 1 or column.values.dtype.kind not in "biufUS":
            raise InvalidProduct(
                "a text table has plain columns", where=column.name, found=column.values.dtype
            )
        entry = {"name": column.name}
        if column.unit:
            entry["unit"] = column.unit
        kind = column.values.dtype.kind
        entry["datatype"] = "string" if kind in "US" else column.values.dtype.name
        if column.format:
            entry["format"] = column.format
        datatypes.append(entry)
    meta = dict(attributes)
    if objects := _objects(columns):
        meta["__serialized_columns__"] = objects
    header: dict[str, Any] = {"datatype": [_Line(entry) for entry in datatypes]}
    if meta:
        header["meta"] = _Pairs(meta)
    text = yaml.dump(header, Dumper=_Dumper, sort_keys=False, width=130, default_flow_style=None)
    lines = ["%ECSV 1.0", "---", *text.splitlines()]
    rows = zip(*(_words(column.values) for column in columns), strict=True)
    return "\n".join(
        [
            *(f"# {line}" for line in lines),
            " ".join(_quoted(column.name) for column in columns),
            *(" ".join(row) for row in rows),
            "",
        ]
    )


def _objects(columns: Sequence[TextColumn]) -> dict[str, Any]:
    """Return which columns are quantities or coordinates, in the words of astropy."""
    units = {
        unit: Tagged("!astropy.units.Unit", {"unit": unit})
        for unit in (DEGREE, *(column.unit for column in columns))
        if unit
    }
    turn = Tagged("!astropy.coordinates.Angle", {"unit": units[DEGREE], "value": 360.0})
    found: dict[str, Any] = {}
    for column in columns:
        name, _, part = column.name.rpartition(".")
        if part == "ra" and name:
            angles = "astropy.coordinates.angles.core."
            found[name] = {
                "__class__": "astropy.coordinates.sky_coordinate.SkyCoord",
                "dec": _column(f"{name}.dec", angles + "Latitude", units[DEGREE]),
                "frame": "icrs",
                "ra": _column(f"{name}.ra", angles + "Longitude", units[DEGREE], wrap_angle=turn),
                "representation_type": "spherical",
            }
        elif column.unit and not (part == "dec" and name):
            found[column.name] = {
                "__class__": "astropy.units.quantity.Quantity",
                "unit": units[column.unit],
                "value": Tagged(_SERIALIZED, {"name": column.name}),
            }
    return dict(sorted(found.items()))


def _column(name: str, kind: str, unit: Tagged, **more: Any) -> Tagged:
    value = Tagged(_SERIALIZED, {"name": name})
    return Tagged(_SERIALIZED, {"__class__": kind, "unit": unit, "value": value, **more})


def _words(values: np.ndarray) -> list[str]:
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "U":
        return [_quoted(word) for word in values.tolist()]
    # Of a narrow type, as many digits as tell it from its neighbours.
    wide = values.dtype.kind != "f" or values.dtype.itemsize >= 8
    return [str(value) for value in (values.tolist() if wide else values)]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if _TO_QUOTE.search(word) else word


class _Line(dict[str, Any]):
    """A mapping on one line."""


class _Pairs(dict[str, Any]):
    """A mapping whose order counts."""


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc]
    """Writes headers of tables."""


_Dumper.add_representer(
    _Line,
    lambda dumper, value: dumper.represent_mapping(
        "tag:yaml.org,2002:map", value.items(), flow_style=True
    ),
)
_Dumper.add_representer(
    _Pairs,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:omap", [{name: item} for name, item in value.items()]
    ),
)
_Dumper.add_representer(
    Tagged, lambda dumper, value: dumper.represent_mapping(value.tag, value.items())
)
_Dumper.add_multi_representer(np.generic, lambda dumper, value: dumper.represent_data(value.item()))
_Dumper.add_multi_representer(
    Mapping, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items())
)
_Dumper.add_multi_representer(tuple, lambda dumper, value: dumper.represent_list(value))
