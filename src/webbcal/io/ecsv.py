"""Products that are tables in text: ECSV files.

Source: Astropy Proposal for Enhancement 6.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from webbcal.core.errors import InvalidInput, InvalidProduct
from webbcal.io.ecsv_text import DEGREE, TextColumn, render
from webbcal.spec.fields import Column, Product, Table, declared
from webbcal.spec.meta import Meta
from webbcal.spec.products import by_suffix

_LIMIT = 1 << 30  # bytes: a catalogue has a few million


def read_ecsv(path: Path, kind: type[Product] | None = None) -> Product:
    """Read a table product.

    Parameters
    ----------
    path : Path
        ECSV file.
    kind : type or None
        What it is; None: as the suffix of its name tells.

    Returns
    -------
    Product
        Quantities are plain numbers in their declared units, coordinates two columns
        (``sky_centroid.ra``, ``sky_centroid.dec``), the header of the table `attributes`.

    Raises
    ------
    InvalidInput
        If the file is no ECSV, or its suffix unknown.
    """
    if kind is None:
        suffix = path.stem.rpartition("_")[2]
        kinds = [k for k in by_suffix(suffix) if k.storage == "ecsv"]
        if not kinds:
            raise InvalidInput(
                "unknown kind of table", where=path, expected="..._cat, _phot or _whtlt"
            )
        kind = kinds[0]
    from astropy.table import Table as AstropyTable
    from astropy.utils.exceptions import AstropyWarning

    try:
        if path.stat().st_size > _LIMIT:
            raise InvalidInput("the table is too large", where=path, expected=f"{_LIMIT} bytes")
        text = path.read_text("utf-8")
        if not text.startswith("# %ECSV"):
            raise InvalidInput(
                "not an ECSV table", where=path, expected="# %ECSV at its start", found=text[:20]
            )
        table = AstropyTable.read(text.splitlines(), format="ascii.ecsv")
    except OSError as error:
        raise InvalidInput(f"cannot open the file ({error.strerror})", where=path) from None
    except (ValueError, TypeError, LookupError, AttributeError, yaml.YAMLError) as error:
        raise InvalidInput("the table is damaged", where=path, found=str(error)[:200]) from None
    except (RecursionError, AstropyWarning) as error:
        raise InvalidInput("the table is damaged", where=path, found=str(error)[:80]) from None
    name, spec = _table_of(kind)
    attributes = {str(key): _scalar(value) for key, value in dict(table.meta).items()}
    fields: dict[str, Any] = {name: _records(table, spec, path)}
    return kind(attributes=Meta(attributes, ""), **fields)


def render_ecsv(product: Product, path: Path) -> bytes:
    """Return a table product as the text of an ECSV file.

    Raises
    ------
    InvalidProduct
        If a declared column is missing or of the wrong type.
    """
    name, spec = _table_of(type(product))
    records: np.ndarray = getattr(product, name)
    names = list(records.dtype.names or ())
    _check_columns(names, spec, f"{path}, {type(product).__name__}.{name}")
    columns = []
    for column_name in names:
        known = column_of(column_name, spec)
        of_sky = column_name.endswith((".ra", ".dec"))
        unit = DEGREE if of_sky else "" if known is None else known.unit
        style = "" if known is None or of_sky else known.format
        columns.append(TextColumn(column_name, records[column_name], unit, style))
    return render(columns, product.attributes.as_dict()).encode("utf-8")


def column_of(name: str, spec: Table) -> Column | None:
    """Return the declaration of a column, by its name or pattern."""
    for column in spec.columns:
        if column.name == name or (column.pattern and re.fullmatch(column.pattern, name)):
            return column
    return None


def _check_columns(names: list[str], spec: Table, where: str) -> None:
    met = [column_of(name, spec) for name in names]
    for column in spec.columns:
        if column not in met and not column.optional and not column.pattern:
            raise InvalidProduct(
                f"column {column.name} is missing", where=where, found=", ".join(names)
            )


def _table_of(kind: type[Product]) -> tuple[str, Table]:
    for name, spec in declared(kind).items():
        if isinstance(spec, Table):
            return name, spec
    raise TypeError(f"{kind.__name__} declares no table")


def _records(table: Any, spec: Table, path: Path) -> np.ndarray:
    """Return an astropy table as a structured array of declared types."""
    from astropy.coordinates import SkyCoord

    columns: list[tuple[str, np.ndarray]] = []
    for name in table.colnames:
        column = table[name]
        if isinstance(column, SkyCoord):
            columns += [(f"{name}.ra", column.icrs.ra.deg), (f"{name}.dec", column.icrs.dec.deg)]
            continue
        values: Any = np.ma.asarray(getattr(column, "value", column))
        known = column_of(name, spec)
        if known is not None and values.dtype != known.dtype and values.dtype.kind in "iufb":
            values = values.astype(known.dtype)
        filled = values.filled(np.nan) if values.dtype.kind == "f" else values.filled()
        if filled.dtype.kind == "O":
            raise InvalidInput("a column holds no plain values", where=path, found=name)
        columns.append((name, filled))
    dtype = np.dtype([(name, values.dtype, values.shape[1:]) for name, values in columns])
    records = np.empty(len(table), dtype)
    for name, plain in columns:
        records[name] = plain
    return records


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
