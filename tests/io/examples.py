"""Small products of any kind, made from the declaration alone."""

from typing import Any

import numpy as np

from webbcal.io.cards import is_structure
from webbcal.io.headers import keywords_for, put
from webbcal.spec.fields import Elements, Image, Product, Table, declared
from webbcal.spec.meta import Keyword, Meta

TEXTS = (
    "F150W",
    "it's",
    "a / b",
    "x" * 70,
    ("long and 'quoted' & more " * 9).strip(),
    "N/A",
    "12:00",
    "007",
)
SET_BY_THE_WRITER = {"meta.date", "meta.filename", "meta.model_type"}


def example(kind: type[Product], rng: np.random.Generator, *, metadata: float = 0.3) -> Product:
    """Return a product with random content.

    Parameters
    ----------
    kind : type
        Its class.
    rng : Generator
        Source of all that is random.
    metadata : float
        Fraction of the declared keywords that get a value.
    """
    entries = keywords_for(kind)
    values = _arrays(kind, rng)
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements):
            values[name] = tuple(
                _element(spec.part, name, entries, rng, metadata) for _ in range(rng.integers(1, 4))
            )
    own = [entry for entry in entries if "[]" not in entry.path]
    tree = _metadata(own, _present(values, kind), rng, metadata)
    attributes = {name: value for name, value in tree.items() if name != "meta"}
    return kind(meta=Meta(tree.get("meta")), attributes=Meta(attributes, ""), **values)


def _element(
    part: type[Product],
    name: str,
    entries: tuple[Keyword, ...],
    rng: np.random.Generator,
    metadata: float,
) -> Product:
    values = _arrays(part, rng)
    prefix = f"{name}[]."
    own = [entry for entry in entries if entry.path.startswith(prefix)]
    tree = _metadata(own, _present(values, part), rng, metadata, prefix)
    attributes = {key: value for key, value in tree.items() if key != "meta"}
    return part(meta=Meta(tree.get("meta")), attributes=Meta(attributes, ""), **values)


def _present(values: dict[str, Any], kind: type[Product]) -> set[str]:
    specs = declared(kind)
    names = {
        specs[name].extname.upper() for name in values if not isinstance(specs[name], Elements)
    }
    return names | {"PRIMARY"}


def _arrays(kind: type[Product], rng: np.random.Generator) -> dict[str, Any]:
    sizes: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements) or not (spec.required or rng.random() < 0.5):
            continue
        if isinstance(spec, Image) and spec.extname:
            shape = tuple(sizes.setdefault(axis, int(rng.integers(1, 6))) for axis in spec.axes)
            values[name] = random_values(spec.dtype, shape, rng)
        elif isinstance(spec, Table):
            values[name] = random_table(spec, int(rng.integers(1, 4)), rng)
    return values


def random_values(dtype: np.dtype, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return random values of any type; floats with NaN and infinities among them."""
    if dtype.kind == "f":
        values = rng.normal(0, 1e3, shape).astype(dtype)
        special = rng.choice([np.nan, np.inf, -np.inf, -0.0, 1e-38], shape).astype(dtype)
        return np.where(rng.random(shape) < 0.1, special, values)
    if dtype.kind == "S":
        words = rng.choice([b"", b"a", b"NRCA1", b"x" * dtype.itemsize], shape)
        return words.astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    limits = np.iinfo(dtype)
    if dtype.itemsize == 1 and dtype.kind == "i":  # stored as logical
        return rng.integers(0, 2, shape).astype(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def random_table(spec: Table, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return a table with the declared columns; cells of free shape have three elements."""
    columns = [(c.name, c.dtype, tuple(n or 3 for n in c.shape)) for c in spec.columns]
    if not columns:
        columns = [("FILENAME", np.dtype("S10"), ()), ("EXPSTART", np.dtype("f8"), ())]
    table = np.empty(rows, np.dtype(columns))
    for name, dtype, shape in columns:
        table[name] = random_values(dtype, (rows, *shape), rng)
    return table


def _metadata(
    entries: list[Keyword],
    present: set[str],
    rng: np.random.Generator,
    fraction: float,
    prefix: str = "",
) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    taken: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.extension, entry.keyword)
        if (
            not entry.keyword
            or is_structure(entry.keyword)
            or entry.path in SET_BY_THE_WRITER
            or entry.extension not in present
            or key in taken
            or rng.random() >= fraction
        ):
            continue
        taken.add(key)
        put(tree, entry.path.removeprefix(prefix), value_of(entry, rng))
    return tree


def value_of(entry: Keyword, rng: np.random.Generator) -> Any:
    """Return an allowed value of a keyword."""
    if entry.enum:
        text = str(rng.choice(list(entry.enum)))
        return int(text) if entry.type == "integer" else text
    if entry.type == "integer":
        return int(rng.integers(-(2**40), 2**40))
    if entry.type == "number":
        return float(rng.choice([0.0, 1e-300, -1.7e-05, 59800.123456789012, 1e22, 80.0]))
    if entry.type == "boolean":
        return bool(rng.random() < 0.5)
    return str(rng.choice(TEXTS))


def same_arrays(one: Product, other: Product) -> None:
    """Check that two products hold the same arrays, bit for bit, elements included."""
    assert type(one) is type(other)
    for name, spec in declared(type(one)).items():
        if isinstance(spec, Elements):
            parts, others = getattr(one, name), getattr(other, name)
            assert len(parts) == len(others)
            for part, same in zip(parts, others, strict=True):
                same_arrays(part, same)
                assert without_units(part) == without_units(same)
                assert part.attributes.as_dict() == same.attributes.as_dict()
        elif one.has(name):
            expected, found = getattr(one, name), getattr(other, name)
            assert found.dtype == expected.dtype, name
            assert found.shape == expected.shape, name
            assert found.tobytes() == expected.tobytes() or nan_equal(found, expected), name
        elif other.has(name):
            assert spec.mandatory, f"{name} appeared"


def nan_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two arrays agree, NaN with NaN."""
    try:
        np.testing.assert_array_equal(one, other)
    except AssertionError:
        return False
    return True


def without_units(product: Product) -> dict[str, Any]:
    """Return the metadata without the WCS, and what the writer adds from the declaration."""
    meta = product.meta.as_dict()
    meta.pop("wcs", None)
    for name in ("bunit_data", "bunit_err"):
        if declared_unit(type(product), name) == meta.get(name):
            meta.pop(name, None)
    return meta


def declared_unit(kind: type[Product], name: str) -> str:
    """Return the unit that the declaration gives to SCI or ERR."""
    extname = "SCI" if name == "bunit_data" else "ERR"
    specs = [s for s in declared(kind).values() if isinstance(s, Image) and s.extname == extname]
    return specs[0].unit if specs else ""
