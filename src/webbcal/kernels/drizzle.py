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

from webbcal.kernels._jit import entry, inlined, part

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


@inlined
def _lowest(p, q, r, s, count, low):
    for i in range(count):
        a = p[i] if p[i] < q[i] else q[i]
        b = r[i] if r[i] < s[i] else s[i]
        low[i] = np.floor(a if a < b else b)


@inlined
def _highest(p, q, r, s, count, high):
    for i in range(count):
        a = p[i] if p[i] > q[i] else q[i]
        b = r[i] if r[i] > s[i] else s[i]
        high[i] = np.floor(a if a > b else b)


@inlined
def _largest(low, high, count):
    """Return how many pixels the largest of some boxes has."""
    size = 0.0
    for i in range(count):
        size = high[i] - low[i] if high[i] - low[i] > size else size
    return int(size) + 1


@part
def _corners(lines, count, half, corners, box):
    """Find the corners of drops, counted from the corner of the box of pixels each may touch.

    `corners` has axes (corner, coordinate, drop): the four go round the drop. `box` has axes
    (first column, first row, last column, last row; drop). Returns width and height of the
    largest boxes. Half a pixel is added to positions, so that pixel i covers i to i + 1.
    """
    on = 1.0 - half
    for corner in range(4):
        upper = 2 if corner >= 2 else 0
        aside = 2 if corner in (1, 2) else 0
        for c in range(2):
            line = lines[upper + c]
            values = corners[corner, c]
            for i in range(count):
                values[i] = 0.5 + on * line[1 + i] + half * line[aside + i]
    for c in range(2):
        p, q, r, s = corners[0, c], corners[1, c], corners[2, c], corners[3, c]
        _lowest(p, q, r, s, count, box[c])
        _highest(p, q, r, s, count, box[2 + c])
        for corner in range(4):
            _subtract(box[c], count, corners[corner, c])
    return _largest(box[0], box[2], count), _largest(box[1], box[3], count)


# Loops over the drops of a tile that touch few arrays, of unit stride, become vector loops.


@inlined
def _slopes(x0, y0, x1, y1, count, slope, inverse, area):
    """Find dx/dy and |dy/dx| of an edge of each drop, and add the area to its left."""
    for i in range(count):
        area[i] += 0.5 * (x0[i] + x1[i]) * (y1[i] - y0[i])
    for i in range(count):
        dx, dy = x1[i] - x0[i], y1[i] - y0[i]
        slope[i] = dx / dy if dy != 0.0 else 0.0
    for i in range(count):
        dx, dy = x1[i] - x0[i], y1[i] - y0[i]
        inverse[i] = abs(dy / dx) if dx != 0.0 else 0.0


@inlined
def _cut_heights(y, bottom, count, out):
    """Cut heights to a row of pixels."""
    top = bottom + 1.0
    for i in range(count):
        height = y[i] if y[i] > bottom else bottom
        out[i] = height if height < top else top


@inlined
def _pieces(x0, y0, y1, bottom, count, edge):
    """Find the piece of an edge within a row: its lowest and highest x, and its signed height."""
    slope, low, high = edge[0], edge[2], edge[3]
    rise, start, end = edge[4], edge[6], edge[7]
    _cut_heights(y0, bottom, count, start)
    _cut_heights(y1, bottom, count, end)
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


@inlined
def _left_of(line, low, high, rise, inverse, count, share):
    """Add the integral of min(x, line) dy along a piece of an edge."""
    for i in range(count):
        a = low[i] if low[i] < line else line
        b = high[i] if high[i] < line else line
        # How much it rises to the left of the line: all, or a part.
        left = inverse[i] * (b - a)
        left = left if rise[i] > 0.0 else -left
        left = left if high[i] > line else rise[i]
        share[i] += line * rise[i] - left * (line - 0.5 * (a + b))


@inlined
def _all_of(line, low, high, rise, count, share):
    """Do the same where all of the piece is to the left; the same bits."""
    for i in range(count):
        share[i] += line * rise[i] - rise[i] * (line - 0.5 * (low[i] + high[i]))


@inlined
def _clear(values, count):
    for i in range(count):
        values[i] = 0.0


@inlined
def _subtract(before, count, values):
    for i in range(count):
        values[i] -= before[i]


@inlined
def _invert(count, values):
    for i in range(count):
        values[i] = 1.0 / values[i] if values[i] != 0.0 else 0.0


@inlined
def _multiply(factors, count, values):
    for i in range(count):
        values[i] *= factors[i]


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
    slope, inverse, low, high = edge[0], edge[1], edge[2], edge[3]
    rise, area = edge[4], edge[5]
    _clear(area, count)
    for r in range(height):
        for c in range(width):
            _clear(shares[r, c], count)
    for e in range(4):
        x0, y0 = corners[e, 0], corners[e, 1]
        x1, y1 = corners[(e + 1) % 4, 0], corners[(e + 1) % 4, 1]
        _slopes(x0, y0, x1, y1, count, slope, inverse, area)
        for r in range(height):
            _pieces(x0, y0, y1, float(r), count, edge)
            for c in range(width - 1):
                _left_of(c + 1.0, low, high, rise, inverse, count, shares[r, c])
            _all_of(float(width), low, high, rise, count, shares[r, width - 1])
    _invert(count, area)
    for r in range(height):
        for c in range(width - 1, -1, -1):
            if c > 0:
                _subtract(shares[r, c - 1], count, shares[r, c])
            _multiply(area, count, shares[r, c])


@part
def _profile(kind, u, size, pixfrac):
    """Share of a pixel at the distance `u` along one axis; an input pixel is `size` wide."""
    if kind == TURBO:
        half = 0.5 * size * pixfrac
        return max(min(u + 0.5, half) - max(u - 0.5, -half), 0.0) / (2.0 * half)
    if kind == GAUSSIAN:
        sigma = size * pixfrac / FWHM
        return np.exp(-0.5 * (u / sigma) ** 2) / (np.sqrt(2.0 * np.pi) * sigma)
    if kind == POINT:
        return 1.0
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
def _centres(positions, count, reach, corners, box):
    """Find the centres of drops, counted from the corner of the box each may touch."""
    for c in range(2):
        for i in range(count):
            centre = positions[i, c] + 0.5
            box[c, i] = np.floor(centre - reach)
            box[2 + c, i] = np.floor(centre + reach)
            corners[0, c, i] = centre - box[c, i]
    return _largest(box[0], box[2], count), _largest(box[1], box[3], count)


@part
def _products(corners, count, width, height, shape, shares):
    """Find the shares of pixels in drops that are products of two profiles."""
    kind, size, pixfrac, _ = shape
    for i in range(count):
        for r in range(height):
            along = _profile(kind, r + 0.5 - corners[0, 1, i], size, pixfrac)
            for c in range(width):
                across = _profile(kind, c + 0.5 - corners[0, 0, i], size, pixfrac)
                shares[r, c, i] = along * across


@part
def _spread(positions, y, start, count, shape, room):
    """Find the shares of pixels in the drops of a part of a row of the input.

    Returns columns and rows of the largest box, 0 if it is larger than the room, which is
    (corners, box, edge, lines, shares).
    """
    kind, size, pixfrac, side = shape
    corners, box, edge, lines, shares = room
    if kind == SQUARE:
        _borders(positions, y, start, start + count, 0.5 * pixfrac, lines)
        width, height = _corners(lines, count, 0.5 * pixfrac, corners, box)
    else:
        reach = _reach(kind, size, pixfrac)
        width, height = _centres(positions[y, start:], count, reach, corners, box)
    if width > side or height > side:
        return 0, 0
    if kind == SQUARE:
        _overlaps(corners, count, width, height, edge, shares)
    else:
        _products(corners, count, width, height, shape, shares)
    return width, height


@part
def _room(side):
    """Make room for the drops of a tile whose boxes have at most `side` rows and columns."""
    return (
        np.empty((4, 2, TILE)),
        np.empty((4, TILE)),
        np.empty((8, TILE)),
        np.empty((4, TILE + 2)),
        np.empty((side, side, TILE)),
    )


@entry
def drizzle(  # noqa: PLR0913 (a kernel takes no objects)
    positions, inner, sci, weight, shape, first_row, totals, context, bit
):
    """Add pixels of an image to weighted sums.

    Parameters
    ----------
    positions : float64 (y, x, coordinate)
        Where input pixels are in the output, x then y, with a margin of one pixel about those to
        add, except where the image ends; all finite, at least 2 by 2.
    inner : tuple of int
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
    rows, columns, _ = totals.shape
    keeps_context = context.size > 0
    room = _room(shape[3])
    box, shares = room[1], room[4]
    missed = 0
    for y in range(y0, y1):
        for x in range(x0, x1, TILE):
            count = min(TILE, x1 - x)
            width, height = _spread(positions, y, x, count, shape, room)
            missed += count if width == 0 else 0
            for i in range(count):
                w = np.float64(weight[y - y0, x - x0 + i])
                if w == 0.0:
                    continue
                wd = w * np.float64(sci[y - y0, x - x0 + i])
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


@entry
def add_variances(  # noqa: PLR0913 (a kernel takes no objects)
    positions, inner, variances, weight, shape, factor, first_row, inverse, start, totals
):
    r"""Add what pixels of an image contribute to the variances of the output.

    With :math:`s_k = \sum_i c_{ki}`, the variance of the sum of all output pixels is
    :math:`\sum_k s_k^2 v_k`. Pixel i gets the part :math:`\sum_k c_{ki} s_k v_k` of it; its own
    variance is :math:`\sum_k c_{ki}^2 v_k`.

    Parameters
    ----------
    positions, inner, weight, shape : as in `drizzle`
        The same as there.
    variances : float32 (3, y, x)
        Of the pixels to add.
    factor : float
        What the parts, not the own variance, are multiplied by.
    first_row : int
        Of the output, in `inverse`.
    inverse : float64 (y, x)
        1 over the sum of the weights, 0 where there is nothing; with all rows that the drops of
        pixels touch which touch a row of `totals`.
    start : int
        First row of `totals` in `inverse`.
    totals : float64 (y, x, 4)
        Sums of the parts of each variance; last, those of the own variance, all three together.
    """
    y0, y1, x0, x1 = inner
    rows, columns = inverse.shape
    stop = start + totals.shape[0]
    room = _room(shape[3])
    box, shares = room[1], room[4]
    for y in range(y0, y1):
        for x in range(x0, x1, TILE):
            count = min(TILE, x1 - x)
            width, height = _spread(positions, y, x, count, shape, room)
            for i in range(count):
                w = np.float64(weight[y - y0, x - x0 + i])
                left, bottom = int(box[0, i]), int(box[1, i]) - first_row
                if w == 0.0 or bottom >= stop or bottom + height <= start:
                    continue
                low, high = max(-left, 0), min(width, columns - left)
                total = 0.0
                for r in range(max(-bottom, 0), min(height, rows - bottom)):
                    for c in range(low, high):
                        share = shares[r, c, i]
                        share *= w * inverse[bottom + r, left + c] if abs(share) > LEAST else 0.0
                        shares[r, c, i] = share
                        total += share
                v0 = np.float64(variances[0, y - y0, x - x0 + i])
                v1 = np.float64(variances[1, y - y0, x - x0 + i])
                v2 = np.float64(variances[2, y - y0, x - x0 + i])
                own = (v0 + v1) + v2
                total *= factor
                v0, v1, v2 = total * v0, total * v1, total * v2
                for r in range(max(start - bottom, 0), min(height, stop - bottom)):
                    row = bottom + r - start
                    for c in range(low, high):
                        share = shares[r, c, i]
                        if share != 0.0:
                            totals[row, left + c, 0] += share * v0
                            totals[row, left + c, 1] += share * v1
                            totals[row, left + c, 2] += share * v2
                            totals[row, left + c, 3] += share * share * own


@entry
def combine_flags(positions, inner, flags, weight, shape, first_row, totals):
    """Collect the flags of the pixels of an image that contribute to each pixel of the output.

    Parameters
    ----------
    positions, inner, weight, shape, first_row : as in `drizzle`
        The same as there.
    flags : uint32 (y, x)
        Of the pixels to add.
    totals : uint32 (y, x)
        Gets the flags.
    """
    y0, y1, x0, x1 = inner
    rows, columns = totals.shape
    room = _room(shape[3])
    box, shares = room[1], room[4]
    for y in range(y0, y1):
        for x in range(x0, x1, TILE):
            count = min(TILE, x1 - x)
            width, height = _spread(positions, y, x, count, shape, room)
            for i in range(count):
                if weight[y - y0, x - x0 + i] == 0.0:
                    continue
                left, bottom = int(box[0, i]), int(box[1, i]) - first_row
                for r in range(max(-bottom, 0), min(height, rows - bottom)):
                    for c in range(max(-left, 0), min(width, columns - left)):
                        if abs(shares[r, c, i]) > LEAST:
                            totals[bottom + r, left + c] |= flags[y - y0, x - x0 + i]
