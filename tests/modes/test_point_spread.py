"""Widths of stars are those that the observatory has measured, as far as pixels can tell."""

import pytest

from webbcal.modes.point_spread import LEAST_WIDTH, star_width

MEASURED = {
    "F560W": 1.882,
    "F770W": 2.445,
    "F1000W": 2.982,
    "F1130W": 3.409,
    "F1280W": 3.818,
    "F1500W": 4.436,
    "F1800W": 5.373,
    "F2100W": 6.127,
    "F2550W": 7.300,
}
"""Pixels, in flight. Source: JWST User Documentation, MIRI point spread functions, table 1."""


@pytest.mark.parametrize("name", MEASURED)
def test_miri_is_as_wide_as_measured_in_flight(name):
    assert star_width("MIRI", "MIRIMAGE", name) == pytest.approx(MEASURED[name], rel=0.05)


def test_two_micrometres_are_two_pixels_of_the_short_channel_and_one_of_the_long():
    short = star_width("NIRCAM", "NRCB1", "F200W", "CLEAR")
    assert short == pytest.approx(2.2, abs=0.1)
    assert star_width("NIRCAM", "NRCBLONG", "F444W", "CLEAR") == pytest.approx(2.4, abs=0.1)
    assert star_width("NIRCAM", "NRCALONG", "F277W", "CLEAR") < short


def test_filters_stand_in_either_wheel():
    assert star_width("NIRISS", "NIS", "CLEAR", "F200W") == LEAST_WIDTH
    assert star_width("NIRISS", "NIS", "F480M", "CLEARP") == star_width("NIRISS", "NIS", "F480M")
    narrow = star_width("NIRCAM", "NRCALONG", "F444W", "F405N")
    assert narrow == star_width("NIRCAM", "NRCALONG", "F405N")


def test_undersampled_stars_are_not_narrower_than_neighbours_can_see():
    assert star_width("NIRISS", "NIS", "CLEAR", "F090W") == LEAST_WIDTH
    assert star_width("FGS", "GUIDER1") >= LEAST_WIDTH


@pytest.mark.parametrize(
    "words", [("HST", "WFC3", "F160W"), ("MIRI", "MIRIMAGE", "OPAQUE"), ("NIRCAM", "NRCA1")]
)
def test_what_is_not_known_is_not_guessed(words):
    assert star_width(*words) is None
