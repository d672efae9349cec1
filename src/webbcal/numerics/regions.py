"""Connected regions of a mask."""

import numpy as np


def labelled(mask: np.ndarray, connectivity: int) -> tuple[np.ndarray, int]:
    """Return the number of the region of each pixel, and how many regions there are.

    Parameters
    ----------
    mask : numpy.ndarray
        bool (y, x).
    connectivity : int
        4: pixels that share an edge are connected; 8: those that share a corner, too.

    Returns
    -------
    tuple of numpy.ndarray, int
        int32 (y, x), 0 outside of regions, which count from 1 in the order of their first pixels.
    """
    from webbcal.kernels.regions import label

    where = np.flatnonzero(mask)
    numbers, count = label(where, mask.shape[1], connectivity == 8)
    labels = np.zeros(mask.shape, np.int32)
    labels.reshape(-1)[where] = numbers + 1
    return labels, int(count)
