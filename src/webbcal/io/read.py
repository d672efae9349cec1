"""Open a product: headers and metadata tree at once, arrays when they are touched."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import Link, read_tree
from webbcal.io.cards import is_structure
from webbcal.io.fits import Constant, Extension, read_extensions
from webbcal.io.headers import find, header_hash, keywords_for, put
from webbcal.io.tables import DiskTable
from webbcal.spec.fields import Elements, Image, Product, Stored, Table, check_shape, declared
from webbcal.spec.meta import Keyword, Meta
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES

_OF_THE_FILE = {"asdf_library", "history", "_fits_hash", "extra_fits", "meta"}
_Key = tuple[str, int]


def open_product(path: Path | str, kind: type[Product] | None = None) -> Product:
    """Open a product file.

    Parameters
    ----------
    path : path
        FITS file.
    kind : type or None
        Read the file as this product, whatever it calls itself; None: as DATAMODL, the suffix
        of its name and its content tell.

    Returns
    -------
    Product
        Its arrays stay on disk until they are touched.

    Raises
    ------
    InvalidInput
        If the file is damaged, or lacks what the product must have.

    Notes
    -----
    Metadata come from the tree when it belongs to the headers of the file (`_fits_hash`), else
    every keyword of a header overrules the tree, and one that is gone is unset: an edit by any
    FITS tool counts.
    """
    path = Path(path)
    extensions = read_extensions(path)
    tree = _stored_tree(extensions)
    kind = kind or _kind_of(path, extensions)
    hashed = header_hash(e.header for e in extensions if e.name != "ASDF")
    primary = extensions[0].values
    trusted = tree.get("_fits_hash") == hashed and primary.get("DATAMODL") == kind.model
    return _Reader(path, extensions, tree, trusted).product(kind)


def _stored_tree(extensions: Sequence[Extension]) -> dict[str, Any]:
    """Return the metadata tree of a file, empty where it has none."""
    last = next((e for e in reversed(extensions) if e.name == "ASDF"), None)
    if last is None or last.size == 0:
        return {}
    return read_tree(last.data.read(), last.label)


def _kind_of(path: Path, extensions: Sequence[Extension]) -> type[Product]:
    values = extensions[0].values
    reference = REFERENCES.get(str(values.get("REFTYPE", "")).strip().lower())
    if reference is not None:
        return reference
    candidates = [kind for kind in PRODUCTS if kind.model == values.get("DATAMODL")]
    if not candidates:
        raise InvalidInput(
            "unknown kind of product", where=path, found=f"DATAMODL = {values.get('DATAMODL')!r}"
        )
    suffix = re.split(r"[_.]", path.name)[-2:][0]
    return next((kind for kind in candidates if suffix in kind.suffixes), candidates[0])


class _Reader:
    """One pass over a file; `used` collects the extensions that belong to declared fields."""

    def __init__(
        self,
        path: Path,
        extensions: Sequence[Extension],
        tree: dict[str, Any],
        trusted: bool,
    ) -> None:
        self.path = path
        self.extensions = extensions
        self.tree = tree
        self.trusted = trusted
        self.by_key: dict[_Key, Extension] = {}
        for extension in extensions:
            self.by_key.setdefault((extension.name, extension.version), extension)
        self.first = {e.name: e for e in reversed(extensions)}
        self.used: set[int] = {id(extensions[0])}
        self.sizes: dict[str, int] = {}

    def product(self, kind: type[Product]) -> Product:
        entries = keywords_for(kind)
        stored = self._arrays(kind, None)
        elements = {
            name: self._elements(name, spec, entries)
            for name, spec in declared(kind).items()
            if isinstance(spec, Elements)
        }
        if not self.trusted:
            self._overrule(self.tree, [e for e in entries if "[]" not in e.path], None)
        nodes = {spec.node for spec in declared(kind).values() if isinstance(spec, Image | Table)}
        rest = {
            name: value
            for name, value in self.tree.items()
            if name not in _OF_THE_FILE | nodes | elements.keys() and not isinstance(value, Link)
        }
        paths = {entry.path.split(".")[0] for entry in entries if "[]" not in entry.path}
        return kind.from_stored(
            stored,
            meta=Meta(self.tree.get("meta") or {}),
            attributes=Meta({n: v for n, v in rest.items() if n in paths}, ""),
            extras=self._extras(entries, {n: v for n, v in rest.items() if n not in paths}),
            **elements,
        )

    def _arrays(self, kind: type[Product], version: int | None) -> dict[str, Stored]:
        """Return the arrays of a product, or of the element with this EXTVER."""
        sizes: dict[str, int] = {}
        stored: dict[str, Stored] = {}
        absent: list[tuple[str, Image | Table]] = []
        for name, spec in declared(kind).items():
            if isinstance(spec, Elements) or not spec.extname:
                continue
            key = spec.extname.upper()
            extension = self.first.get(key) if version is None else self.by_key.get((key, version))
            if extension is None or not extension.shape:
                if extension is not None:
                    self.used.add(id(extension))
                absent.append((name, spec))
                continue
            self.used.add(id(extension))
            if isinstance(spec, Table):
                stored[name] = DiskTable(extension, spec)
            else:
                stored[name] = extension.image(spec.dtype)
                check_shape(extension.label, extension.shape, spec, sizes)
        for name, spec in absent:
            if not spec.required:
                continue
            fill = spec.fill if isinstance(spec, Image) else None
            if not isinstance(spec, Image) or fill is None or not set(spec.axes) <= set(sizes):
                raise InvalidInput(
                    f"extension {spec.extname} is missing",
                    where=self.path,
                    expected=f"a {kind.__name__}: " + _needed(kind),
                    found=", ".join(e.name for e in self.extensions[1:]) or "no extensions",
                )
            shape = tuple(sizes[axis] for axis in spec.axes)
            stored[name] = Constant(shape, spec.dtype, fill)
        return stored

    def _elements(
        self, name: str, spec: Elements, entries: Sequence[Keyword]
    ) -> tuple[Product, ...]:
        """Return the parts of EXTVER 1, 2, ..."""
        arrays = [s for s in declared(spec.part).values() if isinstance(s, Image | Table)]
        names = {s.extname.upper() for s in arrays}
        leading = arrays[0].extname.upper()
        last = max((version for key, version in self.by_key if key == leading), default=0)
        if last > len(self.extensions):
            raise InvalidInput(
                "gaps in EXTVER", where=f"{self.path}[{leading}]", found=f"EXTVER = {last}"
            )
        trees = self.tree.get(name) or []
        prefix = f"{name}[]."
        own = [e for e in entries if e.path.startswith(prefix) and e.extension in names]
        parts = []
        for version in range(1, last + 1):
            tree = trees[version - 1] if version <= len(trees) else {}
            if not isinstance(tree, dict):
                raise InvalidInput("nonsense in the metadata tree", where=f"{self.path}, {name}")
            if not self.trusted:
                self._overrule(tree, own, version)
            nodes = {s.node for s in arrays}
            scalars = {
                n: v
                for n, v in tree.items()
                if n != "meta" and n not in nodes and not isinstance(v, Link)
            }
            parts.append(
                spec.part.from_stored(
                    self._arrays(spec.part, version),
                    meta=Meta(tree.get("meta") or {}),
                    attributes=Meta(scalars, ""),
                )
            )
        return tuple(parts)

    def _overrule(
        self, tree: dict[str, Any], entries: Sequence[Keyword], version: int | None
    ) -> None:
        """Let the headers overrule the tree of the product or of one element."""
        for entry in entries:
            if not entry.keyword:
                continue
            if version is None:
                extension = self.first.get(entry.extension)
                path = entry.path
            else:
                extension = self.by_key.get((entry.extension, version))
                path = entry.path.partition("[].")[2]
            put(tree, path, None if extension is None else extension.values.get(entry.keyword))

    def _extras(self, entries: Sequence[Keyword], rest: Mapping[str, Any]) -> dict[str, Any]:
        known = {(entry.extension, entry.keyword) for entry in entries}
        keywords = {}
        for extension in self.extensions:
            if id(extension) not in self.used or extension.name == "ASDF":
                continue
            cards = tuple(
                card
                for card in extension.cards
                if card.keyword  # blank ones are headings
                and not is_structure(card.keyword)
                and (extension.name, card.keyword) not in known
            )
            if cards:
                version = "" if extension.version == 1 else f",{extension.version}"
                keywords[extension.name + version] = cards
        others = tuple(e for e in self.extensions if id(e) not in self.used and e.name != "ASDF")
        history = self._history()
        extras = {
            "keywords": keywords,
            "extensions": others,
            "history": history,
            "tree": dict(rest),
        }
        return {name: value for name, value in extras.items() if value}

    def _history(self) -> tuple[Mapping[str, Any], ...]:
        entries = find(self.tree, "history.entries")
        if self.trusted and isinstance(entries, list):
            return tuple(entry for entry in entries if isinstance(entry, dict))
        cards = self.extensions[0].cards
        return tuple({"description": c.value} for c in cards if c.keyword == "HISTORY")


def _needed(kind: type[Product]) -> str:
    specs = [s for s in declared(kind).values() if isinstance(s, Image | Table) and s.extname]
    return ", ".join(s.extname for s in specs if s.required)
