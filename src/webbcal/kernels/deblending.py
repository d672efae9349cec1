"""Separate sources whose segments touch: a tree of thresholds, and a watershed."""

import math

import numpy as np

from webbcal.kernels._jit import entry, kernel, part
from webbcal.kernels.regions import root

EXPONENTIAL, LINEAR, SINH = 0, 1, 2
SINH_SCALE = 0.25


@kernel
def thresholds(low, high, count, mode):
    """Return `count` levels between two values, ascending, both excluded."""
    levels = np.empty(count)
    for k in range(count):
        step = (k + 1) / (count + 1)
        if mode == EXPONENTIAL and low > 0.0:
            levels[k] = low * (high / low) ** step
        elif mode == SINH:
            levels[k] = low + (high - low) * math.sinh(step / SINH_SCALE) / math.sinh(
                1.0 / SINH_SCALE
            )
        else:
            levels[k] = low + (high - low) * step
    return levels


@part
def _offsets(width, connectivity):
    if connectivity == 4:
        return np.array([-width, -1, 1, width])
    return np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])


@part
def _by_rank(rank, levels):
    """Return pixels in order of rank, the highest first, and where each rank begins."""
    starts = np.zeros(levels + 2, np.int64)
    for p in range(rank.size):
        if rank[p] > 0:
            starts[levels - rank[p] + 1] += 1
    for k in range(1, levels + 2):
        starts[k] += starts[k - 1]
    ordered, place = np.empty(starts[levels], np.int32), starts.copy()
    for p in range(rank.size):
        if rank[p] > 0:
            ordered[place[levels - rank[p]]] = p
            place[levels - rank[p]] += 1
    return ordered, starts


@part
def _join(parent, area, offsets, pixels):
    """Add pixels to the regions they touch."""
    for p in pixels:
        parent[p], area[p] = p, 1
        for o in offsets:
            if parent[p + o] >= 0:
                a, b = root(parent, p), root(parent, p + o)
                if a != b:
                    if area[a] < area[b]:
                        a, b = b, a
                    parent[b] = a
                    area[a] += area[b]


@part
def _carry_on(parent, held, nodes, alive, level):
    """Follow the regions of the level above; those that meet become one that holds several.

    `nodes`: seed, lowest level, and whether it stands alone, of every region so far, and how many
    there are; `alive`: those that go on, and how many. On return `held` is 1 for their roots.
    """
    seeds, seed_levels, alone, count = nodes
    open_nodes, living = alive
    for n in range(living):
        held[root(parent, seeds[open_nodes[n]])] += 1
    kept = 0
    for n in range(living):
        node = open_nodes[n]
        r = root(parent, seeds[node])
        if held[r] == 1:
            if alone[node] == 1:
                seed_levels[node] = level
            open_nodes[kept] = node
            kept += 1
        elif held[r] > 1:
            open_nodes[kept] = count
            kept += 1
            seeds[count] = seeds[node]
            count += 1
            held[r] = -1
    for n in range(kept):
        held[root(parent, seeds[open_nodes[n]])] = 1
    return count, kept


@part
def _peaks(rank, offsets, levels, npixels):
    """Return a pixel and the lowest level of each region that stands alone.

    `rank` (pixel of a padded frame): how many levels the pixel exceeds; -1 outside the source.
    """
    ordered, starts = _by_rank(rank, levels)
    parent = np.full(rank.size, -1, np.int32)
    area = np.zeros(rank.size, np.int32)
    held = np.zeros(rank.size, np.int32)
    limit = 2 * (ordered.size // max(npixels, 1) + 2)
    seeds, seed_levels = np.zeros(limit, np.int64), np.zeros(limit, np.int64)
    alone, open_nodes = np.zeros(limit, np.uint8), np.zeros(limit, np.int64)
    count, living = 0, 0
    for level in range(levels, 0, -1):
        pixels = ordered[starts[levels - level] : starts[levels - level + 1]]
        _join(parent, area, offsets, pixels)
        nodes = (seeds, seed_levels, alone, count)
        count, living = _carry_on(parent, held, nodes, (open_nodes, living), level)
        for p in pixels:
            r = root(parent, p)
            if area[r] >= npixels and held[r] == 0:
                seeds[count], seed_levels[count], alone[count] = p, level, 1
                open_nodes[living] = count
                held[r] = 1
                living += 1
                count += 1
        for n in range(living):
            held[root(parent, seeds[open_nodes[n]])] = 0
    found = 0
    for node in range(count):
        if alone[node] == 1:
            seeds[found], seed_levels[found] = seeds[node], seed_levels[node]
            found += 1
    return seeds[:found], seed_levels[:found]


@part
def _push(heap, keys, size, p):
    """Add a pixel to a heap with the largest key on top; of equal ones, the first pixel."""
    k = size
    while k > 0:
        up = (k - 1) // 2
        other = heap[up]
        if keys[other] > keys[p] or (keys[other] == keys[p] and other < p):
            break
        heap[k] = other
        k = up
    heap[k] = p


@part
def _pop(heap, keys, size):
    """Take the top pixel from a heap."""
    top, p = heap[0], heap[size - 1]
    size -= 1
    k = 0
    while 2 * k + 1 < size:
        down = 2 * k + 1
        a = heap[down]
        if down + 1 < size:
            b = heap[down + 1]
            if keys[b] > keys[a] or (keys[b] == keys[a] and b < a):
                down, a = down + 1, b
        if keys[p] > keys[a] or (keys[p] == keys[a] and p < a):
            break
        heap[k] = a
        k = down
    heap[k] = p
    return top


@part
def _flood(values, inside, marks, offsets, heap, size):
    """Extend marks downhill from the pixels on the heap, in place."""
    while size > 0:
        p = _pop(heap, values, size)
        size -= 1
        for o in offsets:
            q = p + o
            if inside[q] == 1 and marks[q] == 0:
                marks[q] = marks[p]
                _push(heap, values, size, q)
                size += 1


@part
def _region(rank, offsets, seed, level, mark, marks, stack):
    """Mark the connected pixels about a seed that reach a level; return how many they are."""
    stack[0], size, count = seed, 1, 1
    marks[seed] = mark
    while size > 0:
        size -= 1
        p = stack[size]
        for o in offsets:
            q = p + o
            if rank[q] >= level and marks[q] == 0:
                marks[q] = mark
                stack[size] = q
                size += 1
                count += 1
    return count


@part
def _give_up(values, inside, marks, offsets, seed, light, stack):
    """Hand the pixels of the source at a seed to those about it, and its light with them."""
    mark = marks[seed]
    stack[0], count, seen = seed, 1, 0
    marks[seed] = 0
    while seen < count:
        p = stack[seen]
        seen += 1
        for o in offsets:
            if marks[p + o] == mark:
                marks[p + o] = 0
                stack[count] = p + o
                count += 1
    heap, size = np.empty(count * (offsets.size + 1), np.int32), 0
    for n in range(count):
        for o in offsets:
            if marks[stack[n] + o] > 0:
                _push(heap, values, size, stack[n] + o)
                size += 1
    _flood(values, inside, marks, offsets, heap, size)
    for n in range(count):
        light[marks[stack[n]] - 1] += values[stack[n]]
    light[mark - 1] = np.inf


@part
def _framed(image, labels, label, box):
    """Return the pixels of a segment in a frame with a border, and which of those they are."""
    width = box[3] - box[2] + 3
    size = (box[1] - box[0] + 3) * width
    values, inside = np.full(size, -np.inf, np.float32), np.zeros(size, np.uint8)
    for y in range(box[0], box[1] + 1):
        for x in range(box[2], box[3] + 1):
            if labels[y, x] == label:
                p = (y - box[0] + 1) * width + x - box[2] + 1
                values[p], inside[p] = image[y, x], 1
    return values, inside


@part
def _ranked(values, inside, levels, mode):
    """Return how many levels each pixel exceeds, -1 outside the source, and the sum of it."""
    low, high, total = np.inf, -np.inf, 0.0
    for p in range(values.size):
        if inside[p] == 1:
            low, high = min(low, values[p]), max(high, values[p])
            total += values[p]
    rank = np.full(values.size, -1, np.int16)
    bounds = thresholds(np.float64(low), np.float64(high), levels, mode)
    for p in range(values.size):
        if inside[p] == 1:
            rank[p] = np.searchsorted(bounds, values[p])
    return rank, total


@part
def _light(values, marks, count):
    """Return the sum of the values of each mark."""
    light = np.zeros(count)
    for p in range(values.size):
        if marks[p] > 0:
            light[marks[p] - 1] += values[p]
    return light


@part
def _numbered(marks, height, width):
    """Return the marks of a padded frame on the box, numbered in order of appearance."""
    result = np.zeros((height - 2, width - 2), np.int32)
    numbers, number = np.zeros(marks.max() + 1, np.int32), 0
    for y in range(height - 2):
        for x in range(width - 2):
            mark = marks[(y + 1) * width + x + 1]
            if mark > 0:
                if numbers[mark] == 0:
                    number += 1
                    numbers[mark] = number
                result[y, x] = numbers[mark]
    return result


@entry
def deblend(image, labels, label, box, rules, contrast):
    """Return which part of a segment belongs to which of the sources in it.

    Of regions that are connected above one of the levels and have enough pixels, those are
    sources that separate from one another at a higher level. The pixels between them go to the
    source from which the way there leads downhill. The faintest source below the contrast is
    given up, and its pixels to the others, until there is none.

    Parameters
    ----------
    image : float32 (y, x)
        Positive within the segment for exponential levels.
    labels : int32 (y, x)
        Segments.
    label : int
        The one to look at.
    box : int64 (5)
        From `segment_boxes`.
    rules : int64 (4)
        Least number of pixels of a source; number of levels; `EXPONENTIAL`, `LINEAR` or `SINH`;
        4 or 8: whether pixels touch at corners.
    contrast : float
        Least part of the light of the segment.

    Returns
    -------
    int32 (y, x)
        On the box: 1, 2, ... where there are several sources; 0 elsewhere; no rows if there is
        only one.

    Source: E. Bertin, S. Arnouts 1996, A&AS 117, 393, section 6 (thresholds, contrast); L. Vincent
    and P. Soille 1991, IEEE Transactions on Pattern Analysis and Machine Intelligence 13, 583
    (watershed).
    """
    npixels, levels, mode, connectivity = rules[0], rules[1], rules[2], rules[3]
    height, width = box[1] - box[0] + 3, box[3] - box[2] + 3  # a border of one pixel
    values, inside = _framed(image, labels, label, box)
    nothing = np.zeros((0, 0), np.int32)
    rank, total = _ranked(values, inside, levels, mode)
    offsets = _offsets(width, connectivity)
    seeds, seed_levels = _peaks(rank, offsets, levels, npixels)
    if seeds.size < 2:
        return nothing
    marks = np.zeros(values.size, np.int32)
    stack = np.empty(values.size, np.int32)
    for n in range(seeds.size):
        _region(rank, offsets, seeds[n], seed_levels[n], n + 1, marks, stack)
    size = 0
    for p in range(values.size):
        if marks[p] > 0:
            _push(stack, values, size, p)
            size += 1
    _flood(values, inside, marks, offsets, stack, size)
    light = _light(values, marks, seeds.size)
    for _ in range(seeds.size - 1):
        faintest = np.argmin(light)
        if light[faintest] >= contrast * total:
            return _numbered(marks, height, width)
        _give_up(values, inside, marks, offsets, seeds[faintest], light, stack)
    return nothing


@entry
def flood_from(image, usable, seeds, connectivity):
    """Return which of several sources each usable pixel belongs to, downhill from their places.

    Parameters
    ----------
    image : float32 (y, x)
        Finite.
    usable : uint8 (y, x)
        0 for pixels of no source; the outermost ones count as such.
    seeds : int64 (source, 2)
        Column and row. A place belongs to its source even where it is not usable.
    connectivity : int
        4 or 8.

    Returns
    -------
    int32 (y, x)
        From 1; 0 for what no source reaches. Of two sources at one place, the first has it.

    Source: L. Vincent and P. Soille 1991, IEEE Transactions on Pattern Analysis and Machine
    Intelligence 13, 583 (watershed).
    """
    height, width = image.shape
    values, inside = image.reshape(-1), np.zeros(image.size, np.uint8)
    count = seeds.shape[0]
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            inside[y * width + x] = usable[y, x] != 0
            count += usable[y, x] != 0
    marks, heap = np.zeros(image.size, np.int32), np.empty(count, np.int32)
    size = 0
    for k in range(seeds.shape[0]):
        x, y = min(max(seeds[k, 0], 0), width - 1), min(max(seeds[k, 1], 0), height - 1)
        p = y * width + x
        if marks[p] == 0:
            marks[p] = k + 1
            if 0 < x < width - 1 and 0 < y < height - 1:
                _push(heap, values, size, p)
                size += 1
    _flood(values, inside, marks, _offsets(width, connectivity), heap, size)
    return marks.reshape((height, width))
