"""Footprints of mosaics: the union of the footprints of images, as polygons.

Polygons are arrays with axes (corner, coordinate) in pixels of the mosaic, whose corners go round
against the clock. Great circles are straight lines in the tangent plane.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

CLOSE = 1e-4  # pixels, below which points are the same


def counterclockwise(polygon: np.ndarray) -> np.ndarray:
    """Return a polygon with its corners in the order against the clock."""
    return polygon if signed_area(polygon) >= 0 else polygon[::-1]


def signed_area(polygon: np.ndarray) -> float:
    """Return the area of a polygon, negative where its corners go round with the clock."""
    x, y = (polygon - polygon[0]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2.0)


def cut(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray | None:
    """Return the part of a convex polygon on a grid of rows and columns, None if there is none.

    Source: Sutherland and Hodgman 1974.
    """
    rows, columns = shape
    # Inside is where normal . point >= limit.
    for normal, limit in (
        ((1.0, 0.0), -0.5),
        ((-1.0, 0.0), 0.5 - columns),
        ((0.0, 1.0), -0.5),
        ((0.0, -1.0), 0.5 - rows),
    ):
        height = polygon @ np.array(normal) - limit
        kept = []
        for i in range(len(polygon)):
            k = (i + 1) % len(polygon)
            if height[i] >= 0:
                kept.append(polygon[i])
            if (height[i] >= 0) != (height[k] >= 0):
                part = height[i] / (height[i] - height[k])
                kept.append(polygon[i] + part * (polygon[k] - polygon[i]))
        if len(kept) < 3:
            return None
        polygon = np.array(kept)
    return polygon if signed_area(polygon) > CLOSE else None


def union(polygons: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the outer borders of the union of convex polygons, the largest first.

    Edges are split where they cross others; the pieces that lie in no other polygon are the
    border, and are put together to loops. Holes are filled.

    Source: de Berg et al. 2008, section 2.3 (overlay of subdivisions).
    """
    pieces = []
    starts = np.concatenate(list(polygons))
    ends = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    owners = np.repeat(np.arange(len(polygons)), [len(polygon) for polygon in polygons])
    for start, end, owner in zip(starts, ends, owners, strict=True):
        if np.hypot(*(end - start)) < CLOSE:
            continue
        places = _crossings(start, end, starts, ends)
        for a, b in pairwise(places.tolist()):
            middle = start + 0.5 * (a + b) * (end - start)
            if _is_border(middle, end - start, int(owner), starts, ends, owners):
                pieces.append((start + a * (end - start), start + b * (end - start)))
    loops = [loop for loop in _loops(pieces) if signed_area(loop) > CLOSE]
    return sorted(loops, key=signed_area, reverse=True)


def _crossings(
    start: np.ndarray, end: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Return where along an edge, from 0 to 1, others cross it or end on it, in order."""
    along = end - start
    length = np.hypot(*along)
    others = ends - starts
    cross = along[0] * others[:, 1] - along[1] * others[:, 0]
    gap = starts - start
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[:, 0] * others[:, 1] - gap[:, 1] * others[:, 0]) / cross
        u = (gap[:, 0] * along[1] - gap[:, 1] * along[0]) / cross
    slack = CLOSE / np.maximum(np.hypot(*others.T), CLOSE)
    found = list(t[(u >= -slack) & (u <= 1 + slack)])
    # Corners of others on the edge: of parallel edges too.
    aside = (gap[:, 0] * along[1] - gap[:, 1] * along[0]) / length
    found += list((gap @ along)[np.abs(aside) < CLOSE] / length**2)
    least = CLOSE / length
    places = [0.0]
    for place in sorted(value for value in found if least < value < 1 - least):
        if place - places[-1] > least:
            places.append(float(place))
    return np.array([*places, 1.0])


def _is_border(
    point: np.ndarray,
    along: np.ndarray,
    owner: int,
    starts: np.ndarray,
    ends: np.ndarray,
    owners: np.ndarray,
) -> bool:
    """Tell whether a point on an edge of a polygon lies in no other one.

    Of edges that lie on each other in the same direction the first counts, of those in opposite
    directions none: there two polygons touch.
    """
    others = ends - starts
    lengths = np.maximum(np.hypot(*others.T), 1e-300)
    gap = point - starts
    height = (others[:, 0] * gap[:, 1] - others[:, 1] * gap[:, 0]) / lengths
    height[np.hypot(*others.T) < CLOSE] = np.inf
    depth = np.full(owners.max() + 1, np.inf)
    np.minimum.at(depth, owners, height)
    depth[owner] = -np.inf
    if (depth > CLOSE).any():
        return False
    for other in np.flatnonzero(np.abs(depth) <= CLOSE):
        edge = np.flatnonzero((owners == other) & (np.abs(height) <= CLOSE))[0]
        same = others[edge] @ along > 0
        if not same or other < owner:
            return False
    return True


def _loops(pieces: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """Put pieces together, end to start; corners on a straight line are left out."""
    loops = []
    starts = np.array([piece[0] for piece in pieces]).reshape(-1, 2)
    free = np.ones(len(pieces), bool)
    while free.any():
        current = int(np.flatnonzero(free)[0])
        loop = []
        while True:
            free[current] = False
            loop.append(pieces[current][0])
            distance = np.hypot(*(starts - pieces[current][1]).T)
            distance[~free] = np.inf
            following = int(distance.argmin())
            if not distance[following] < 10 * CLOSE:
                break
            current = following
        if len(loop) > 2:
            loops.append(_corners(np.array(loop)))
    return [loop for loop in loops if len(loop) > 2]


def _corners(loop: np.ndarray) -> np.ndarray:
    """Return the points of a loop where its direction changes."""
    before, after = loop - np.roll(loop, 1, axis=0), np.roll(loop, -1, axis=0) - loop
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns: np.ndarray = np.abs(cross) > CLOSE * (np.hypot(*before.T) + np.hypot(*after.T))
    return np.asarray(loop[turns])
