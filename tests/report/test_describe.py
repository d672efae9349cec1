"""Descriptions come from the declarations alone."""

import pytest

from webbcal.core.errors import InvalidInput
from webbcal.report.describe import describe_all, find_kinds
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES


def test_every_product_and_reference_type_is_described() -> None:
    lines = describe_all()
    assert len(lines) == len(PRODUCTS) + len(REFERENCES)
    for line in lines:
        assert line.title.endswith(".")
        assert line.extensions
        assert all(extension.doc for extension in line.extensions)


@pytest.mark.parametrize("kind", PRODUCTS, ids=lambda kind: kind.__name__)
def test_product_is_found_by_suffix_model_and_name(kind: type) -> None:
    for word in (*kind.suffixes, kind.model, kind.__name__, kind.suffixes[0].upper()):
        if word:
            assert kind.__doc__.partition("\n")[0] in [line.title for line in find_kinds(word)]


def test_axes_are_named_in_fits_order() -> None:
    ramp = find_kinds("Ramp")[0]
    sci = next(line for line in ramp.extensions if line.name == "SCI")
    assert (sci.axes, sci.dtype, sci.presence) == ("x, y, group, integration", "float32", "always")


def test_elements_are_numbered() -> None:
    (slits,) = [line for line in find_kinds("cal") if line.model == "MultiSlitModel"]
    assert "SCI,1..N" in [line.name for line in slits.extensions]


def test_word_for_both_a_product_and_a_reference_gives_both() -> None:
    assert {line.kind for line in find_kinds("dark")} == {"product", "reference"}


def test_unknown_word_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"uncal, .*rate.*superbias"):
        find_kinds("rat")
