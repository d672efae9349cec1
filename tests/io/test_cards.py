"""Header cards are what the FITS Standard says, and astropy agrees."""

import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from webbcal.io.cards import format_card, header_block, parse_cards

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
values = st.one_of(
    printable.map(str.rstrip),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
)


def block(*cards: str) -> bytes:
    return header_block(cards)


@settings(deadline=None)
@given(values, st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_a_value_survives_writing_and_reading(value, comment):
    (card,) = parse_cards(block(format_card("KEY", value, comment)))
    assert card.value == value
    assert type(card.value) is type(value)


@settings(deadline=None)
@given(values)
def test_astropy_reads_the_same_value(value):
    text = block(format_card("KEY", value, "comment")).decode()
    header = fits.Header.fromstring(text)
    assert header["KEY"] == value


@settings(deadline=None)
@given(values)
def test_what_astropy_writes_is_understood(value):
    header = fits.Header()
    header["KEY"] = value
    text = header.tostring().encode()
    found = next(card.value for card in parse_cards(text) if card.keyword == "KEY")
    if isinstance(value, float):
        value = pytest.approx(value, rel=1e-11)  # astropy keeps 20 characters
    assert found == value


def test_long_strings_continue_without_splitting_a_doubled_quote():
    value = "'" * 150
    text = block(format_card("KEY", value, "why"))
    assert text.count(b"CONTINUE") >= 4
    assert next(parse_cards(text)).value == value
    assert fits.Header.fromstring(text.decode())["KEY"] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("KEY     =                 1D-03", 1e-3),
        ("KEY     = 'it''s'  / note", "it's"),
        ("KEY     =                      / undefined", None),
        ("KEY     = T", True),
        ("KEY     = .5", 0.5),
        ("KEY     = nonsense", "nonsense"),
        ("KEY     = ''", ""),
        ("COMMENT any text / at all", "any text / at all"),
    ],
)
def test_values_in_free_format(text, value):
    (card,) = parse_cards(block(f"{text:80}"))
    assert card.value == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), [1]])
def test_a_value_without_a_fits_form_is_refused(value):
    with pytest.raises(ValueError, match="KEY"):
        format_card("KEY", value)


def test_a_header_fills_whole_blocks():
    for count in (0, 35, 36, 100):
        assert len(block(*[format_card("KEY", n) for n in range(count)])) % 2880 == 0
