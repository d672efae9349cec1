"""Kernels of interleaved reference pixels against obvious versions."""

import numpy as np
import pytest
from tests.naive import irs2 as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.irs2 import fill_missing, straight_line, subtract_line, subtract_model

WEIGHTS = np.cos(np.pi * np.arange(-15, 16) / 32)


def series(missing, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 10, (44, 7)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
def test_missing_samples_are_means_of_their_neighbours_in_time(missing):
    values = series(missing)
    values[40:] = np.nan  # the end of every line
    out = np.empty_like(values)
    fill_missing(frozen(values), frozen(WEIGHTS), out)
    np.testing.assert_allclose(out, naive.fill_missing(values, WEIGHTS), rtol=1e-5, atol=1e-5)


def test_where_nothing_is_known_the_series_is_zero():
    out = np.empty((40, 3), np.float32)
    fill_missing(frozen(np.full((40, 3), np.nan, np.float32)), frozen(WEIGHTS), out)
    assert (out == 0).all()


def test_the_drift_is_fitted_and_subtracted():
    samples, lines = np.array([0, 3, 9, 20]), np.array([0, 1, 98, 99])
    values = series(0.0)[:4, :4].copy()
    values[2, 1] = np.nan
    line = straight_line(frozen(values), samples, lines, (44, 100))
    assert line == pytest.approx(naive.straight_line(values, samples, lines, (44, 100)))
    whole = np.full((4, 100), 5, np.float32)
    subtract_line(whole, samples, line, (44, 100))
    time = (samples[:, None] + 44 * np.arange(100)) / 4400 - 0.5
    np.testing.assert_allclose(whole, 5 - (line[0] + line[1] * time), rtol=1e-5)
    assert straight_line(
        frozen(np.full((4, 4), np.nan, np.float32)), samples, lines, (44, 100)
    ) == (
        0,
        0,
    )


@pytest.mark.parametrize("backwards", [False, True])
def test_rows_are_moved_less_their_model(backwards):
    frame, model = series(0.0)[:6], series(0.0, seed=2)[:3]
    rows, targets = np.array([5, 0, 2]), np.array([1, 0, 2])
    out = np.zeros((3, 7), np.float32)
    subtract_model(frame, rows, model, backwards, out, targets)
    stored = model[:, ::-1] if backwards else model
    np.testing.assert_array_equal(out[targets], frame[rows] - stored)
