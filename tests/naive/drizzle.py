"""Drizzle one pixel at a time, by clipping polygons."""

import numpy as np


def clip(polygon, axis, sign, limit):
    """Return the part of a polygon where sign * coordinate <= sign * limit."""
    kept = []
    for i, point in enumerate(polygon):
        other = polygon[(i + 1) % len(polygon)]
        a, b = sign * (limit - point[axis]), sign * (limit - other[axis])
        if a >= 0:
            kept.append(point)
        if (a >= 0) != (b >= 0):
            kept.append(point + a / (a - b) * (other - point))
    return kept


def area(polygon):
    if len(polygon) < 3:
        return 0.0
    x, y = np.array(polygon).T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def at(positions, y, x):
    """Return the position of a pixel; beyond the border the line through the last two goes on."""
    rows, columns, _ = positions.shape
    if y in (-1, rows):
        inside = 0 if y < 0 else rows - 1
        step = 1 if y < 0 else -1
        return 2 * at(positions, inside, x) - at(positions, inside + step, x)
    if x in (-1, columns):
        inside = 0 if x < 0 else columns - 1
        step = 1 if x < 0 else -1
        return 2 * at(positions, y, inside) - at(positions, y, inside + step)
    return positions[y, x]


def corners(positions, y, x, pixfrac):
    """Return the corners of a drop: bilinear interpolation between four neighbours."""
    d = pixfrac / 2
    found = []
    for j, i in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        found.append(
            (1 - d) ** 2 * at(positions, y, x)
            + d * (1 - d) * (at(positions, y + j, x) + at(positions, y, x + i))
            + d * d * at(positions, y + j, x + i)
        )
    return found


def shares(positions, y, x, pixfrac, shape):
    """Return the part of a drop in each pixel of the output."""
    drop = corners(positions, y, x, pixfrac)
    found = np.zeros(shape)
    low = np.floor(np.min(drop, axis=0) + 0.5).astype(int)
    high = np.floor(np.max(drop, axis=0) + 0.5).astype(int)
    for r in range(max(low[1], 0), min(high[1] + 1, shape[0])):
        for c in range(max(low[0], 0), min(high[0] + 1, shape[1])):
            part = drop
            for axis, sign, limit in (
                (0, 1, c + 0.5),
                (0, -1, c - 0.5),
                (1, 1, r + 0.5),
                (1, -1, r - 0.5),
            ):
                part = clip(part, axis, sign, limit) if part else part
            found[r, c] = area(part)
    return found / area(drop)


def drizzle(positions, sci, weight, pixfrac, shape):
    """Return the sums of weight x value and of the weights."""
    total, weights = np.zeros(shape), np.zeros(shape)
    for y, x in np.ndindex(sci.shape):
        if weight[y, x] != 0:
            share = shares(positions, y, x, pixfrac, shape)
            total += share * weight[y, x] * sci[y, x]
            weights += share * weight[y, x]
    return total, weights
