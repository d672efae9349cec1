"""Predicted widths of pulls, where they are known otherwise."""

import pytest
from validation.prediction import predict


def test_bright_ramps_of_single_frames_have_the_noise_of_last_minus_first():
    widths = predict(8, 1, 0, 80000, 11.0)
    assert widths.documented == pytest.approx(1, abs=0.02)
    assert widths.propagated == pytest.approx(1, abs=0.02)


def test_averages_of_many_frames_have_five_sixths_of_the_photon_variance():
    """Three averages over a time t each, the last minus the first.

    An average differs from the value at its start or end by a variance of t / 3, and t lies
    between: 5 t / 3, where single frames that are 2 t apart have 2 t.
    """
    widths = predict(3, 40, 0, 1e5, 0.001)
    assert widths.documented == pytest.approx((5 / 6) ** 0.5, abs=0.02)
    assert widths.propagated == pytest.approx(1, abs=0.02)


def test_many_groups_of_few_electrons_have_too_small_documented_errors():
    widths = predict(30, 1, 0, 400, 11.0)
    assert widths.documented > 1.03
    assert widths.propagated == pytest.approx(1, abs=0.03)
