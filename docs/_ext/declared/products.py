"""Pages of products and reference types, from their declarations."""

import inspect
import sys
from collections.abc import Iterator

from webbcal.report.describe import ColumnLine, Description, ExtensionLine, describe_kind
from webbcal.spec.fields import Elements, Product, declared, nodes
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES, Reference
from webbcal.steps import STEPS

from .markdown import code, codes, facts, rst, table, text, toctree

Pages = dict[str, str]


def product_pages() -> Pages:
    """Return an index and a page for every product."""
    families: dict[str, list[type[Product]]] = {}
    for kind in PRODUCTS:
        families.setdefault(kind.__module__, []).append(kind)
    index = "# Products\n\nEvery product that webbcal reads, writes and checks.\n"
    index += "`webbcal describe` prints the same tables.\n\n"
    for module, kinds in families.items():
        heading = (sys.modules[module].__doc__ or "").strip().partition("\n")[0].rstrip(".")
        index += f"## {text(heading)}\n\n"
        index += table(("suffix", "class", "DATAMODL", "form", "what"), map(_index_row, kinds))
    index += toctree(_page_name(kind) for kind in PRODUCTS)
    pages = {f"products/{_page_name(kind)}": _page(kind) for kind in PRODUCTS}
    return {"products/index": index} | pages


def reference_pages() -> Pages:
    """Return an index and a page for every reference type."""
    rows = [
        (f"[{name}]({name}.md)", code(kind.model), text(_title(kind)), _steps_using(kind))
        for name, kind in REFERENCES.items()
    ]
    index = "# Reference types\n\nEvery type of reference file that a step takes.\n\n"
    index += table(("type", "model", "what", "steps"), rows) + toctree(REFERENCES)
    pages = {f"references/{name}": _page(kind) for name, kind in REFERENCES.items()}
    return {"references/index": index} | pages


def _page_name(kind: type[Product]) -> str:
    return kind.__name__.lower()


def _title(kind: type[Product]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _index_row(kind: type[Product]) -> tuple[str, ...]:
    form = kind.layout or ("" if kind.storage == "fits" else kind.storage)
    link = f"[{kind.__name__}]({_page_name(kind)}.md)"
    return codes(kind.suffixes), link, code(kind.model), text(form), text(_title(kind))


def _steps_using(kind: type[Reference]) -> str:
    users = [s.name for s in STEPS.values() if any(n.kind is kind for n in s.references.values())]
    return ", ".join(f"[{name}](../steps/{name}.md)" for name in users)


def _page(kind: type[Product]) -> str:
    description = describe_kind(kind)
    heading = f"{description.name}: {kind.__name__}" if description.name else kind.__name__
    page = f"# {text(heading)}\n\n"
    page += rst(inspect.cleandoc(kind.__doc__ or "")) + _facts(kind, description)
    page += "## Extensions\n\n" + _extensions(kind, description.extensions)
    for columns in description.tables():
        name = columns[0].table
        page += f"## Columns of {text(name)}\n\n" if name else "## Columns\n\n"
        page += table(("column", "type", "cell", "unit", "what"), map(_column_row, columns))
    return page


def _facts(kind: type[Product], description: Description) -> str:
    rows = [
        ("python", code(f"{kind.__module__}.{kind.__name__}")),
        ("DATAMODL", code(kind.model)),
        ("suffixes", codes(kind.suffixes)),
        ("form", text(kind.layout)),
        ("stored as", kind.storage.upper()),
        ("keywords", f"{description.keywords}, see [](../keywords/index.md)"),
        ("always", codes(f"{path} = {value}" for path, value in kind.fixed.items())),
    ]
    if issubclass(kind, Reference):
        rows.append(("used by", _steps_using(kind)))
    return facts(rows)


def _extensions(kind: type[Product], lines: tuple[ExtensionLine, ...]) -> str:
    rows = [
        (
            code(line.name),
            code(attribute),
            line.dtype,
            text(line.axes),
            text(line.unit),
            line.presence,
            text(line.doc),
        )
        for attribute, line in zip(_attributes(kind), lines, strict=True)
    ]
    titles = ("extension", "python", "type", "axes (FITS order)", "unit", "presence", "what")
    return table(titles, rows)


def _attributes(kind: type[Product], prefix: str = "") -> Iterator[str]:
    """Yield the attribute behind each extension, in the order of `describe_kind`."""
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements):
            yield from _attributes(spec.part, f"{prefix}{name}[i].")
        elif spec.extname or not hasattr(spec, "axes"):
            yield prefix + name
    yield from nodes(kind)


def _column_row(column: ColumnLine) -> tuple[str, ...]:
    return (
        code(column.name),
        column.dtype,
        text(column.cell),
        text(column.unit),
        text(column.doc),
    )
