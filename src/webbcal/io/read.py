"""Open a product: headers and metadata tree at once, arrays when they are touched."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_file import read_asdf
from webbcal.io.asdf_tree import Link, read_tree
from webbcal.io.cards import is_structure
from webbcal.io.ecsv import read_ecsv
from webbcal.io.fits import Constant, Extension, read_extensions
from webbcal.io.headers import find, header_hash, keywords_for, put
from webbcal.io.tables import DiskTable
from webbcal.modes import MODES
from webbcal.spec.fields import Elements, Image, Product, Stored, Table, check_shape, declared
from webbcal.spec.meta import Keyword, Meta
from webbcal.spec.products import Uncal, by_model
from webbcal.spec.references import REFERENCES, Reference

_OF_THE_FILE = {"asdf_library", "history", "_fits_hash", "extra_fits", "meta"}
_Key = tuple[str, int]


def open_product(path: Path | str, kind: type[Product] | None = None) -> Product:
    """Open a product file.

    Parameters
    ----------
    path : path
        FITS file, ECSV table, or ASDF tree.
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
    if path.suffix == ".ecsv":
        return read_ecsv(path, kind)
    if path.suffix == ".asdf":
        return read_asdf(path, kind)
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
    """Tell what a file is from REFTYPE, DATAMODL, the suffix of its name, and its content."""
    values = extensions[0].values
    reference = REFERENCES.get(str(values.get("REFTYPE", "")).strip().lower())
    if reference is not None or "REFTYPE" in values:
        return reference or Reference
    candidates = by_model(str(values.get("DATAMODL"))) or _by_shape(extensions)
    if not candidates:
        raise InvalidInput(
            "unknown kind of product",
            where=path,
            expected="a DATAMODL of the products, or an image SCI",
            found=f"DATAMODL = {values.get('DATAMODL')!r}",
        )
    mode = MODES.get(str(values.get("EXP_TYPE")))
    if Uncal in candidates and mode is not None and mode.guiding is not None:
        from webbcal.spec.products import GuiderRaw

        return GuiderRaw  # raw files of the guiders call themselves what all raw files do
    for name in (path.name, str(values.get("FILENAME", ""))):
        suffix = name.removesuffix(".fits").rpartition("_")[2]
        for kind in candidates:
            if suffix in kind.suffixes and _fits(kind, extensions):
                return kind
    present = {e.name for e in extensions}
    return max(candidates, key=lambda kind: (_fits(kind, extensions), *_agreement(kind, present)))


def _by_shape(extensions: Sequence[Extension]) -> tuple[type[Product], ...]:
    """Return what a file without a known DATAMODL may be, by its first SCI."""
    science = next((e for e in extensions if e.name == "SCI"), None)
    if science is None or science.kind != "IMAGE":
        return ()
    present = {e.name for e in extensions}
    if len(science.shape) == 2 and any(e.name == "SCI" and e.version == 2 for e in extensions):
        return by_model("MultiSlitModel")
    if len(science.shape) == 4:
        if science.image().dtype == np.uint16:
            return by_model("Level1bModel")
        return by_model("QuadModel" if "DQ" in present else "RampModel")
    return by_model({2: "ImageModel", 3: "CubeModel"}.get(len(science.shape), ""))


def _fits(kind: type[Product], extensions: Sequence[Extension]) -> bool:
    """Tell whether the leading array of a product is there and has an allowed number of axes."""
    spec = next(iter(declared(kind).values()))
    if isinstance(spec, Elements):
        spec = next(iter(declared(spec.part).values()))
    if not isinstance(spec, Image):
        return True
    first = next((e for e in extensions if e.name == spec.extname.upper()), None)
    return first is not None and spec.axes_of(len(first.shape)) is not None


def _agreement(kind: type[Product], present: set[str]) -> tuple[int, int]:
    """Return how many mandatory extensions are missing, negative, and how many are there."""
    specs = [s for s in declared(kind).values() if isinstance(s, Image | Table)]
    missing = sum(s.mandatory and s.extname.upper() not in present for s in specs)
    return -missing, sum(s.extname.upper() in present for s in specs)


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
        arrays = [s for s in declared(kind).values() if isinstance(s, Image | Table)]
        nodes = {spec.node for spec in arrays}
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
            if spec.required and isinstance(spec, Image) and spec.fill is not None:
                shape = tuple(sizes.get(axis, 1) for axis in spec.axes)
                stored[name] = Constant(shape, spec.dtype, spec.fill)
        leading = next((s for s in declared(kind).values() if isinstance(s, Image | Table)), None)
        if leading is not None and leading.required and leading in [spec for _, spec in absent]:
            raise InvalidInput(
                f"extension {leading.extname} is missing",
                where=self.path,
                expected=f"a {kind.__name__}: " + _needed(kind),
                found=", ".join(e.name for e in self.extensions[1:]) or "no extensions",
            )
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
            if not entry.keyword or is_structure(entry.keyword):
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
