"""Trees are read as plain values, whatever their tags ask for."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance import yaml_tree
from webbcal.io.conformance.yaml_tree import lookup, parse_asdf, parse_yaml, walk


def test_numbers_are_those_of_yaml_1_1() -> None:
    text = "{a: 12, b: 01029, c: 0123, d: 1.5e-3, e: 1e5, f: '7', g: ~, h: true, i: .inf, j: -.5}"
    values = {"a": 12, "b": "01029", "c": 0o123, "d": 1.5e-3, "e": "1e5", "f": "7", "g": None}
    assert parse_yaml(text) == values | {"h": True, "i": math.inf, "j": -0.5}


def test_tags_never_make_objects() -> None:
    tree = parse_yaml("a: !!python/object/apply:os.system ['false']\nb: !core/thing {c: 1}")
    assert tree["a"] == ["false"]
    assert tree["b"] == {"c": 1}


def test_aliases_are_shared_and_walked_once() -> None:
    levels = ["a0: &a0 [1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    tree = parse_yaml("\n".join(levels))
    assert len(walk(tree)) == 41


def test_own_alias_does_not_loop() -> None:
    tree = parse_yaml("a: &a {b: *a}")
    assert len(walk(tree)) == 2


@pytest.mark.parametrize(
    "text", ["[" * 3000, "- " * 3000, "*none", "{a: [}", "\x00", "a: b: c", "- \ud800"]
)
def test_nonsense_is_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_yaml(text)


def test_number_of_nodes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "MAX_NODES", 1000)
    assert len(parse_yaml("[" + "1," * 999 + "]")) == 999
    with pytest.raises(InvalidInput, match="too large"):
        parse_yaml("[" + "1," * 1000 + "]")


def test_elements_of_a_list_are_found_by_number() -> None:
    tree = parse_yaml("slits: [{name: A}, {name: B}]")
    assert lookup(tree, "slits[].name", 1) == "B"
    assert lookup(tree, "slits[].name", 2) is None
    assert lookup(tree, "slits.name.more") is None


def test_block_that_ends_outside_is_named() -> None:
    block = b"\xd3BLK" + (48).to_bytes(2, "big") + bytes(8) + (100).to_bytes(8, "big") + bytes(32)
    text = b"#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n--- {a: 1}\n...\n"
    assert parse_asdf(text + block + bytes(100)).problem == ""
    assert parse_asdf(text + block + bytes(100)).blocks == 1
    assert "ends outside" in parse_asdf(text + block + bytes(90)).problem


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_invalid_input(content: bytes) -> None:
    for start in (b"", b"#ASDF 1.0.0\n--- "):
        try:
            parse_asdf(start + content)
        except InvalidInput:
            continue
