"""Blot: the value of an image at positions between its pixels."""

import numpy as np

from webbcal.kernels._jit import entry


@entry
def blot(image, first_row, rows, positions, out):
    r"""Interpolate between the four nearest pixels.

    .. math:: I(x, y) = \sum_{ij} (1 - |x - i|) (1 - |y - j|) I_{ij}

    Parameters
    ----------
    image : float32 (y, x)
        Some rows of an image.
    first_row : int
        Which of its rows comes first.
    rows : int
        Rows of the whole image. In its outermost half pixel the value of the edge holds.
    positions : float64 (y, x, coordinate)
        x, then y in the whole image.
    out : float32 (y, x)
        Filled. NaN outside of the image, where the position is NaN, and where one of the pixels
        that count is NaN.
    """
    width = image.shape[1]
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            u, v = positions[y, x, 0], positions[y, x, 1]
            out[y, x] = np.nan
            if not (-0.5 <= u <= width - 0.5 and -0.5 <= v <= rows - 0.5):
                continue
            u = min(max(u, 0.0), width - 1.0)
            v = min(max(v, 0.0), rows - 1.0)
            column, row = int(u), int(v)
            s, t = u - column, v - row
            row -= first_row
            total = 0.0
            for j in range(2):
                factor = t if j else 1.0 - t
                if factor == 0.0:
                    continue
                if s > 0.0:
                    line = (1.0 - s) * image[row + j, column] + s * image[row + j, column + 1]
                else:
                    line = np.float64(image[row + j, column])
                total += factor * line
            out[y, x] = total
