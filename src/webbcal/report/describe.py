"""What the declarations say of products and reference types, as plain tables."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidInput
from webbcal.spec.fields import Column, Elements, Image, Product, Table, declared, nodes
from webbcal.spec.meta import keywords, reference_keywords
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES, Reference

__all__ = ["Description", "describe_all", "find_kinds"]


@dataclass(frozen=True)
class ExtensionLine:
    """One extension: axes in FITS order, fastest first; presence in words."""

    name: str
    dtype: str
    axes: str
    unit: str
    presence: str
    doc: str


@dataclass(frozen=True)
class ColumnLine:
    """One column of one table."""

    table: str
    name: str
    dtype: str
    cell: str
    unit: str
    doc: str


@dataclass(frozen=True)
class Description:
    """Everything the declaration of one product or reference type says."""

    name: str
    title: str
    kind: str
    model: str
    layout: str
    storage: str
    extensions: tuple[ExtensionLine, ...]
    columns: tuple[ColumnLine, ...]
    keywords: int

    @property
    def is_reference(self) -> bool:
        """Whether this is a reference type."""
        return self.kind == "reference"

    def tables(self) -> list[tuple[ColumnLine, ...]]:
        """Return the columns table by table."""
        names = dict.fromkeys(column.table for column in self.columns)
        return [tuple(c for c in self.columns if c.table == name) for name in names]


def describe_all() -> list[Description]:
    """Describe every product in order of the catalogue, then every reference type."""
    kinds: list[type[Product]] = [*PRODUCTS, *REFERENCES.values()]
    return [describe_kind(kind) for kind in kinds]


def find_kinds(word: str) -> list[Description]:
    """Describe what a suffix, DATAMODL, class name or reference type stands for.

    Raises
    ------
    InvalidInput
        Nothing is called so.
    """
    key = word.strip().lower().removeprefix("_")
    found = [describe_kind(kind) for kind in PRODUCTS if key in _names(kind)]
    found += [describe_kind(kind) for name, kind in REFERENCES.items() if key in (name, _cls(kind))]
    if not found:
        suffixes = dict.fromkeys(suffix for kind in PRODUCTS for suffix in kind.suffixes)
        raise InvalidInput(
            "unknown product",
            found=word,
            expected="one of " + ", ".join((*suffixes, *REFERENCES)),
        )
    return found


def _cls(kind: type[Product]) -> str:
    return kind.__name__.lower()


def _names(kind: type[Product]) -> set[str]:
    return {*kind.suffixes, kind.model.lower(), _cls(kind)}


def describe_kind(kind: type[Product]) -> Description:
    """Describe one declaration."""
    reference = issubclass(kind, Reference)
    extensions, columns = _lines(kind, "")
    entries = (*keywords(), *reference_keywords()) if reference else keywords()
    number = sum(bool(e.keyword) and (not e.models or kind.model in e.models) for e in entries)
    return Description(
        name=kind.reftype if issubclass(kind, Reference) else ", ".join(kind.suffixes),
        title=(kind.__doc__ or "").strip().partition("\n")[0],
        kind="reference" if reference else "product",
        model=kind.model,
        layout=kind.layout,
        storage=kind.storage,
        extensions=tuple(extensions),
        columns=tuple(columns),
        keywords=number,
    )


def _lines(kind: type[Product], version: str) -> tuple[list[ExtensionLine], list[ColumnLine]]:
    extensions: list[ExtensionLine] = []
    columns: list[ColumnLine] = []
    for spec in declared(kind).values():
        if isinstance(spec, Elements):
            inner, inner_columns = _lines(spec.part, ",1..N")
            extensions += inner
            columns += inner_columns
        elif isinstance(spec, Table):
            extensions.append(_table_line(spec, version))
            columns += [_column_line(spec, column) for column in spec.columns]
        elif spec.extname:
            extensions.append(_image_line(spec, version))
    for part in nodes(kind).values():
        name = part.name or "(root)"
        extensions.append(ExtensionLine(name, "tree", "", "", "always", part.doc))
    return extensions, columns


def _presence(spec: Image | Table) -> str:
    if spec.required:
        return "always"
    return "expected" if spec.mandatory else "optional"


def fits_axes(axes: tuple[str, ...]) -> str:
    """Return the names of axes as FITS counts them, fastest first."""
    return ", ".join(reversed(axes))


def _image_line(spec: Image, version: str) -> ExtensionLine:
    axes = " or ".join(fits_axes(names) for names in (spec.axes, *spec.alternatives))
    name = spec.extname.upper() + version
    return ExtensionLine(name, spec.dtype.name, axes, spec.unit, _presence(spec), spec.doc)


def _table_line(spec: Table, version: str) -> ExtensionLine:
    number = f"{len(spec.columns)} columns" if spec.columns else "columns"
    if spec.open_ended and spec.columns:
        number += " and more"
    name = (spec.extname.upper() or "rows") + version
    return ExtensionLine(name, "table", number, "", _presence(spec), spec.doc)


def _column_line(spec: Table, column: Column) -> ColumnLine:
    cell = " x ".join(str(size or "n") for size in reversed(column.shape))
    kind = column.dtype.name
    if column.dtype.kind in "SU":
        kind = f"string {column.dtype.itemsize}" if column.dtype.itemsize else "string"
    name = column.name + (" (optional)" if column.optional else "")
    return ColumnLine(spec.extname.upper(), name, kind, cell, column.unit, column.doc)
