"""Which places of a list are near given ones."""

import numpy as np

from webbcal.kernels._jit import entry, part


@part
def _runs(place, origin, side, down, across, cells, runs):
    """Find the places in the nine cells around one: where each of three runs starts and ends."""
    row = np.floor((place[1] - origin[1]) / side)
    column = np.floor((place[0] - origin[0]) / side)
    left, right = max(column - 1.0, 0.0), min(column + 1.0, across - 1.0)
    for k in range(3):
        y = row + k - 1.0
        runs[k, 0] = runs[k, 1] = 0
        if 0.0 <= y < down and left <= right:
            runs[k, 0] = np.searchsorted(cells, np.int64(y * across + left), "left")
            runs[k, 1] = np.searchsorted(cells, np.int64(y * across + right), "right")


@entry
def count_within(queries, places, cells, grid, reach):
    """Count the places within a distance of others, itself included where it is one of them.

    Parameters
    ----------
    queries : float64 (query, coordinate)
        Around what to look.
    places : float64 (place, coordinate)
        What to look for, in the order of their cells.
    cells : int64 (place)
        Number of the cell of each place, ascending: row times cells in a row plus column.
    grid : tuple (float, float, float, float, float)
        Lower corner of the cells, x then y, their side, which is at least `reach`, and how many
        rows and columns of cells there are.
    reach : float
        The distance; it counts as within.

    Returns
    -------
    int64 (query)
    """
    origin = np.array([grid[0], grid[1]])
    runs = np.empty((3, 2), np.int64)
    counts = np.zeros(len(queries), np.int64)
    for q in range(len(queries)):
        _runs(queries[q], origin, grid[2], grid[3], grid[4], cells, runs)
        for k in range(3):
            for n in range(runs[k, 0], runs[k, 1]):
                x, y = places[n, 0] - queries[q, 0], places[n, 1] - queries[q, 1]
                counts[q] += int(x * x + y * y <= reach * reach)
    return counts


@entry
def list_within(queries, places, cells, grid, reach, numbers, starts, found):
    """List the places within a distance of others; see `count_within`.

    Parameters
    ----------
    queries, places, cells, grid, reach
        As in `count_within`.
    numbers : int64 (place)
        What each place is called.
    starts : int64 (query + 1)
        Where the list of each begins in `found`.
    found : int64
        Filled, for each query in ascending order.
    """
    origin = np.array([grid[0], grid[1]])
    runs = np.empty((3, 2), np.int64)
    for q in range(len(queries)):
        _runs(queries[q], origin, grid[2], grid[3], grid[4], cells, runs)
        m = starts[q]
        for k in range(3):
            for n in range(runs[k, 0], runs[k, 1]):
                x, y = places[n, 0] - queries[q, 0], places[n, 1] - queries[q, 1]
                if x * x + y * y <= reach * reach:
                    found[m] = numbers[n]
                    m += 1
        found[starts[q] : m].sort()


@entry
def nearest(queries, places, numbers, own):
    """Find the nearest place to each of others, the first listed of those as near.

    Parameters
    ----------
    queries : float64 (query, coordinate)
        Around what to look.
    places : float64 (place, coordinate)
        What to look for, at least one, in ascending order of x.
    numbers : int64 (place)
        What each place is called.
    own : bool
        Whether queries and places are the same list: none is its own neighbour.

    Returns
    -------
    tuple of int64, float64 (query)
        Which is the nearest, -1 for none, and how far it is.
    """
    nearest_one = np.full(len(queries), -1, np.int64)
    distance = np.full(len(queries), np.inf)
    for q in range(len(queries)):
        start = np.searchsorted(places[:, 0], queries[q, 0])
        best, which = np.inf, -1
        for side in range(2):
            n = start if side == 0 else start - 1
            while 0 <= n < len(places):
                x, y = places[n, 0] - queries[q, 0], places[n, 1] - queries[q, 1]
                if x * x > best:
                    break
                square = x * x + y * y
                if not (own and numbers[n] == q) and (
                    square < best or (square == best and numbers[n] < which)
                ):
                    best, which = square, numbers[n]
                n += 1 if side == 0 else -1
        nearest_one[q], distance[q] = which, np.sqrt(best)
    return nearest_one, distance
