"""The drizzle kernel is its naive twin, in any part of the output, and leaves bad pixels out."""

import numpy as np
import pytest
from tests.naive import drizzle as naive

from webbcal.kernels import drizzle as kernels

SHAPE = (9, 80)  # two tiles of drops in each row


def bent(scale=1.0, angle=3.0, parity=1.0, shape=SHAPE, margin=3.0):
    """Return positions on an output that holds them all, and the shape of that."""
    y, x = np.indices(shape, float)
    a = np.deg2rad(angle)
    u, v = x + 2e-3 * x * y + 1e-3 * y**2, y + 1e-3 * x * y - 2e-4 * x**2
    positions = scale * np.stack(
        [parity * (np.cos(a) * u - np.sin(a) * v), np.sin(a) * u + np.cos(a) * v], axis=-1
    )
    positions += margin - positions.min(axis=(0, 1))
    return positions, tuple(int(n) + int(2 * margin) for n in positions.max(axis=(0, 1))[::-1])


def inputs(seed=3, shape=SHAPE):
    rng = np.random.default_rng(seed)
    sci = rng.normal(5.0, 2.0, shape).astype(np.float32)
    weight = rng.uniform(0.5, 2.0, shape).astype(np.float32)
    bad = rng.random(shape) < 0.05
    sci[bad], weight[bad] = np.nan, 0.0
    return sci, weight


def run(positions, inner, sci, weight, output, rows=None, pixfrac=1.0, scale=1.0):
    first, stop = rows or (0, output[0])
    totals = np.zeros((stop - first, output[1], 2))
    context = np.zeros(totals.shape[:2], np.int32)
    shape = (kernels.SQUARE, scale, pixfrac, 12)
    missed = kernels.drizzle(
        positions, inner, sci, weight, shape, first, totals, context, np.int32(4)
    )
    assert missed == 0
    return totals, context


@pytest.mark.parametrize(
    ("scale", "angle", "parity"),
    [(1.0, 0.0, 1.0), (1.0, 3.0, -1.0), (1.0, 40.0, 1.0), (2.3, 3.0, 1.0), (0.4, 90.0, -1.0)],
)
@pytest.mark.parametrize("pixfrac", [1.0, 0.6])
def test_shares_are_areas_of_clipped_polygons(scale, angle, parity, pixfrac):
    positions, output = bent(scale, angle, parity)
    sci, weight = inputs()
    totals, context = run(
        positions, (0, *SHAPE[:1], 0, SHAPE[1]), sci, weight, output, None, pixfrac, scale
    )
    total, weights = naive.drizzle(positions, sci, weight, pixfrac, output)
    np.testing.assert_allclose(totals[..., 0], total, atol=1e-7)
    np.testing.assert_allclose(totals[..., 1], weights, atol=1e-7)
    np.testing.assert_array_equal(context != 0, totals[..., 1] != 0)
    assert totals[..., 1].sum() == pytest.approx(weight.sum(dtype=float), rel=1e-6)


def test_drops_on_the_grid_itself_stay_whole():
    y, x = np.indices(SHAPE, float)
    sci, weight = inputs()
    totals, _ = run(np.stack([x, y], -1), (0, SHAPE[0], 0, SHAPE[1]), sci, weight, SHAPE)
    np.testing.assert_array_equal(totals[..., 1], weight)
    good = weight > 0
    np.testing.assert_allclose(totals[good, 0] / totals[good, 1], sci[good], rtol=1e-12)


def test_parts_give_the_same_bits():
    positions, output = bent(1.3, 12.0)
    sci, weight = inputs()
    whole, _ = run(positions, (0, SHAPE[0], 0, SHAPE[1]), sci, weight, output, None, 0.9, 1.3)
    rows, _ = run(positions, (0, SHAPE[0], 0, SHAPE[1]), sci, weight, output, (7, 15), 0.9, 1.3)
    np.testing.assert_array_equal(rows, whole[7:15])
    # The columns of the input in two parts, with a margin of one pixel, as tiles that begin
    # elsewhere.
    totals = np.zeros_like(whole)
    none = np.zeros((0, 0), np.int32)
    for y in range(SHAPE[0]):
        up, down = max(y - 1, 0), min(y + 2, SHAPE[0])
        for left, right in ((0, 37), (37, 80)):
            lo, hi = max(left - 1, 0), min(right + 1, 80)
            kernels.drizzle(
                np.ascontiguousarray(positions[up:down, lo:hi]),
                (y - up, y - up + 1, left - lo, right - lo),
                sci[y : y + 1, left:right],
                weight[y : y + 1, left:right],
                (kernels.SQUARE, 1.3, 0.9, 12),
                0,
                totals,
                none,
                np.int32(1),
            )
    np.testing.assert_array_equal(totals, whole)


def test_drops_beyond_the_output_are_cut():
    positions, output = bent()
    sci, weight = inputs()
    inner = (0, SHAPE[0], 0, SHAPE[1])
    whole, _ = run(positions, inner, sci, weight, output)
    cut, _ = run(positions - [20.0, 5.0], inner, sci, weight, (output[0] - 9, output[1] - 30))
    np.testing.assert_allclose(cut, whole[5:-4, 20:-10], atol=1e-12)


def test_drops_that_are_too_large_are_told():
    positions, output = bent(9.0)
    sci, weight = inputs()
    totals = np.zeros((*output, 2))
    missed = kernels.drizzle(
        positions,
        (0, SHAPE[0], 0, SHAPE[1]),
        sci,
        weight,
        (kernels.SQUARE, 9.0, 1.0, 4),
        0,
        totals,
        np.zeros((0, 0), np.int32),
        np.int32(1),
    )
    assert missed == sci.size
    assert not totals.any()


def test_round_drops_sum_to_one_where_they_must():
    positions, output = bent(2.0, 10.0, margin=20.0)
    sci, weight = inputs()
    for kind, tolerance in (
        (kernels.POINT, 1e-12),
        (kernels.TURBO, 1e-6),
        (kernels.GAUSSIAN, 1e-2),
        (kernels.LANCZOS3, 1e-2),
    ):
        totals = np.zeros((*output, 2))
        kernels.drizzle(
            positions,
            (0, SHAPE[0], 0, SHAPE[1]),
            sci,
            weight,
            (kind, 2.0, 1.0, 20),
            0,
            totals,
            np.zeros((0, 0), np.int32),
            np.int32(1),
        )
        assert totals[..., 1].sum() == pytest.approx(weight.sum(dtype=float), rel=tolerance)
