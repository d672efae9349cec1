"""Neighbours in lists of places in a plane.

SciPy has trees for this; to import it takes longer than to find the neighbours of ten thousand
stars (decision record 0123).
"""

import numpy as np

from webbcal.kernels.arrays import frozen

SMALLEST_SIDE = 1e-6
"""Of a cell, in extents of the list: its number must fit in an int64."""


def counts_within(queries: np.ndarray, places: np.ndarray, reach: float) -> np.ndarray:
    """Return how many places are within a distance of each of others.

    Parameters
    ----------
    queries, places : numpy.ndarray
        float64 (place, coordinate), finite.
    reach : float
        The distance; what is as far counts, and so does the place itself if it is in both lists.

    Returns
    -------
    numpy.ndarray
        int64 (query).
    """
    from webbcal.kernels.neighbours import count_within

    if not (len(places) and len(queries)):
        return np.zeros(len(queries), np.int64)
    _, sorted_places, cells, grid = _in_cells(places, reach)
    return np.asarray(count_within(frozen(queries), sorted_places, cells, grid, float(reach)))


def pairs_within(
    queries: np.ndarray, places: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of a query and a place within a distance of it.

    Parameters
    ----------
    queries, places, reach
        As in `counts_within`.

    Returns
    -------
    tuple of numpy.ndarray
        Numbers of the queries and of the places, int64, in ascending order.
    """
    from webbcal.kernels.neighbours import list_within

    counts = counts_within(queries, places, reach)
    starts = np.concatenate([[0], np.cumsum(counts)])
    found = np.empty(int(starts[-1]), np.int64)
    if found.size:
        order, sorted_places, cells, grid = _in_cells(places, reach)
        list_within(
            frozen(queries),
            sorted_places,
            cells,
            grid,
            float(reach),
            order,
            frozen(starts, np.int64),
            found,
        )
    return np.repeat(np.arange(len(queries)), counts), found


def nearest(
    queries: np.ndarray, places: np.ndarray, own: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return which place is the nearest to each of others, and how far it is.

    Parameters
    ----------
    queries, places : numpy.ndarray
        float64 (place, coordinate), finite.
    own : bool
        Whether both are the same list: no place is then its own neighbour.

    Returns
    -------
    tuple of numpy.ndarray
        int64, -1 where there is none, and float64, infinite there; the first in the list of
        places that are as near.
    """
    from webbcal.kernels.neighbours import nearest as find

    order = np.argsort(places[:, 0], kind="stable")
    number, distance = find(frozen(queries), frozen(places[order]), frozen(order), own)
    return np.asarray(number), np.asarray(distance)


def _in_cells(
    places: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[float, ...]]:
    """Return the order of places by cells, the places and cells in it, and the grid of cells."""
    origin = places.min(axis=0)
    extent = places.max(axis=0) - origin
    # A little larger, so that rounding puts nothing two cells away.
    side = max(reach * (1 + 1e-9), float(extent.max()) * SMALLEST_SIDE) or 1.0
    column, row = np.floor((places - origin) / side).T
    across, down = column.max() + 1, row.max() + 1
    cells = (row * across + column).astype(np.int64)
    order = np.argsort(cells, kind="stable")
    grid = (float(origin[0]), float(origin[1]), side, float(down), float(across))
    return frozen(order), frozen(places[order]), frozen(cells[order]), grid
