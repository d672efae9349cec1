"""Keywords in headers, values in the metadata tree: the mapping between the two."""

import hashlib
import math
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from webbcal.core.errors import InvalidProduct
from webbcal.spec.fields import Product
from webbcal.spec.meta import Keyword, keywords_of, reference_keywords
from webbcal.spec.references import Reference


def keywords_for(kind: type[Product]) -> tuple[Keyword, ...]:
    """Return the keywords that a kind of product has, those of its elements included."""
    if issubclass(kind, Reference):
        own = tuple(k for k in reference_keywords() if not k.models or kind.model in k.models)
        shared = tuple(k for k in keywords_of(kind.model) if k.extension == "PRIMARY")
        return shared + own
    return keywords_of(kind.model)


def header_hash(headers: Iterable[bytes]) -> str:
    """Return the digest that ties a tree to the headers it was written with.

    Parameters
    ----------
    headers : iterable of bytes
        Header blocks with their padding, in file order, without that of the tree itself.
    """
    digest = hashlib.sha256()
    for header in headers:
        digest.update(header)
    return digest.hexdigest()


def find(tree: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, None where it is unset."""
    node: Any = tree
    for part in path.split("."):
        if not isinstance(node, Mapping):
            return None
        node = node.get(part)
    return node


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path; None removes it."""
    *nodes, leaf = path.split(".")
    node = tree
    for part in nodes:
        child = node.get(part)
        if not isinstance(child, dict):
            if value is None:
                return
            child = node[part] = {}
        node = child
    if value is None:
        node.pop(leaf, None)
    else:
        node[leaf] = value


def keyword_value(value: Any, entry: Keyword, where: object) -> str | int | float | bool | None:
    """Return a value of the tree in the form that a header can hold.

    Strings become ASCII, dates ISO 8601; a number that is not finite counts as unset.

    Raises
    ------
    InvalidProduct
        If it is no scalar.
    """
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
        return " ".join(plain.split()) if not plain.isprintable() else plain.rstrip()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if entry.type == "integer" and value.is_integer() else value
    if value is None or isinstance(value, bool | int):
        return value
    raise InvalidProduct(
        f"{entry.path} does not fit keyword {entry.keyword}",
        where=where,
        expected=entry.type or "a scalar",
        found=type(value).__name__,
    )
