"""Write a product: whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

import webbcal
from webbcal.core.errors import CannotWrite, InvalidProduct
from webbcal.io.asdf_tree import (
    EncodedNode,
    HistoryEntry,
    Link,
    Software,
    encode,
    render_tree,
)
from webbcal.io.cards import Card, format_card, is_structure
from webbcal.io.ecsv import render_ecsv
from webbcal.io.fits import Constant, Extension
from webbcal.io.hdus import (
    NewHdu,
    image_hdu,
    link_to,
    table_datatype,
    table_hdu,
    table_structure,
    write_data,
)
from webbcal.io.headers import find, header_hash, keyword_value, keywords_for, put
from webbcal.io.tables import conform_table, empty_table
from webbcal.spec.fields import Elements, Image, Product, Stored, Table, check_shape, declared
from webbcal.spec.meta import Keyword, Meta
from webbcal.spec.references import Reference


def write_product(product: Product, path: Path | str, *, overwrite: bool = True) -> None:
    """Write a product to a file: FITS, or ECSV where its declaration says so.

    Parameters
    ----------
    product : Product
        Arrays that still lie on disk are copied in small pieces.
    path : path
        Final name. The file appears under it complete, or not at all.
    overwrite : bool
        Whether a file of that name is replaced.

    Raises
    ------
    CannotWrite
        If the folder does not exist or is not writable, the disk is full, or the file exists
        and may not be replaced.
    InvalidProduct
        If the product lacks what its declaration demands, or a value fits no header.

    Notes
    -----
    FILENAME, DATE and DATAMODL are set here, BUNIT where the declaration names a unit and the
    metadata do not. Keywords of extensions that the product does not have are left out.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise CannotWrite("the file exists", where=path, advice="Remove it or allow overwriting.")
    text = render_ecsv(product, path) if product.storage == "ecsv" else b""
    hdus = [] if text else new_hdus(product, path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _complete_or_absent(temporary, path) as file:
            file.write(text)
            for hdu in hdus:
                file.write(hdu.header())
                write_data(file, hdu.data)
    except OSError as error:
        advice = "Free some space." if error.errno == errno.ENOSPC else "Choose another folder."
        raise CannotWrite(
            f"cannot write the file ({error.strerror or error})", where=path, advice=advice
        ) from None


def new_hdus(product: Product, path: Path) -> list[NewHdu]:
    """Return the extensions of a product as they will be written, headers complete."""
    return _Writer(product, path).hdus()


@contextlib.contextmanager
def _complete_or_absent(temporary: Path, path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; it gets its final name only if nothing went wrong."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class _Writer:
    """Lays a product out as extensions and a metadata tree."""

    def __init__(self, product: Product, path: Path) -> None:
        self.product = product
        self.path = path
        self.kind = type(product)
        self.entries = keywords_for(self.kind)
        extras = product.extras
        self.extra_cards: Mapping[str, Any] = extras.get("keywords") or {}
        self.extensions: tuple[Extension, ...] = tuple(extras.get("extensions") or ())
        self.history = [dict(entry) for entry in extras.get("history") or ()]
        self.primary = NewHdu(
            "PRIMARY",
            1,
            [
                Card("SIMPLE", True, "conforms to the FITS standard"),
                Card("BITPIX", 8, "no data in this unit"),
                Card("NAXIS", 0, "no data in this unit"),
                Card("EXTEND", True, "extensions follow"),
            ],
        )
        self.others: list[NewHdu] = []
        self.tree: dict[str, Any] = {
            "asdf_library": Software(name="webbcal", version=webbcal.__version__),
        }
        self.encoded: dict[str, tuple[dict[str, Any], Any]] = {}

    def hdus(self) -> list[NewHdu]:
        """Return the extensions in file order, headers complete."""
        self._metadata()
        self._lay_out(self.product, self.tree, None)
        hdus = [self.primary, *self.others]
        by_key = {(hdu.name, hdu.version): hdu for hdu in reversed(hdus)}
        self._keywords(by_key)
        self._extra_keywords(by_key)
        for entry in self.history:
            text = str(entry.get("description", "")).encode("ascii", "replace").decode()
            self.primary.cards.append(format_card("HISTORY", " ".join(text.split())))
        hdus += self._copied()
        if not isinstance(self.product, Reference):
            hdus.append(self._tree_hdu([hdu.header() for hdu in hdus]))
        return hdus

    def _metadata(self) -> None:
        self.tree.update(_plain((self.product.extras.get("tree")) or {}))
        if self.history:
            self.tree["history"] = {"entries": [HistoryEntry(entry) for entry in self.history]}
        self.tree.update(_plain(self.product.attributes))
        self.tree["meta"] = meta = _plain(self.product.meta)
        now = datetime.now(UTC).replace(tzinfo=None)
        meta["date"] = now.isoformat(timespec="milliseconds")
        meta["filename"] = self.path.name
        meta["model_type"] = self.kind.model
        for name, value in self.kind.fixed.items():
            if find(self.tree, name) is None:
                put(self.tree, name, value)

    def _lay_out(self, product: Product, tree: dict[str, Any], version: int | None) -> None:
        """Add the extensions of a product or an element, and their links."""
        self._set_units(product, tree)
        sizes: dict[str, int] = {}
        for name, spec in declared(type(product)).items():
            if isinstance(spec, Elements):
                parts = getattr(product, name) or ()
                nodes: list[dict[str, Any]] = []
                for number, part in enumerate(parts, 1):
                    node = _plain(part.attributes)
                    if part.meta:
                        node["meta"] = _plain(part.meta)
                    self._lay_out(part, node, number)
                    nodes.append(node)
                tree[name] = nodes
            elif spec.extname:
                self._add(product, name, tree, version or 1, sizes)

    def _set_units(self, product: Product, tree: dict[str, Any]) -> None:
        for extname, path in (("SCI", "meta.bunit_data"), ("ERR", "meta.bunit_err")):
            units = [
                spec.unit
                for spec in declared(type(product)).values()
                if isinstance(spec, Image) and spec.extname == extname and spec.unit
            ]
            if units and find(tree, path) is None:
                put(tree, path, units[0])

    def _add(
        self,
        product: Product,
        name: str,
        tree: dict[str, Any],
        version: int,
        sizes: dict[str, int],
    ) -> None:
        spec = declared(type(product))[name]
        assert isinstance(spec, Image | Table)
        where = f"{self.path}, {type(product).__name__}.{name}"
        if isinstance(spec, Table):
            if product.has(name):
                table = conform_table(getattr(product, name), spec, where)
            elif spec.empty:
                table = empty_table(spec)
            else:
                self._demand(spec, where)
                return
            hdu = table_hdu(spec, table, version)
            datatype: Any = table_datatype(table.dtype)
            shape = table.shape
        else:
            data = _image_data(product, name, spec)
            if data is None:
                self._demand(spec, where)
                return
            shape = data.shape
            check_shape(where, shape, spec, sizes)
            if data.dtype != spec.dtype:
                raise InvalidProduct(
                    "wrong type of pixels", where=where, expected=spec.dtype, found=data.dtype
                )
            hdu = image_hdu(spec, data, version)
            datatype = spec.dtype.name
        extname = spec.extname.upper()
        put(tree, spec.node, Link(f"fits:{extname},{version}", datatype, shape))
        self.others.append(hdu)

    def _demand(self, spec: Image | Table, where: str) -> None:
        if spec.required:
            raise InvalidProduct(f"no data for extension {spec.extname}", where=where)

    def _keywords(self, hdus: Mapping[tuple[str, int], NewHdu]) -> None:
        """Write declared keywords; unset what has no place, so that tree and headers agree.

        A few keywords belong to two paths (SRCTYPE: of the target, and of the slit). The more
        specific one comes first, and the other is unset if it says something else.
        """
        for entry in sorted(self.entries, key=_specific):
            if not entry.keyword or is_structure(entry.keyword):
                continue
            if "[]." not in entry.path:
                self._keyword(entry, self.tree, entry.path, hdus.get((entry.extension, 1)))
                continue
            name, _, path = entry.path.partition("[].")
            for number, element in enumerate(self.tree.get(name) or (), 1):
                self._keyword(entry, element, path, hdus.get((entry.extension, number)))

    def _keyword(self, entry: Keyword, tree: dict[str, Any], path: str, hdu: NewHdu | None) -> None:
        value = find(tree, path)
        if value is None or isinstance(value, dict):
            return
        stored = keyword_value(value, entry, self.path)
        if hdu is None or stored is None or not hdu.add(entry.keyword, stored, entry.comment):
            stored = None
        put(tree, path, stored)

    def _extra_keywords(self, hdus: Mapping[tuple[str, int], NewHdu]) -> None:
        for label, cards in self.extra_cards.items():
            name, _, version = label.partition(",")
            hdu = hdus.get((name, int(version or 1)))
            if hdu is None:
                continue
            entries = []
            for card in cards:
                if card.keyword in hdu.values and card.keyword != "COMMENT":
                    continue
                hdu.cards.append(card.format())
                entries.append([card.keyword, card.value, card.comment])
            if entries and not version:
                put(self.tree, f"extra_fits.{name}.header", entries)

    def _copied(self) -> Iterator[NewHdu]:
        for extension in self.extensions:
            data = extension.data if extension.size else None
            link = link_to(extension)
            if link is not None:
                put(self.tree, f"extra_fits.{extension.name}.data", link)
            yield NewHdu(extension.name, extension.version, [], data, copied=extension.header)

    def _tree_hdu(self, headers: list[bytes]) -> NewHdu:
        self._encode_wcs()
        self.tree["_fits_hash"] = header_hash(headers)
        document = render_tree(self.tree, self.path)
        structure = [
            *table_structure(len(document), 1),
            Card("TFIELDS", 1, "number of columns"),
            Card("TTYPE1", "ASDF_METADATA", "the metadata tree: an ASDF file"),
            Card("TFORM1", f"{len(document)}B"),
            Card("EXTNAME", "ASDF", "name of this extension"),
        ]
        return NewHdu("ASDF", 1, structure, document)

    def _encode_wcs(self) -> None:
        """Encode the coordinate transforms that exist in memory only, all in one go."""
        parts = [self.tree]
        for name, spec in declared(self.kind).items():
            if isinstance(spec, Elements):
                parts += self.tree[name]
        metas = [part["meta"] for part in parts if part.get("meta")]
        live = {
            str(number): meta["wcs"]
            for number, meta in enumerate(metas)
            if meta.get("wcs") is not None and not isinstance(meta["wcs"], EncodedNode)
        }
        for number in [number for number, wcs in live.items() if hasattr(wcs, "stored")]:
            # Not at the top: stage 1 writes none.
            from webbcal.io.objects import tree_of

            metas[int(number)]["wcs"] = tree_of(live.pop(number))
        if live:
            for number, node in encode(live).items():
                metas[int(number)]["wcs"] = node


def _specific(entry: Keyword) -> int:
    """Order keywords: those of elements, those beside ``meta``, those below it."""
    return 0 if "[]" in entry.path else 2 if entry.path.startswith("meta.") else 1


def _plain(value: Any) -> Any:
    """Return a copy of a tree in which every node is a plain dict or list."""
    if isinstance(value, Meta):
        return {name: _plain(value.raw(name)) for name in value}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _image_data(product: Product, name: str, spec: Image) -> np.ndarray | Stored | None:
    """Return the array, where it lies on disk, or the constant that stands for it."""
    stored = product.stored(name)
    if stored is not None:
        return stored
    if product.has(name):
        values: np.ndarray = getattr(product, name)
        return values
    if spec.fill is None:
        return None
    sizes: dict[str, int] = {}
    for other, image in declared(type(product)).items():
        if isinstance(image, Image) and image.extname and product.has(other):
            shape = product.shape_of(other)
            sizes.update(zip(image.axes_of(len(shape)) or (), shape, strict=False))
    if not set(spec.axes) <= set(sizes):
        return None
    return Constant(tuple(sizes[axis] for axis in spec.axes), spec.dtype, spec.fill)
