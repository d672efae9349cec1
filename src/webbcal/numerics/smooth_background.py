"""A smooth surface through the background of an image."""

import numpy as np

LARGEST_BOX = 32
NEIGHBOURS = 2
"""Boxes to either side over whose levels a median is taken: five by five."""

CLIP_SIGMA = 3.0
CLIP_ROUNDS = 5


def box_size(length: int, wanted: int | None = None) -> int:
    """Return the largest divisor of an axis length up to `LARGEST_BOX`, or the size wanted."""
    if wanted is not None:
        return min(wanted, length)
    return max(n for n in range(1, min(LARGEST_BOX, length) + 1) if length % n == 0)


def smooth_background(
    image: np.ndarray, mask: np.ndarray, boxes: tuple[int, int] | None = None
) -> np.ndarray | None:
    """Return a smooth surface through the background of an image.

    The image is divided into boxes; each has the clipped median of its usable pixels as its
    level. The median of five by five levels takes the place of each, and fills boxes without
    any. A cubic spline goes through them, its knots at the centres of the boxes, with the levels
    mirrored at the borders; the surface does not leave the range of the levels.

    Parameters
    ----------
    image : array
        float32, (y, x).
    mask : array
        uint8 or bool, (y, x): 0 or false leaves a pixel out.
    boxes : tuple of int or None
        Size of a box along y and x; None for the largest divisors up to 32.

    Returns
    -------
    array or None
        float32, (y, x); None if no pixel is usable.

    Source: E. Bertin, S. Arnouts 1996, A&AS 117, 393 (background mesh); M. Unser 1999, IEEE
    Signal Processing Magazine 16 (6), 22 (splines).
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.mesh import box_levels, smoothed

    wanted = boxes or (None, None)
    height, width = (box_size(n, w) for n, w in zip(image.shape, wanted, strict=True))
    levels = box_levels(
        frozen(image, np.float32),
        frozen(mask, np.uint8),
        height,
        width,
        0.1,
        CLIP_SIGMA,
        CLIP_ROUNDS,
    )
    if np.isnan(levels).all():
        return None
    while np.isnan(medians := smoothed(levels, NEIGHBOURS)).any():
        levels = np.where(np.isnan(levels), medians, levels)
    return surface_through(medians, image.shape, (height, width))


def surface_through(
    levels: np.ndarray, shape: tuple[int, ...], boxes: tuple[int, int], rows: slice = slice(None)
) -> np.ndarray:
    """Return a cubic spline through levels at the centres of boxes, within their range.

    Parameters
    ----------
    levels : array
        float64, (box y, box x), finite; mirrored at the borders.
    shape : tuple of int
        Rows and columns of the image.
    boxes : tuple of int
        Size of a box along y and x.
    rows : slice
        Which rows of the image to return.

    Returns
    -------
    array
        float32, (y, x).
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.mesh import surface

    down, across = levels.shape
    coefficients = _coefficients(_coefficients(levels).T).T
    first, weights = _knots(shape[0], boxes[0], down)
    values = surface(
        frozen(np.pad(coefficients, 2, mode="symmetric")),
        first[rows],
        np.ascontiguousarray(weights[rows]),
        *_knots(shape[1], boxes[1], across),
    )
    low, high = np.float32(levels.min()), np.float32(levels.max())
    return np.asarray(np.clip(values, low, high))


def _coefficients(levels: np.ndarray) -> np.ndarray:
    """Return the coefficients of the cubic basis splines through levels, along the first axis."""
    n = levels.shape[0]
    matrix = np.zeros((n, n))
    for k in range(n):
        for neighbour, weight in ((k - 1, 1 / 6), (k, 4 / 6), (k + 1, 1 / 6)):
            matrix[k, min(max(neighbour, 0), n - 1)] += weight  # mirrored about the outer edge
    return np.linalg.solve(matrix, levels)


def _knots(length: int, box: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first of the four padded knots of each pixel, and the values of their splines."""
    place = (np.arange(length) + 0.5) / box - 0.5
    place = np.clip(place, -0.5, count - 0.5)
    left = np.floor(place).astype(np.int64)
    t = place - left
    weights = np.stack(
        [
            (1 - t) ** 3 / 6,
            (3 * t**3 - 6 * t**2 + 4) / 6,
            (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
            t**3 / 6,
        ],
        axis=1,
    )
    return left + 1, np.ascontiguousarray(weights)  # padding of 2, the first knot one to the left
