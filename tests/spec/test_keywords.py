"""The table of keywords is consistent and fits into headers."""

import re

import pytest

from webbcal.io.cards import format_card
from webbcal.spec.meta import Meta, keywords, keywords_of, reference_keywords
from webbcal.spec.products import PRODUCTS

ALL = (*keywords(), *reference_keywords())


def test_keywords_are_valid():
    for entry in ALL:
        assert re.fullmatch(r"[A-Z0-9_-]{0,8}", entry.keyword), entry
        assert entry.type in {"string", "number", "integer", "boolean", "array", ""}, entry


def test_every_keyword_has_a_comment_that_fits_beside_a_number():
    for entry in ALL:
        if entry.keyword:
            assert entry.comment, entry.path
            card = format_card(entry.keyword, 1.0, entry.comment)
            assert card.rstrip().endswith(entry.comment), entry.path


@pytest.mark.parametrize("kind", PRODUCTS, ids=lambda kind: kind.__name__)
def test_a_keyword_has_one_type_in_a_product(kind):
    types = {}
    for entry in keywords_of(kind.model):
        key = (entry.extension, entry.keyword)
        if entry.keyword:
            assert types.setdefault(key, entry.type) == entry.type, key


def test_declared_entries_read_as_none_and_others_raise():
    meta = Meta({"exposure": {"ngroups": 5}})
    assert meta.exposure.ngroups == 5
    assert meta.exposure.nints is None
    assert meta.instrument.detector is None
    assert meta.reftype is None
    with pytest.raises(AttributeError, match="not a declared metadata path"):
        _ = meta.exposure.ngrups


def test_replacing_makes_a_new_tree():
    meta = Meta({"exposure": {"ngroups": 5}})
    changed = meta.replace({"exposure.ngroups": None, "exposure.nints": 2})
    assert meta.exposure.ngroups == 5
    assert changed.exposure.as_dict() == {"nints": 2}
    with pytest.raises(AttributeError, match="read-only"):
        changed.exposure = 1
