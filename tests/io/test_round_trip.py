"""What is written is read back: every product, from its declaration."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.io.examples import SET_BY_THE_WRITER, example, same_arrays

from webbcal.io.fits import read_extensions
from webbcal.io.headers import header_hash, keywords_for
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.fields import Product
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES

FITS_PRODUCTS = [kind for kind in PRODUCTS if kind.storage == "fits"]
seeds = st.integers(0, 2**32 - 1)
few = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def flat(tree: dict, prefix: str = "meta") -> dict:
    """Return the leaves of a metadata tree by dotted path."""
    leaves = {}
    for name, value in tree.items():
        path = f"{prefix}.{name}"
        leaves |= flat(value, path) if isinstance(value, dict) else {path: value}
    return leaves


def added_by_the_writer(kind: type[Product]) -> set[str]:
    return {*SET_BY_THE_WRITER, "meta.bunit_data", "meta.bunit_err", *kind.fixed}


def twin_paths(kind: type[Product]) -> set[str]:
    """Return the paths that share their keyword with another one: a header sets both."""
    paths: dict[tuple[str, str], set[str]] = {}
    for entry in keywords_for(kind):
        paths.setdefault((entry.extension, entry.keyword), set()).add(entry.path)
    return {path for shared in paths.values() if len(shared) > 1 for path in shared}


@pytest.mark.parametrize("kind", FITS_PRODUCTS, ids=lambda kind: kind.__name__)
@given(seed=seeds)
@few
def test_every_product_comes_back_as_it_was(kind, seed, tmp_path):
    product = example(kind, np.random.default_rng(seed))
    path = tmp_path / f"jw01_{kind.suffixes[0]}.fits"
    write_product(product, path)
    found = open_product(path, kind)
    same_arrays(product, found)
    expected, read = flat(product.meta.as_dict()), flat(found.meta.as_dict())
    for name in added_by_the_writer(kind):
        read.pop(name, None)
        expected.pop(name, None)
    assert read == expected
    assert found.attributes.as_dict() == product.attributes.as_dict()


@pytest.mark.parametrize("kind", FITS_PRODUCTS, ids=lambda kind: kind.__name__)
def test_headers_alone_tell_the_same_as_the_tree(kind, tmp_path):
    product = example(kind, np.random.default_rng(1), metadata=0.9)
    path = tmp_path / f"jw01_{kind.suffixes[0]}.fits"
    write_product(product, path)
    by_tree = open_product(path, kind)
    content = path.read_bytes()
    assert content.count(b"_fits_hash: ") == 1
    at = content.index(b"_fits_hash: ") + len(b"_fits_hash: ")
    path.write_bytes(content[:at] + b"0" * 64 + content[at + 64 :])
    by_headers = open_product(path, kind)
    same_arrays(by_tree, by_headers)
    expected, found = flat(by_tree.meta.as_dict()), flat(by_headers.meta.as_dict())
    twins = twin_paths(kind)
    assert {n: v for n, v in found.items() if n in expected or n not in twins} == expected
    attributes = by_headers.attributes.as_dict()
    for name in twins - by_tree.attributes.as_dict().keys():
        attributes.pop(name, None)
    assert attributes == by_tree.attributes.as_dict()


@pytest.mark.parametrize("kind", FITS_PRODUCTS, ids=lambda kind: kind.__name__)
def test_kind_is_recognised_from_the_file(kind, tmp_path):
    for suffix in kind.suffixes:
        path = tmp_path / f"jw01_{suffix}.fits"
        write_product(example(kind, np.random.default_rng(2)), path)
        found = type(open_product(path))
        assert suffix in found.suffixes
        assert found.model == kind.model


FITS_REFERENCES = [kind for kind in REFERENCES.values() if kind.storage == "fits"]


@pytest.mark.parametrize("kind", FITS_REFERENCES, ids=lambda kind: kind.__name__)
def test_references_come_back_and_have_no_tree(kind, tmp_path):
    reference = example(kind, np.random.default_rng(3), metadata=0.2)
    reference = reference.with_changes(meta=reference.meta.replace({"reftype": kind.reftype}))
    path = tmp_path / "reference.fits"
    write_product(reference, path)
    assert "ASDF" not in [e.name for e in read_extensions(path)]
    found = open_product(path)
    assert type(found) is kind
    same_arrays(reference, found)


def test_hash_is_that_of_the_raw_header_bytes(tmp_path):
    path = tmp_path / "jw01_rate.fits"
    kind = next(k for k in PRODUCTS if k.__name__ == "Rate")
    write_product(example(kind, np.random.default_rng(4)), path)
    extensions = read_extensions(path)
    content = path.read_bytes()
    raw = [content[e.offset - len(e.header) : e.offset] for e in extensions if e.name != "ASDF"]
    assert header_hash(raw).encode() in content
    assert extensions[-1].name == "ASDF"


def test_files_open_in_plain_astropy_without_a_warning(tmp_path):
    from astropy.io import fits

    for kind in FITS_PRODUCTS:
        path = tmp_path / f"jw01_{kind.suffixes[0]}.fits"
        product = example(kind, np.random.default_rng(5))
        write_product(product, path)
        with fits.open(path, memmap=False) as hdus:
            hdus.verify("exception")
            assert hdus[0].header["DATAMODL"] == kind.model
            if "SCI" in hdus:
                assert hdus[1].name == "SCI"
            for hdu in hdus[1:]:
                assert hdu.data is not None
            if "SCI" in hdus and hasattr(product, "sci"):
                np.testing.assert_array_equal(hdus["SCI"].data, product.sci)


def test_elements_are_numbered_by_extver(tmp_path):
    kind = next(k for k in PRODUCTS if k.__name__ == "CalMultiSlit")
    product = example(kind, np.random.default_rng(8))
    path = tmp_path / "jw01_cal.fits"
    write_product(product, path)
    versions = [e.version for e in read_extensions(path) if e.name == "SCI"]
    assert versions == list(range(1, len(product.slits) + 1))
