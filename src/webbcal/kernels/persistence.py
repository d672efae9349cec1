"""Groups read within a time after their pixel was saturated.

Axes: i integration, g group, y row, x column.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import SATURATED

RESOLUTION = 1e-10  # d: dates of these years are good to 7e-12 d, and groups end with windows


@kernel
def flag_pixel(sci, groupdq, times, duration, threshold, flags, end, out):
    """Flag one pixel (i, g) and return the end of its window; see `flag_windows`."""
    for i in range(sci.shape[0]):
        saturated = False
        for g in range(sci.shape[1]):
            now = times[i, g]
            if now > end + RESOLUTION:
                end = 0.0
            begun = False
            if groupdq[i, g] & SATURATED:
                begun = not saturated
                saturated = True
            if not begun and end == 0.0 and sci[i, g] > threshold:
                begun = True
            if begun:
                end = now + duration
            out[i, g] = groupdq[i, g] | flags if end > 0.0 else groupdq[i, g]
    return end


@entry
def flag_windows(sci, groupdq, times, duration, threshold, flags, ends):
    """Return the group flags with those of persistence, and the ends of the windows.

    A window begins with the first saturated group of an integration, or with a signal above a
    threshold where none is open, and lasts for `duration`. All groups in a window are flagged.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Signal. NaN is above no threshold.
    groupdq : uint8 (i, g, y, x)
        Flags; SATURATED is used.
    times : float64 (i, g)
        When each group is read, d.
    duration : float
        Length of a window, d.
    threshold : float
        Signal that opens a window as well; infinite for none.
    flags : uint8
        Flags to set.
    ends : float64 (y, x)
        When the windows that are open before the exposure end, d; 0 for none.

    Returns
    -------
    uint8 (i, g, y, x), float64 (y, x)
    """
    out = np.empty_like(groupdq)
    after = np.empty_like(ends)
    for y in range(ends.shape[0]):
        for x in range(ends.shape[1]):
            after[y, x] = flag_pixel(
                sci[:, :, y, x],
                groupdq[:, :, y, x],
                times,
                duration,
                threshold,
                flags,
                ends[y, x],
                out[:, :, y, x],
            )
    return out, after
