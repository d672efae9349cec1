"""Properties of the segments of an image, in two passes over it."""

import math

import numpy as np

from webbcal.kernels._jit import entry, part

MOMENTS = 6
"""Sums of f, f x, f y, f x x, f x y, f y y."""


@entry
def segment_boxes(labels, count):
    """Return first and last row and column of each segment, and its number of pixels.

    Parameters
    ----------
    labels : int32 (y, x)
        0 for none, sources from 1.
    count : int
        Largest label.

    Returns
    -------
    int64 (source, 5)
        First row, last row, first column, last column, pixels; label 1 first.
    """
    boxes = np.zeros((count, 5), np.int64)
    boxes[:, 0] = labels.shape[0]
    boxes[:, 2] = labels.shape[1]
    boxes[:, 1] = -1
    boxes[:, 3] = -1
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            if labels[y, x] > 0:
                box = boxes[labels[y, x] - 1]
                box[0] = min(box[0], y)
                box[1] = y
                box[2] = min(box[2], x)
                box[3] = max(box[3], x)
                box[4] += 1
    return boxes


@entry
def segment_sums(labels, boxes, shape, sci, level, err):
    """Return the moments of each segment, and the sum of its values with its variance.

    Parameters
    ----------
    labels : int32 (y, x)
        Sources.
    boxes : int64 (source, 5)
        From `segment_boxes`.
    shape : float32 (y, x)
        Image that gives the moments; negative and unknown values count as 0.
    sci, level, err : float32 (y, x)
        Image that is summed, the background that is taken off, and errors; unknown values are
        left out.

    Returns
    -------
    moments : float64 (source, 6)
        Sums of f, f x, f y, f x x, f x y, f y y, with x and y from the corner of the box.
    sums : float64 (source, 2)
        Sum and variance.
    """
    count = boxes.shape[0]
    moments, sums = np.zeros((count, MOMENTS)), np.zeros((count, 2))
    for k in range(count):
        first_y, last_y, first_x, last_x = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3]
        m, s = moments[k], sums[k]
        for y in range(first_y, last_y + 1):
            for x in range(first_x, last_x + 1):
                if labels[y, x] != k + 1:
                    continue
                value = np.float64(sci[y, x]) - np.float64(level[y, x])
                error = np.float64(err[y, x])
                if math.isfinite(value) and math.isfinite(error):
                    s[0] += value
                    s[1] += error * error
                f = np.float64(shape[y, x])
                if f > 0.0 and math.isfinite(f):
                    u, v = np.float64(x - first_x), np.float64(y - first_y)
                    m[0] += f
                    m[1] += f * u
                    m[2] += f * v
                    m[3] += f * u * u
                    m[4] += f * u * v
                    m[5] += f * v * v
    return moments, sums


@entry
def peaks(labels, boxes, image):
    """Return column and row of the largest value of each segment; the first of equal ones."""
    places = np.zeros((boxes.shape[0], 2), np.int64)
    for k in range(boxes.shape[0]):
        best = -np.inf
        for y in range(boxes[k, 0], boxes[k, 1] + 1):
            for x in range(boxes[k, 2], boxes[k, 3] + 1):
                if labels[y, x] == k + 1 and image[y, x] > best:
                    best = image[y, x]
                    places[k, 0], places[k, 1] = x, y
    return places


@entry
def point_statistics(image, places, profile, mask):
    r"""Return how much a source differs from a point, as DAOFIND tells it.

    With H the image convolved with `profile`, at the pixel of a source,

    * sharpness: (value - mean of the other pixels that the profile covers) / H;
    * roundness: twice the sum of H in two opposite quadrants about the pixel less that in the
      other two, over the sum of its amounts: 0 for what looks the same after a quarter turn.

    Parameters
    ----------
    image : float32 (y, x)
        Unknown values and pixels outside count as 0.
    places : int64 (source, 2)
        Column and row.
    profile : float64 (v, u)
        Odd size; sums to 0 within the mask.
    mask : uint8 (v, u)
        Pixels that the profile covers.

    Returns
    -------
    float64 (source, 2)
        Sharpness and roundness; NaN where H is not positive or its sum vanishes.

    Source: P. B. Stetson 1987, PASP 99, 191.
    """
    half = profile.shape[0] // 2
    side = 2 * half + 1
    result = np.full((places.shape[0], 2), np.nan)
    values = np.zeros((2 * side - 1, 2 * side - 1))
    heights = np.zeros((side, side))
    for k in range(places.shape[0]):
        _cut(image, places[k, 0] - 2 * half, places[k, 1] - 2 * half, values)
        for j in range(side):
            for i in range(side):
                heights[j, i] = (profile * values[j : j + side, i : i + side]).sum()
        others, covered = 0.0, 0
        for v in range(side):
            for u in range(side):
                if mask[v, u] != 0 and not (v == half and u == half):
                    others += values[half + v, half + u]
                    covered += 1
        height = heights[half, half]
        if height > 0.0:
            result[k, 0] = (values[2 * half, 2 * half] - others / covered) / height
        result[k, 1] = _asymmetry(heights, half)
    return result


@part
def _cut(image, x0, y0, values):
    """Fill `values` with a part of an image; 0 where that is unknown."""
    for j in range(values.shape[0]):
        for i in range(values.shape[1]):
            y, x = y0 + j, x0 + i
            inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
            known = inside and math.isfinite(image[y, x])
            values[j, i] = image[y, x] if known else 0.0


@part
def _asymmetry(heights, half):
    """Return twice what two quadrants differ from those between them, over the sum."""
    total, turned = 0.0, 0.0
    for v in range(heights.shape[0]):
        for u in range(heights.shape[1]):
            dy, dx = v - half, u - half
            if dx == 0 and dy == 0:
                continue
            total += abs(heights[v, u])
            # Each quadrant has one half of an axis.
            minus = (dx > 0 and dy <= 0) or (dx < 0 and dy >= 0)
            turned += -heights[v, u] if minus else heights[v, u]
    return 2.0 * turned / total if total > 0.0 else np.nan
