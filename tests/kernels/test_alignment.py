"""Normal equations against those of all unknowns at once."""

import numpy as np

from webbcal.kernels.alignment import normal_equations

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
