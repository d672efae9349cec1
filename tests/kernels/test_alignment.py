"""Normal equations against those of all unknowns at once."""

import numpy as np

from webbcal.kernels.alignment import common_variance, normal_equations, residuals

STARS, SIZES = 12, (2, 3, 6, 0)


def field(seed):
    """Return detections in the order of their stars, some without weight."""
    rng = np.random.default_rng(seed)
    seen = rng.random((STARS, len(SIZES))) < 0.7
    star, group = np.nonzero(seen)
    weights = rng.uniform(0.5, 4.0, star.size) * (rng.random(star.size) < 0.85)
    slopes = np.zeros((star.size, 2, max(SIZES)))
    for i, g in enumerate(group):
        slopes[i, :, : SIZES[g]] = rng.normal(size=(2, SIZES[g]))
    return star, group, weights, slopes, rng.normal(size=(star.size, 2))


def test_eliminating_the_stars_changes_neither_parameters_nor_covariance():
    first = np.concatenate([[0], np.cumsum(SIZES)])
    for seed in range(4):
        star, group, weights, slopes, places = field(seed)
        total = np.bincount(star, weights, STARS)
        mean = np.stack([np.bincount(star, weights * places[:, c], STARS) for c in range(2)], 1)
        mean /= np.where(total > 0, total, 1.0)[:, None]
        starts = np.searchsorted(star, np.arange(STARS + 1))
        matrix, right = normal_equations(starts, group, weights, slopes, places - mean[star], first)
        # All unknowns: the parameters, then x and y of each star.
        design = np.zeros((2 * star.size, first[-1] + 2 * STARS))
        for i, (s, g) in enumerate(zip(star, group, strict=True)):
            design[2 * i : 2 * i + 2, first[g] : first[g + 1]] = slopes[i, :, : SIZES[g]]
            design[2 * i, first[-1] + 2 * s] = design[2 * i + 1, first[-1] + 2 * s + 1] = -1.0
        doubled = np.repeat(weights, 2)
        whole = np.linalg.pinv(design.T @ (doubled[:, None] * design))
        solution = -whole @ (design.T @ (doubled * places.reshape(-1)))
        np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12, atol=1e-12)
        covariance = np.linalg.inv(matrix)
        np.testing.assert_allclose(covariance, whole[: first[-1], : first[-1]], rtol=1e-8)
        np.testing.assert_allclose(covariance @ right, solution[: first[-1]], rtol=1e-8)


def test_what_moves_all_groups_alike_changes_nothing():
    star, group, weights, _, places = field(9)
    slopes = np.zeros((star.size, 2, 2))
    slopes[:] = np.eye(2)
    starts = np.searchsorted(star, np.arange(STARS + 1))
    first = 2 * np.arange(len(SIZES) + 1)
    matrix, _ = normal_equations(starts, group, weights, slopes, places, first)
    together = np.tile(np.eye(2), (len(SIZES), 1))
    np.testing.assert_allclose(matrix @ together, 0.0, atol=1e-12)
    assert np.linalg.matrix_rank(matrix) == 2 * (len(SIZES) - 1)


def seen(scatter, seed=3, stars=400):
    """Return detections of stars by four groups; one in ten does not count and is far off."""
    rng = np.random.default_rng(seed)
    star = np.repeat(np.arange(stars), 4)
    variance = rng.uniform(0.5, 2.0, star.size)
    used = rng.random(star.size) > 0.1
    noise = np.sqrt(variance + scatter**2)[:, None] * rng.normal(size=(star.size, 2))
    places = rng.uniform(-50, 50, (stars, 2))[star] + np.where(used[:, None], noise, 90.0)
    return star, places, variance, used


def test_residuals_are_those_to_the_mean_of_the_others():
    star, places, variance, used = seen(0.7, stars=30)
    used[star == 4] = [True, False, False, False]  # alone
    off, expected = residuals(star, 30, places, variance, used, 0.25)
    for i in range(star.size):
        others = used & (star == star[i]) & (np.arange(star.size) != i)
        if not others.any():
            assert star[i] == 4
            assert np.isnan(off[i]).all()
            assert np.isnan(expected[i])
            continue
        weights = 1 / (variance[others] + 0.25)
        mean = np.average(places[others], axis=0, weights=weights)
        np.testing.assert_allclose(off[i], places[i] - mean, rtol=1e-9, atol=1e-11)
        total = variance[i] + 0.25 + 1 / weights.sum()
        np.testing.assert_allclose(expected[i], np.sqrt(total), rtol=1e-12)


def test_the_common_scatter_is_found_whatever_outliers_do():
    median = 2 * np.log(2)
    bounds = (0.01, 100.0)
    for scatter in (0.0, 0.6, 3.0):
        star, places, variance, used = seen(scatter)
        places[::100] += 30.0  # outliers that count, and move the means of others
        found = np.sqrt(common_variance(star, 400, places, variance, used, bounds, 20, median))
        assert abs((found**2 + 1.25) / (scatter**2 + 1.25) - 1) < 0.12  # with 1.25 by the noise
        off, expected = residuals(star, 400, places, variance, used, found**2)
        squares = ((off / expected[:, None]) ** 2).sum(axis=1)[used]
        if scatter:
            assert abs(np.nanmedian(squares) - median) < 0.01


def test_nothing_to_compare_gives_the_smallest_variance():
    star, places, variance, used = seen(1.0, stars=5)
    found = common_variance(star, 5, places, variance, used & (star < 0), (0.04, 9.0), 30, 1.4)
    np.testing.assert_allclose(found, 0.04, rtol=1e-6)
