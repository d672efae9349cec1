"""Trees: plain values in, plain values out, the rest untouched; bounded whatever a file says."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import EncodedNode, Link, encode, read_tree, render_tree

HEAD = b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n"
text = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=20)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), text, st.floats(allow_nan=False)
)
trees = st.dictionaries(
    text.filter(bool),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(trees)
@settings(deadline=None)
def test_plain_trees_come_back_as_they_were(tree):
    assert read_tree(render_tree(tree, "test"), "test") == tree


@given(trees)
@settings(deadline=None, max_examples=30)
def test_the_asdf_library_reads_the_same(tree):
    import io

    import asdf

    with asdf.open(io.BytesIO(render_tree({"value": tree}, "test"))) as file:
        assert file.tree["value"] == tree


def test_numpy_scalars_and_tuples_are_plain():
    tree = {"a": np.float32(0.5), "b": np.int16(3), "c": (1, 2), "d": np.bool_(True)}
    assert read_tree(render_tree(tree, ""), "") == {"a": 0.5, "b": 3, "c": [1, 2], "d": True}


def test_links_to_extensions_are_recognised():
    tree = {"data": Link("fits:SCI,1", "float32", (3, 4))}
    assert read_tree(render_tree(tree, ""), "")["data"].source == "fits:SCI,1"


def test_what_objects_share_stays_shared():
    values = np.arange(100.0)
    nodes = encode({"one": values, "two": values})
    document = render_tree({**nodes, "three": nodes["one"]}, "")
    assert document.count(b"\xd3BLK") == 1
    for name in ("one", "two", "three"):
        np.testing.assert_array_equal(read_tree(document, "")[name].decode(), values)


def test_arrays_of_an_older_standard_are_decoded_and_kept():
    document = HEAD + b"---\na: !core/ndarray-1.0.0 [1, 2, 3]\n...\n"
    tree = read_tree(document, "")
    again = read_tree(render_tree(tree, ""), "")
    for found in (tree, again):
        assert isinstance(found["a"], EncodedNode)
        np.testing.assert_array_equal(found["a"].decode(), [1, 2, 3])


def test_objects_of_unknown_kind_are_named_and_survive():
    document = HEAD + b"---\na: !<tag:example.org:thing-1.0.0> {x: [1, {y: 2}]}\n...\n"
    tree = read_tree(render_tree(read_tree(document, ""), ""), "file.fits")
    with pytest.raises(InvalidInput, match=r"file\.fits.*tag:example\.org:thing-1\.0\.0"):
        tree["a"].decode()


def test_a_block_that_is_not_there():
    document = HEAD + b"---\na: !core/ndarray-1.0.0 {source: 5, datatype: int8, shape: [3]}\n...\n"
    with pytest.raises(InvalidInput, match="has no data"):
        read_tree(document, "")["a"].decode()


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- "])
def test_deep_nesting_is_refused_quickly(opening):
    started = time.monotonic()
    with pytest.raises(InvalidInput, match=r"too deep|damaged"):
        read_tree(HEAD + b"---\n" + opening * 100_000 + b"\n...\n", "")
    assert time.monotonic() - started < 5


def test_aliases_cannot_multiply_without_bound():
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
    ]
    with pytest.raises(InvalidInput, match="repeats itself"):
        read_tree(HEAD + b"---\n" + b"\n".join(lines) + b"\n...\n", "")


def test_values_that_no_tree_holds_are_refused():
    with pytest.raises(InvalidInput, match="does not fit the metadata tree"):
        render_tree({"a": object()}, "test")
