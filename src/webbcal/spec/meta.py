"""The metadata tree of a product, and its mapping to FITS keywords.

The mapping is data: ``keywords.csv``, one row per metadata path of the products, and
``reference_keywords.csv``, what reference files have besides.
"""

import copy
import csv
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self


class Keyword(NamedTuple):
    """One metadata path and the FITS keyword that stores it.

    ``path`` is the path in the metadata tree (``meta.exposure.type``; ``[]`` marks an element
    of a list); ``extension`` the EXTNAME whose header holds ``keyword``; ``models`` the
    DATAMODL names it applies to (empty: every product).
    """

    path: str
    keyword: str
    extension: str
    type: str
    enum: tuple[str, ...]
    pattern: str
    blend_rule: str
    in_table: bool
    models: frozenset[str]
    comment: str


def _load(table: str) -> tuple[Keyword, ...]:
    # Read at the start of every run: plain rows and named tuples take a third of the time.
    lines = csv.reader(Path(__file__).with_name(table).read_text("utf-8").splitlines())
    heads = next(lines)
    rows = (dict(zip(heads, line, strict=True)) for line in lines)
    return tuple(
        Keyword(
            row["path"],
            row["keyword"],
            extension=row["hdu"].upper() or "PRIMARY",
            type=row["type"],
            enum=tuple(row["enum"].split("|")) if row["enum"] else (),
            pattern=row["pattern"],
            blend_rule=row["blend_rule"],
            in_table=row["blend_table"] == "T",
            models=frozenset(row["models"].split("|")) if row["models"] else frozenset(),
            comment=row["comment"],
        )
        for row in rows
    )


@functools.cache
def keywords() -> tuple[Keyword, ...]:
    """Return every declared keyword of the products, in the order of the table."""
    return _load("keywords.csv")


@functools.cache
def reference_keywords() -> tuple[Keyword, ...]:
    """Return the keywords that only reference files have."""
    return _load("reference_keywords.csv")


@functools.cache
def keywords_of(model: str) -> tuple[Keyword, ...]:
    """Return the declared keywords of the products of one DATAMODL."""
    return tuple(entry for entry in keywords() if not entry.models or model in entry.models)


@functools.cache
def declared_paths() -> frozenset[str]:
    """Return every declared path and every node above one."""
    return declared_nodes() | {entry.path for entry in (*keywords(), *reference_keywords())}


@functools.cache
def declared_nodes() -> frozenset[str]:
    """Return the paths that have declared paths below them."""
    nodes: set[str] = set()
    for entry in (*keywords(), *reference_keywords()):
        parts = entry.path.split(".")
        nodes.update(".".join(parts[:n]) for n in range(1, len(parts)))
    return frozenset(nodes)


class Meta(Mapping[str, Any]):
    """An immutable metadata tree with attribute access: ``meta.instrument.detector``.

    A declared entry that is not set reads as None (a declared node as an empty tree); a name
    that is not declared raises AttributeError, so that a misspelt keyword cannot pass unnoticed.

    Parameters
    ----------
    tree : mapping
        Nested plain values.
    path : str
        Where this node sits in the product, ``meta`` for the root.
    """

    __slots__ = ("_path", "_tree")

    def __init__(self, tree: Mapping[str, Any] | None = None, path: str = "meta") -> None:
        object.__setattr__(self, "_tree", dict(tree or {}))
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            pass
        path = f"{self._path}.{name}" if self._path else name
        if path not in declared_paths():
            raise AttributeError(f"{path} is not a declared metadata path")
        return Meta({}, path) if path in declared_nodes() else None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("metadata are read-only; use meta.replace({'path': value})")

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any], str]]:
        return type(self), (self._tree, self._path)

    def __getitem__(self, name: str) -> Any:
        value = self._tree[name]
        if isinstance(value, Mapping):
            return Meta(value, f"{self._path}.{name}" if self._path else name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __repr__(self) -> str:
        return f"Meta({self._path}: {', '.join(self._tree) or 'empty'})"

    def lookup(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path below this node, or the default where it is unset."""
        node: Any = self._tree
        for part in path.split("."):
            if not isinstance(node, Mapping) or part not in node:
                return default
            node = node[part]
        return default if node is None else node

    def raw(self, name: str) -> Any:
        """Return an entry of this node as it is, without wrapping a node in `Meta`."""
        return self._tree[name]

    def replace(self, values: Mapping[str, Any]) -> Self:
        """Return a copy in which the dotted paths below this node have new values.

        None removes an entry.
        """
        tree: dict[str, Any] = dict(self._tree)
        for path, value in values.items():
            *nodes, leaf = path.split(".")
            node = tree
            for part in nodes:
                child = dict(node.get(part) or {})
                node[part] = child
                node = child
            if value is None:
                node.pop(leaf, None)
            else:
                node[leaf] = value
        return type(self)(tree, self._path)

    def as_dict(self) -> dict[str, Any]:
        """Return a deep copy as plain nested dictionaries."""
        return copy.deepcopy(self._tree)
