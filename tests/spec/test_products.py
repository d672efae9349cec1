"""The declarations agree with themselves and with the format documents."""

import inspect
import itertools
import pkgutil
from dataclasses import FrozenInstanceError
from importlib import import_module

import numpy as np
import pytest

from webbcal.core.errors import InvalidProduct
from webbcal.spec import products, references
from webbcal.spec.fields import Elements, Image, Product, Table, declared
from webbcal.spec.meta import Meta
from webbcal.spec.products import (
    PRODUCTS,
    CalInts,
    Ramp,
    Rate,
    S3d,
    Uncal,
    alignment,
    by_model,
    by_suffix,
)
from webbcal.spec.references import Reference

# Every product of the two format documents.
SUFFIXES = (
    "uncal",
    "ramp",
    "rate",
    "rateints",
    "bsub",
    "bsubints",
    "cal",
    "calints",
    "crf",
    "crfints",
    "i2d",
    "s2d",
    "s3d",
    "x1d",
    "x1dints",
    "c1d",
    "cat",
    "segm",
    "phot",
    "whtlt",
    "psfstack",
    "psfalign",
    "psfsub",
    "ami",
    "amiavg",
    "aminorm",
    "dark",
    "trapsfilled",
    "wfscmb",
)


def with_parts():
    """Yield every product class, and those of its elements."""
    for kind in PRODUCTS:
        yield kind
        for spec in declared(kind).values():
            if isinstance(spec, Elements):
                yield spec.part


every_kind = pytest.mark.parametrize("kind", dict.fromkeys(with_parts()), ids=lambda k: k.__name__)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_documented_product_is_declared(suffix):
    assert by_suffix(suffix)


def test_catalogue_answers_by_model_and_suffix():
    assert by_model("ImageModel")[0] is Rate
    assert by_model("") == ()
    assert by_suffix("nonsense") == ()
    for kind in PRODUCTS:
        assert all(kind in by_suffix(suffix) for suffix in kind.suffixes)
        assert kind in by_model(kind.model) or kind.storage == "ecsv"


def declared_in(package):
    """Return every product class of the modules of a package."""
    modules = [
        import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
    ]
    return set().union(*map(declared_in_module, modules))


def declared_in_module(module):
    kinds = (kind for _, kind in inspect.getmembers(module, inspect.isclass))
    return {k for k in kinds if issubclass(k, Product) and k.__module__ == module.__name__}


def test_catalogue_says_what_the_declarations_say():
    for entry, kind in zip(products.CATALOGUE, PRODUCTS, strict=True):
        assert (entry.name, entry.model, entry.suffixes) == (
            kind.__name__,
            kind.model,
            kind.suffixes,
        )
    for_users_only = declared_in_module(alignment)
    assert set(PRODUCTS) == {k for k in declared_in(products) if k.suffixes} - for_users_only


def test_catalogue_of_references_has_every_type():
    assert all(kind.reftype == name for name, kind in references.REFERENCES.items())
    exported = {getattr(references, name) for name in references.__all__ if name != "REFERENCES"}
    assert exported == {Reference, *(kind for kind in declared_in(references) if kind.reftype)}
    assert set(references.REFERENCES.values()) <= exported


@pytest.mark.parametrize("package", [products, references])
def test_every_exported_class_can_be_imported(package):
    assert all(hasattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError):
        package.Nonsense  # noqa: B018


def test_one_suffix_and_model_mean_one_product():
    for one, other in itertools.combinations(PRODUCTS, 2):
        same_model = one.model and one.model == other.model
        assert not (same_model and set(one.suffixes) & set(other.suffixes)), (one, other)


@every_kind
def test_science_comes_first(kind):
    names = [s.extname for s in declared(kind).values() if isinstance(s, Image | Table)]
    assert "SCI" not in names or names[0] == "SCI"


@every_kind
def test_extensions_and_nodes_are_unique(kind):
    specs = [s for s in declared(kind).values() if isinstance(s, Image | Table) and s.extname]
    assert len({s.extname.upper() for s in specs}) == len(specs)
    assert len({s.node for s in specs}) == len(specs)


@every_kind
def test_everything_is_explained(kind):
    assert kind.__doc__
    for spec in declared(kind).values():
        assert spec.doc.endswith(".")
        if isinstance(spec, Table):
            assert all(column.doc.endswith(".") for column in spec.columns)
            names = [column.name.lower() for column in spec.columns]
            assert len(set(names)) == len(names)


@every_kind
def test_units_are_known_to_astropy(kind):
    from astropy import units

    for spec in declared(kind).values():
        if isinstance(spec, Image) and spec.unit:
            units.Unit(spec.unit)
        if isinstance(spec, Table):
            for column in spec.columns:
                units.Unit(column.unit)


def test_departures_from_the_documents():
    assert declared(Ramp)["refout"].dtype == np.float32  # the table says uint16, the prose float
    assert declared(Rate)["var_poisson"].axes == ("y", "x")
    assert declared(CalInts)["var_flat"].axes == ("integration", "y", "x")
    assert declared(CalInts)["area"].dtype == np.float32
    assert [c.name for c in declared(S3d)["wcs_table"].columns] == ["wavelength"]
    assert declared(Ramp)["err"].mandatory
    assert declared(Uncal)["refout"].dtype == np.uint16


def test_wrong_arrays_are_refused():
    raw = np.zeros((1, 2, 3, 4), "u2")
    with pytest.raises(InvalidProduct):
        Uncal(sci=raw.astype("f4"))
    with pytest.raises(InvalidProduct):
        Uncal(sci=raw[0])
    with pytest.raises(InvalidProduct):
        Uncal(sci=raw, zeroframe=np.zeros((1, 3, 5), "u2"))
    with pytest.raises(InvalidProduct):
        Uncal(sci=raw, group=np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        Uncal(sci=raw).sci[0] = 1


def test_scalars_beside_meta_are_attributes():
    product = Uncal(sci=np.zeros((1, 1, 1, 1), "u2"), attributes=Meta({"source_id": 7}, ""))
    assert product.source_id == 7
    with pytest.raises(AttributeError):
        _ = product.nonsense


def test_a_product_is_frozen_and_has_only_what_is_declared():
    plane = np.zeros((2, 3), np.float32)
    rate = Rate(
        sci=plane, err=plane, dq=plane.astype(np.uint32), var_poisson=plane, var_rnoise=plane
    )
    with pytest.raises(FrozenInstanceError):
        rate.sci = rate.err
    with pytest.raises(FrozenInstanceError):
        del rate.sci
    with pytest.raises(TypeError, match="needs sci"):
        Rate(err=rate.err)
    with pytest.raises(TypeError, match="no science"):
        rate.with_changes(science=rate.sci)
    assert repr(rate) == "<Rate: sci, err, dq, var_poisson, var_rnoise>"
