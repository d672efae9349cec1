r"""Drizzle: spread the pixels of images over the pixels of another grid.

An input pixel k, shrunk to a drop, puts the share :math:`a_{ki}` of itself into the output pixel
i. With the weight :math:`w_k` and the value :math:`d_k`

.. math:: W_i = \sum_k a_{ki} w_k, \qquad I_i = \sum_k c_{ki} d_k, \qquad
          c_{ki} = a_{ki} w_k / W_i .

Output pixel i covers i - 0.5 to i + 0.5. All sums are in float64 and in the order of the calls,
then of the rows and columns of the input; which rows of the output an array holds changes no bit.

Source: Fruchter and Hook 2002, sections 2 and 3.
"""

import numpy as np

from webbcal.kernels._jit import kernel, part

SQUARE, POINT, TURBO, GAUSSIAN, LANCZOS2, LANCZOS3 = range(6)

LEAST = 1e-9
"""Share of a drop below which a pixel gets none of it: a hundred times what rounding leaves in
pixels that a drop does not touch, at positions up to 10 000."""

TILE = 64  # drops that are spread together

REACH_OF_GAUSSIAN = 2.5  # in units of its full width at half maximum
FWHM = 2.3548200450309493  # full width at half maximum of a Gaussian, in sigma


@part
def _borders(positions, y, start, stop, half, lines):
    """Find x and y at the lower and upper border of the drops of one row of the input.

    `lines` has axes (lower x, lower y, upper x, upper y; column), with one more column on
    either side of `start` to `stop`. Beyond the last row or column of `positions` the line
    through the last two goes on.
    """
    rows, columns, _ = positions.shape
    here = positions[y]
    for side in range(2):
        beyond = (y + 1 == rows) if side == 1 else (y == 0)
        upwards = (side == 1) != beyond
        other = positions[y + 1] if upwards else positions[y - 1]
        step = -half if beyond else half
        for c in range(2):
            line = lines[2 * side + c]
            for x in range(max(start - 1, 0), min(stop + 1, columns)):
                line[x - start + 1] = here[x, c] + step * (other[x, c] - here[x, c])
            last = stop - start + 1
            if start == 0:
                line[0] = 2.0 * line[1] - line[2]
            if stop == columns:
                line[last] = 2.0 * line[last - 1] - line[last - 2]


@part
def _corners(lines, start, count, half, corners, box):
    """Find the corners of drops, counted from the corner of the box of pixels each may touch.

    `corners` has axes (corner, coordinate, drop): the four go round the drop. `box` has axes
    (first column, first row; drop). Returns the largest width and height of all boxes. Half a
    pixel is added to positions, so that pixel i covers i to i + 1.
    """
    on = 1.0 - half
    for corner in range(4):
        upper = 2 if corner >= 2 else 0
        aside = 1 if corner in (1, 2) else -1
        for c in range(2):
            line = lines[upper + c]
            values = corners[corner, c]
            for i in range(count):
                values[i] = 0.5 + on * line[start + i] + half * line[start + i + aside]
    sizes = [0.0, 0.0]
    for c in range(2):
        p, q, r, s = corners[0, c], corners[1, c], corners[2, c], corners[3, c]
        low, high = box[c], box[2 + c]
        for i in range(count):
            a = p[i] if p[i] < q[i] else q[i]
            b = r[i] if r[i] < s[i] else s[i]
            low[i] = np.floor(a if a < b else b)
        for i in range(count):
            a = p[i] if p[i] > q[i] else q[i]
            b = r[i] if r[i] > s[i] else s[i]
            high[i] = np.floor(a if a > b else b) - low[i]
        for corner in range(4):
            values = corners[corner, c]
            for i in range(count):
                values[i] -= low[i]
        size = 0.0
        for i in range(count):
            size = high[i] if high[i] > size else size
        sizes[c] = size
    return int(sizes[0]) + 1, int(sizes[1]) + 1


@part
def _overlaps(corners, count, width, height, edge, shares):
    r"""Find the exact overlap of drops with the pixels of their boxes, in parts of the drop.

    The area of a polygon to the left of a line x = X within a row of pixels is

    .. math:: A(X) = \oint \min(x, X) \, dy

    along the pieces of its edges in the row; a pixel has the difference between its two lines.

    Parameters
    ----------
    corners : float64 (corner, coordinate, drop)
        From the corner of the box.
    edge : float64 (8, drop)
        Room for what belongs to one edge and row.
    shares : float64 (row, column, drop)
        Filled.
    """
    slope, inverse, low, high, rise, area, start, end = edge
    for r in range(height):
        for c in range(width):
            for i in range(count):
                shares[r, c, i] = 0.0
    for i in range(count):
        area[i] = 0.0
    # Each of the loops that follow touches few arrays: only such loops become vector loops.
    for e in range(4):
        x0, y0 = corners[e]
        x1, y1 = corners[(e + 1) % 4]
        for i in range(count):
            area[i] += 0.5 * (x0[i] + x1[i]) * (y1[i] - y0[i])
        for i in range(count):
            dx, dy = x1[i] - x0[i], y1[i] - y0[i]
            slope[i] = dx / dy if dy != 0.0 else 0.0
        for i in range(count):
            dx, dy = x1[i] - x0[i], y1[i] - y0[i]
            inverse[i] = abs(dy / dx) if dx != 0.0 else 0.0
        for r in range(height):
            bottom, top = float(r), r + 1.0
            # The ends of the piece of the edge in this row; elsewhere both are the same.
            for i in range(count):
                y = y0[i] if y0[i] > bottom else bottom
                start[i] = y if y < top else top
            for i in range(count):
                y = y1[i] if y1[i] > bottom else bottom
                end[i] = y if y < top else top
            for i in range(count):
                rise[i] = end[i] - start[i]
            for i in range(count):
                start[i] = x0[i] + slope[i] * (start[i] - y0[i])
            for i in range(count):
                end[i] = x0[i] + slope[i] * (end[i] - y0[i])
            for i in range(count):
                low[i] = start[i] if start[i] < end[i] else end[i]
            for i in range(count):
                high[i] = end[i] if start[i] < end[i] else start[i]
            for c in range(width - 1):
                line = c + 1.0
                share = shares[r, c]
                for i in range(count):
                    a = low[i] if low[i] < line else line
                    b = high[i] if high[i] < line else line
                    # How much it rises to the left of the line: all, or the part below.
                    left = inverse[i] * (b - a)
                    left = left if rise[i] > 0.0 else -left
                    left = left if high[i] > line else rise[i]
                    share[i] += line * rise[i] - left * (line - 0.5 * (a + b))
            share = shares[r, width - 1]
            for i in range(count):
                share[i] += 0.5 * (low[i] + high[i]) * rise[i]
    for i in range(count):
        area[i] = 1.0 / area[i] if area[i] != 0.0 else 0.0
    for r in range(height):
        for c in range(width - 1, -1, -1):
            here = shares[r, c]
            if c > 0:
                before = shares[r, c - 1]
                for i in range(count):
                    here[i] -= before[i]
            for i in range(count):
                here[i] *= area[i]


@part
def _profile(kind, u, size, pixfrac):
    """Share of a pixel at the distance `u` along one axis; an input pixel is `size` wide."""
    if kind == TURBO:
        half = 0.5 * size * pixfrac
        return max(min(u + 0.5, half) - max(u - 0.5, -half), 0.0) / (2.0 * half)
    if kind == GAUSSIAN:
        sigma = size * pixfrac / FWHM
        return np.exp(-0.5 * (u / sigma) ** 2) / (np.sqrt(2.0 * np.pi) * sigma)
    n = 2.0 if kind == LANCZOS2 else 3.0
    t = np.pi * u / size
    if abs(t) < 1e-9:
        return 1.0 / size
    if abs(t) >= n * np.pi:
        return 0.0
    return n * np.sin(t) * np.sin(t / n) / (t * t) / size


@part
def _reach(kind, size, pixfrac):
    """How far along an axis a drop reaches beyond its centre, in pixels."""
    if kind == POINT:
        return 0.0
    if kind == TURBO:
        return 0.5 * size * pixfrac
    if kind == GAUSSIAN:
        return REACH_OF_GAUSSIAN * size * pixfrac
    return (2.0 if kind == LANCZOS2 else 3.0) * size


@part
def _round_boxes(x, y, start, count, reach, corners, box):
    """Find the centres of drops, counted from the corner of the box each may touch."""
    sizes = [0.0, 0.0]
    for c in range(2):
        for i in range(count):
            centre = (y[start + i] if c else x[start + i]) + 0.5
            box[c, i] = np.floor(centre - reach)
            corners[0, c, i] = centre - box[c, i]
            size = np.floor(centre + reach) - box[c, i]
            sizes[c] = size if size > sizes[c] else sizes[c]
    return int(sizes[0]) + 1, int(sizes[1]) + 1


@part
def _products(corners, count, width, height, kind, size, pixfrac, shares):
    """Find the shares of pixels in drops that are products of two profiles."""
    for i in range(count):
        for r in range(height):
            along = 1.0
            if kind != POINT:
                along = _profile(kind, r + 0.5 - corners[0, 1, i], size, pixfrac)
            for c in range(width):
                across = 1.0
                if kind != POINT:
                    across = _profile(kind, c + 0.5 - corners[0, 0, i], size, pixfrac)
                shares[r, c, i] = along * across


@part
def _spread(positions, y, start, count, kind, size, pixfrac, lines, room):
    """Find the shares of pixels in the drops of a part of a row of the input.

    `lines` holds the borders of the row (`_borders`), from the column before `start`.
    Returns columns and rows of the largest box; `room` is (corners, box, edge, shares).
    """
    corners, box, edge, shares = room
    if kind == SQUARE:
        width, height = _corners(lines, 1, count, 0.5 * pixfrac, corners, box)
    else:
        reach = _reach(kind, size, pixfrac)
        centres = positions[y]
        width, height = _round_boxes(
            centres[:, 0], centres[:, 1], start, count, reach, corners, box
        )
    if width > shares.shape[1] or height > shares.shape[0]:
        return 0, 0
    if kind == SQUARE:
        _overlaps(corners, count, width, height, edge, shares)
    else:
        _products(corners, count, width, height, kind, size, pixfrac, shares)
    return width, height


@part
def _room(side):
    """Make room for the drops of a tile whose boxes have at most `side` rows and columns."""
    return (
        np.empty((4, 2, TILE)),
        np.empty((4, TILE)),
        np.empty((8, TILE)),
        np.empty((side, side, TILE)),
    )


@kernel
def drizzle(positions, inner, sci, weight, shape, first_row, totals, context, bit):
    """Add pixels of an image to weighted sums.

    Parameters
    ----------
    positions : float64 (y, x, coordinate)
        Where input pixels are in the output, x then y, with a margin of one pixel about those to
        add, except where the image ends; all finite, at least 2 by 2.
    inner : int64 (4)
        First row, behind the last row, first column, behind the last column of the pixels to
        add, in `positions`.
    sci, weight : float32 (y, x)
        Values and weights of the pixels to add; those with a weight of 0 are left out,
        whatever their value.
    shape : tuple (int, float, float, int)
        Kind of drop, width of an input pixel in output pixels, part of that width which the drop
        has, and how many rows or columns of the output one drop can touch at most.
    first_row : int
        Of the output, in the arrays that follow.
    totals : float64 (y, x, 2)
        Sums of weight x value and of the weights.
    context : int32 (y, x)
        Gets `bit` where something was added; no pixels: not wanted.
    bit : int32
        That of the image.

    Returns
    -------
    int
        Drops that are larger than `shape` says, which were left out.
    """
    y0, y1, x0, x1 = inner
    kind, size, pixfrac, side = shape
    rows, columns, _ = totals.shape
    keeps_context = context.size > 0
    lines = np.empty((4, TILE + 2))
    room = _room(side)
    _, box, _, shares = room
    missed = 0
    for y in range(y0, y1):
        for x in range(x0, x1, TILE):
            count = min(TILE, x1 - x)
            if kind == SQUARE:
                _borders(positions, y, x, x + count, 0.5 * pixfrac, lines)
            width, height = _spread(positions, y, x, count, kind, size, pixfrac, lines, room)
            missed += count if width == 0 else 0
            for i in range(count):
                w = float(weight[y - y0, x - x0 + i])
                if w == 0.0:
                    continue
                wd = w * float(sci[y - y0, x - x0 + i])
                left, bottom = int(box[0, i]), int(box[1, i]) - first_row
                for r in range(max(-bottom, 0), min(height, rows - bottom)):
                    for c in range(max(-left, 0), min(width, columns - left)):
                        share = shares[r, c, i]
                        if abs(share) > LEAST:
                            totals[bottom + r, left + c, 0] += share * wd
                            totals[bottom + r, left + c, 1] += share * w
                            if keeps_context:
                                context[bottom + r, left + c] |= bit
    return missed
