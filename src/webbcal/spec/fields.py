"""The vocabulary in which products are declared.

A product is a frozen dataclass; `image`, `table` and `elements` declare its fields. The
declaration alone drives reading, writing, checking, documentation and the round-trip tests.
"""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import Field, FrozenInstanceError, dataclass, field, fields
from typing import (
    Any,
    ClassVar,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    dataclass_transform,
    runtime_checkable,
)

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.window import Window

Index = tuple[slice, ...]


@dataclass(frozen=True)
class Image:
    """Declaration of one image extension; axes in numpy order, slowest first."""

    extname: str
    dtype: np.dtype[Any]
    axes: tuple[str, ...]
    unit: str
    doc: str
    required: bool
    alternatives: tuple[tuple[str, ...], ...] = ()
    node: str = ""  # name of the array in the metadata tree
    fill: float | None = None  # value of every pixel where there is no array

    @property
    def mandatory(self) -> bool:
        """Whether every file has the extension."""
        return self.required or self.fill is not None

    def axes_of(self, ndim: int) -> tuple[str, ...] | None:
        """Return the names of the axes of an array of `ndim` dimensions, None if not allowed."""
        for axes in (self.axes, *self.alternatives):
            if len(axes) == ndim:
                return axes
        return None


@dataclass(frozen=True)
class Column:
    """Declaration of one table column.

    `shape` is that of a cell, None where it is free. `pattern` is a regular expression for names
    that depend on parameters; `name` is then one example. An `optional` column may be missing.
    `format` is how text tables write it (``.4f``); all digits where it is empty.
    """

    name: str
    dtype: np.dtype[Any]
    unit: str = ""
    doc: str = ""
    shape: tuple[int | None, ...] = ()
    pattern: str = ""
    optional: bool = False
    format: str = ""


@dataclass(frozen=True)
class Table:
    """Declaration of one binary-table extension."""

    extname: str
    columns: tuple[Column, ...]
    doc: str
    required: bool
    open_ended: bool = False  # further columns are allowed, as in HDRTAB
    node: str = ""  # name of the table in the metadata tree
    empty: bool = False  # written without rows where there is no table

    @property
    def mandatory(self) -> bool:
        """Whether every file has the extension."""
        return self.required or self.empty


@dataclass(frozen=True)
class Elements:
    """Declaration of a tuple of parts; part i is stored in the extensions of EXTVER i + 1."""

    part: type["Product"]
    doc: str


@dataclass(frozen=True)
class Node:
    """Declaration of a part of the metadata tree beside ``meta``: nested values and arrays.

    An empty `name` stands for all of the tree but ``meta``. In a `light` part, transforms of
    coordinates are read as `geometry.chain.Transform`, world coordinates as
    `geometry.world.World`, and tables as mappings of names to columns.
    """

    name: str
    doc: str
    light: bool = False


def image(  # noqa: PLR0913 (each argument is one fact of the declaration)
    extname: str,
    dtype: str,
    axes: tuple[str, ...],
    *,
    unit: str = "",
    doc: str,
    required: bool = True,
    alternatives: tuple[tuple[str, ...], ...] = (),
    node: str = "",
    fill: float | None = None,
) -> Any:
    """Declare an array of a product and the image extension that stores it.

    An array with a `fill` value is never missing on disk: where a product has none the extension
    is written as that constant, and where a file has none a required array is read as it.
    """
    spec = Image(
        extname,
        np.dtype(dtype),
        axes,
        unit,
        doc,
        required,
        alternatives,
        node or _node_of(extname),
        fill,
    )
    return _declare(spec, required)


def column(
    name: str,
    dtype: str,
    unit: str = "",
    doc: str = "",
    shape: tuple[int | None, ...] = (),
    *,
    pattern: str = "",
    optional: bool = False,
    format: str = "",
) -> Column:
    """Declare one column of a table."""
    return Column(name, np.dtype(dtype), unit, doc, shape, pattern, optional, format)


def table(
    extname: str,
    *columns: Column,
    doc: str,
    required: bool = True,
    open_ended: bool = False,
    node: str = "",
    empty: bool = False,
) -> Any:
    """Declare a structured array of a product and the table extension that stores it."""
    node = node or _node_of(extname)
    spec = Table(extname, columns, doc, required, open_ended, node, empty)
    return _declare(spec, required)


def elements(part: type["Product"], *, doc: str) -> Any:
    """Declare a tuple of parts: slits, spectra, exposures."""
    return field(default=(), metadata={"spec": Elements(part, doc)})


def node(name: str, *, doc: str, light: bool = False) -> Any:
    """Declare a part of the metadata tree: values, arrays, mappings and lists, or an object."""
    return field(metadata={"node": Node(name, doc, light)})


def working(axes: tuple[str, ...], dtype: str, *, doc: str) -> Any:
    """Declare an array that steps pass on but no file stores."""
    return _declare(Image("", np.dtype(dtype), axes, "", doc, False), False)


def _node_of(extname: str) -> str:
    return "data" if extname == "SCI" else extname.lower()


def _declare(spec: Image | Table, required: bool) -> Any:
    # A default_factory leaves no class attribute behind, so that a value which is still on
    # disk is found by Product.__getattr__.
    if required:
        return field(metadata={"spec": spec})
    return field(default_factory=lambda: None, metadata={"spec": spec})


@runtime_checkable
class Stored(Protocol):
    """An array that still lies on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes, numpy order."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native data type of what `read` returns."""

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array in native byte order."""


@runtime_checkable
class Encoded(Protocol):
    """A value of the metadata tree that is still as it was stored: a WCS, say."""

    def decode(self) -> Any:
        """Return the value; the same one at every call."""

    def light(self) -> Any:
        """Return it without the libraries that know everything; the same one at every call."""


def declared(cls: type["Product"]) -> dict[str, Image | Table | Elements]:
    """Return the declared fields of a product class by attribute name, in file order."""
    key: Any = cls
    return _declared_once(key)


def nodes(cls: type["Product"]) -> dict[str, Node]:
    """Return the declared parts of the metadata tree by attribute name."""
    return {f.name: f.metadata["node"] for f in fields(cls) if "node" in f.metadata}


@functools.cache
def _declared_once(cls: Any) -> dict[str, Image | Table | Elements]:
    return {f.name: f.metadata["spec"] for f in fields(cls) if "spec" in f.metadata}


T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True)
def declaration(cls: type[T]) -> type[T]:
    """Make a class a declaration: a frozen dataclass, its fields given by name.

    `Product` has once what `dataclass` would write, and compile, for each class at every start.
    """
    return dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)


def _default(f: Field[Any]) -> Any:
    """Return the value of a field that is not given; MISSING if it must be."""
    return f.default if f.default_factory is dataclasses.MISSING else f.default_factory()


@declaration
class Product:
    """Base of every product: checks arrays against the declaration and locks them.

    Attributes
    ----------
    meta : Meta
        The metadata tree below ``meta``.
    attributes : Meta
        Scalars beside ``meta``: the source and slit of an element, say. Also readable as
        attributes of the product itself (``slit.source_id``).
    window : Window or None
        Which rows and columns of the exposure the arrays hold; None for all of them.
    extras : mapping
        What a file held and no declaration names; written back. ``keywords``: extension
        (``"SCI"``, ``"SCI,2"``) to cards; ``extensions``: whole extensions; ``history``: entries
        with ``description`` and ``time``; ``tree``: nodes at the root of the metadata tree.
    """

    model: ClassVar[str] = ""  # DATAMODL
    suffixes: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[str] = ""  # what tells this form from others of the same suffix
    storage: ClassVar[str] = "fits"  # or ecsv, asdf
    fixed: ClassVar[Mapping[str, Any]] = {}  # metadata that every file of this kind carries

    meta: Meta = field(default_factory=Meta)
    attributes: Meta = field(default_factory=lambda: Meta({}, ""))
    window: Window | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        for f in fields(self):
            value = values.pop(f.name) if f.name in values else _default(f)
            if value is dataclasses.MISSING:
                raise TypeError(f"{type(self).__name__} needs {f.name}")
            object.__setattr__(self, f.name, value)
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")
        self.__post_init__()

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        arrays = ", ".join(name for name in declared(type(self)) if self.has(name))
        return f"<{type(self).__name__}: {arrays}>"

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for name, spec in declared(type(self)).items():
            value = getattr(self, name)
            if value is None or isinstance(spec, Elements):
                continue
            if isinstance(spec, Image):
                _check_image(f"{type(self).__name__}.{name}", value, spec, sizes)
            elif value.dtype.names is None:
                raise InvalidProduct(
                    f"{type(self).__name__}.{name}",
                    expected="a structured array",
                    found=value.dtype,
                )
            if value.flags.writeable:
                locked = value.view()
                locked.flags.writeable = False
                object.__setattr__(self, name, locked)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Stored], **rest: Any) -> Self:
        """Make a product whose arrays stay on disk until they are touched.

        Parameters
        ----------
        stored : mapping
            Attribute name to array on disk. Optional arrays that are missing here are None;
            required ones raise InvalidProduct when they are touched.
        **rest
            `meta`, `attributes`, `extras`, and elements.
        """
        product = object.__new__(cls)
        object.__setattr__(product, "_stored", dict(stored))
        for f in fields(cls):
            if f.name in rest:
                object.__setattr__(product, f.name, rest[f.name])
            elif f.name not in stored:
                value = _default(f)
                if value is not dataclasses.MISSING:
                    object.__setattr__(product, f.name, value)
        return product

    def __getattr__(self, name: str) -> Any:
        # Reached only for a name that has not been set: an array still on disk, or a scalar
        # of the tree beside `meta`.
        if name.startswith("__") or name == "_stored":
            raise AttributeError(name)
        stored = self.__dict__.get("_stored", {})
        if name in stored:
            value = stored[name].read()
            value.flags.writeable = False
            object.__setattr__(self, name, value)
            return value
        attributes = self.__dict__.get("attributes")
        if attributes is not None and name in attributes:
            return attributes[name]
        spec = declared(type(self)).get(name)
        if isinstance(spec, Image | Table):
            raise InvalidProduct(
                f"extension {spec.extname} is missing",
                where=self.__dict__["meta"].lookup("filename"),
                expected=f"a complete {type(self).__name__}",
            )
        raise AttributeError(f"{type(self).__name__} has no {name}")

    @property
    def wcs(self) -> Any:
        """The coordinate transform from pixels to the world (gwcs), None where there is none."""
        wcs = self.meta.lookup("wcs")
        return wcs.decode() if isinstance(wcs, Encoded) else wcs

    @property
    def world(self) -> Any:
        """The same as numbers alone (`geometry.world.World`), without the gwcs library.

        What is no World but was put there, a gwcs, is returned as it is.
        """
        wcs = self.meta.lookup("wcs")
        return wcs.light() if isinstance(wcs, Encoded) else wcs

    def stored(self, name: str) -> Stored | None:
        """Return the array on disk behind an attribute, None if it lives in memory only."""
        stored: dict[str, Stored] = self.__dict__.get("_stored", {})
        return stored.get(name)

    def all_stored(self) -> dict[str, Stored]:
        """Return all arrays that lie on disk, by attribute name."""
        return dict(self.__dict__.get("_stored", {}))

    def has(self, name: str) -> bool:
        """Tell whether an optional array is present, without reading it."""
        return self.stored(name) is not None or self.__dict__.get(name) is not None

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array without reading it."""
        stored = self.stored(name)
        return stored.shape if stored is not None else getattr(self, name).shape

    def cut(self, window: Window, integrations: slice = slice(None)) -> Self:
        """Return the product on a window, given in the pixel coordinates of the exposure.

        Every array with axes y and x is cut, to contiguous memory; only the part asked for is
        read from disk. `integrations` selects along the axis of that name.
        """
        inner = window if self.window is None else window.relative_to(self.window)
        selected = {"y": inner.rows, "x": inner.columns, "integration": integrations}
        changes: dict[str, Any] = {"window": window}
        for name, spec in declared(type(self)).items():
            if not isinstance(spec, Image) or not self.has(name):
                continue
            shape = self.shape_of(name)
            axes = spec.axes_of(len(shape)) or spec.axes
            if "y" not in axes:
                continue
            index = tuple(selected[axis] if axis in selected else slice(None) for axis in axes)
            stored = None if name in self.__dict__ else self.stored(name)
            changes[name] = (
                np.ascontiguousarray(getattr(self, name)[index])
                if stored is None
                else stored.read(index)
            )
        return self.with_changes(**changes)

    def on_disk(self, arrays: Mapping[str, Stored], **changes: Any) -> Self:
        """Return a copy of which some arrays, by attribute name, lie on disk."""
        kept = {
            f.name: self.__dict__[f.name]
            for f in fields(self)
            if f.name in self.__dict__ and f.name not in arrays
        }
        return type(self).from_stored({**self.all_stored(), **arrays}, **(kept | changes))

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with changes; arrays on disk that are not changed stay there."""
        stored = {
            name: array
            for name, array in self.__dict__.get("_stored", {}).items()
            if name not in changes and name not in self.__dict__
        }
        if not stored:
            return dataclasses.replace(self, **changes)
        rest = {
            f.name: changes.get(f.name, self.__dict__.get(f.name))
            for f in fields(self)
            if f.name in changes or f.name in self.__dict__
        }
        return type(self).from_stored(stored, **rest)


def _check_image(where: str, value: np.ndarray, spec: Image, sizes: dict[str, int]) -> None:
    if value.dtype != spec.dtype:
        raise InvalidProduct(where, expected=spec.dtype, found=value.dtype)
    check_shape(where, value.shape, spec, sizes)


def check_shape(where: str, shape: tuple[int, ...], spec: Image, sizes: dict[str, int]) -> None:
    """Check the axes of an array; `sizes` holds the length of each axis met so far.

    Raises
    ------
    InvalidProduct
        If the number of axes or the length of one contradicts the declaration or other arrays.
    """
    axes = spec.axes_of(len(shape))
    if axes is None:
        raise InvalidProduct(
            "wrong number of axes",
            where=where,
            expected=f"axes {spec.axes}",
            found=f"shape {shape}",
        )
    for axis, size in zip(axes, shape, strict=True):
        if sizes.setdefault(axis, size) != size:
            raise InvalidProduct(
                "arrays of different shape",
                where=where,
                expected=f"{axis} = {sizes[axis]} as in the other arrays",
                found=f"{axis} = {size}",
            )
