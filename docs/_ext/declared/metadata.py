"""Pages of keywords and flags."""

import inspect
import re
from collections.abc import Iterable

from webbcal.core.dq import DQ
from webbcal.spec.meta import Keyword, keywords, reference_keywords
from webbcal.spec.products import by_model

from .markdown import code, codes, table, text, toctree

MANY = 12


def keyword_pages() -> dict[str, str]:
    """Return an index and the pages of keywords, grouped by whom they belong to."""
    every = [k for k in keywords() if not k.models]
    some = [k for k in keywords() if k.models and k.path.startswith("meta.")]
    parts = [k for k in keywords() if k.models and not k.path.startswith("meta.")]
    groups = {
        "every-product": ("Keywords of every product", every),
        "some-products": ("Keywords of some products", some),
        "parts": ("Keywords of slits, spectra and other parts", parts),
        "reference-files": ("Keywords that only reference files have", list(reference_keywords())),
    }
    index = "# Metadata and keywords\n\n"
    index += "A path in the metadata tree is what python and the ASDF extension use, "
    index += "a keyword what the header of an extension stores.\n"
    index += "In a path, `[]` stands for one slit, exposure or spectrum.\n\n"
    index += table(
        ("page", "entries"),
        [(f"[{title}]({name}.md)", str(len(found))) for name, (title, found) in groups.items()],
    )
    index += toctree(groups)
    pages = {
        f"keywords/{name}": f"# {title}\n\n" + _sections(found)
        for name, (title, found) in groups.items()
    }
    return {"keywords/index": index} | pages


def flag_page() -> dict[str, str]:
    """Return the page of data-quality flags; the meanings are the comments of their table."""
    source = inspect.getsource(DQ)
    meanings = dict(re.findall(r"^ +(\w+) = 1 << \d+  # (.*)$", source, re.MULTILINE))
    rows = [
        (
            str(flag.value.bit_length() - 1),
            str(flag.value),
            code(flag.name),
            "yes" if flag.value < 1 << 8 else "",
            text(meanings[str(flag.name)]),
        )
        for flag in DQ
    ]
    page = "# Data-quality flags\n\n"
    page += "A DQ value is the sum of the flags of a pixel; 0 means good.\n"
    page += "The flags of a group (GROUPDQ) are the first eight.\n\n"
    page += table(("bit", "value", "flag", "also in GROUPDQ", "meaning"), rows)
    return {"flags": page}


def _sections(entries: Iterable[Keyword]) -> str:
    sections: dict[str, list[Keyword]] = {}
    for entry in entries:
        sections.setdefault(_node(entry.path), []).append(entry)
    titles = ("keyword", "path", "meaning", "extension", "type", "allowed values", "products")
    return "".join(
        f"## {text(node)}\n\n" + table(titles, map(_row, found)) for node, found in sections.items()
    )


def _node(path: str) -> str:
    """Return the node whose section a path belongs to: two levels of it, if it has three."""
    parts = path.split(".")
    return ".".join(parts[: min(2, len(parts) - 1)]) or "parts"


def _row(entry: Keyword) -> tuple[str, ...]:
    allowed = codes(entry.enum) or code(entry.pattern)
    return (
        code(entry.keyword) or "none",
        code(entry.path),
        text(entry.comment),
        text(entry.extension),
        entry.type,
        allowed,
        _products(entry),
    )


def _products(entry: Keyword) -> str:
    names = dict.fromkeys(kind.__name__ for model in entry.models for kind in by_model(model))
    if len(names) > MANY:
        return f"{len(names)} products"
    return ", ".join(sorted(names)) or ", ".join(sorted(entry.models))
