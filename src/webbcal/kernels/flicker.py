"""Noise that all pixels of a line share, in the difference of two groups.

Axes: y row, x column. Masks are uint8: 1 where a pixel shows background and noise only.
"""

import numpy as np

from webbcal.kernels._jit import entry
from webbcal.kernels.clipping import BINS, MAD, gather, median_by_bins
from webbcal.kernels.sorting import median


@entry
def group_difference(later, earlier, every, flags, bad, background):
    """Return what a group adds to the one before, and where it tells about noise.

    Parameters
    ----------
    later, earlier : float32 (y, x)
        Signal, DN.
    every : float32 (y, x)
        What every group adds, finite, DN: not counted.
    flags : uint8 (y, x)
        Of the later group.
    bad : int
        Flags that rule a pixel out.
    background : uint8 (y, x)
        Where there is only background.

    Returns
    -------
    difference : float32 (y, x)
        DN; 0 where it is not finite.
    mask : uint8 (y, x)
        Where it is usable.
    """
    height, width = later.shape
    difference = np.empty((height, width), np.float32)
    mask = np.empty((height, width), np.uint8)
    unwanted = np.uint8(bad)
    for y in range(height):
        end, begin, flag, only = later[y], earlier[y], flags[y], background[y]
        usual = every[y]
        change, good = difference[y], mask[y]
        for x in range(width):
            d = end[x] - begin[x] - usual[x]
            finite = d - d == np.float32(0.0)
            change[x] = d if finite else np.float32(0.0)
            good[x] = np.uint8(1 if finite & (only[x] != 0) & ((flag[x] & unwanted) == 0) else 0)
    return difference, mask


@entry
def narrow(mask, image, low, high):
    """Return the mask without the pixels whose value is outside low to high; NaN is outside."""
    height, width = image.shape
    narrowed = np.empty((height, width), np.uint8)
    for y in range(height):
        good, values, out = mask[y], image[y], narrowed[y]
        for x in range(width):
            inside = (values[x] >= low) & (values[x] <= high)
            out[x] = good[x] if inside else np.uint8(0)
    return narrowed


@entry
def line_medians(image, mask, low, high, parts, enough):
    """Return the median of each part of each line.

    Parameters
    ----------
    image : float32 (line, pixel)
        DN.
    mask : uint8 (line, pixel)
        0 leaves a pixel out.
    low, high : float
        Values outside are left out.
    parts : int
        Into how many equal parts a line is divided.
    enough : int
        So many pixels must be left, at least 1.

    Returns
    -------
    float64 (line, part)
        NaN where fewer pixels are left.
    """
    height, width = image.shape
    medians = np.empty((height, parts))
    sample, room = np.empty(width + 1, np.float32), np.empty(width + 1, np.float32)
    bins = np.empty(BINS, np.int64)
    for y in range(height):
        values, good = image[y], mask[y]
        for part in range(parts):
            count = 0
            for x in range(part * width // parts, (part + 1) * width // parts):
                sample[count] = values[x]
                count += (good[x] != 0) & (values[x] >= low) & (values[x] <= high)
            medians[y, part] = np.nan
            if count >= enough:
                medians[y, part] = median_by_bins(sample[:count], bins, room)
    return medians


@entry
def median_errors(image, mask, medians, enough):
    r"""Return the variance of the medians of lines, from the scatter of their pixels.

    That of the median of n normal values of deviation s is :math:`\pi s^2 / 2 n`; s follows from
    the median absolute deviation of some of them, evenly spaced along the line.

    Parameters
    ----------
    image : float32 (line, pixel)
        DN.
    mask : uint8 (line, pixel)
        0 leaves a pixel out.
    medians : float64 (line, part)
        Of the parts of the lines; NaN where unknown.
    enough : int
        So many pixels tell a scatter; of more, some are left out.

    Returns
    -------
    float64 (line, part)
        DN^2; 0 where the median is unknown.

    Source: M. G. Kendall, A. Stuart, The Advanced Theory of Statistics, vol. 1, 10.11 (median).
    """
    height, width = image.shape
    parts = medians.shape[1]
    errors = np.zeros((height, parts))
    sample = np.empty(width, np.float32)
    for y in range(height):
        values, good = image[y], mask[y]
        for part in range(parts):
            middle = medians[y, part]
            if middle != middle:
                continue
            of_part = slice(part * width // parts, (part + 1) * width // parts)
            count = gather(values[of_part], good[of_part], sample)
            step = max(count // enough, 1)
            kept = 0
            for k in range(0, count, step):
                sample[kept] = np.abs(sample[k] - middle)
                kept += 1
            deviation = MAD * median(sample[:kept])
            errors[y, part] = 0.5 * np.pi * deviation * deviation / count
    return errors


@entry
def accumulate(signal, cleaned, share, common, total):
    """Subtract from a group the noise of all differences up to it.

    Parameters
    ----------
    signal : float32 (y, x)
        The group, DN; NaN stays NaN.
    cleaned : float32 (y, x)
        Noise of its difference to the group before; replaced by the cleaned group.
    share : float32 (y, x)
        What part of that noise counts.
    common : float32 (y, x)
        Noise that every difference has beside.
    total : float64 (y, x)
        Noise of all differences before; that of this one is added.
    """
    height, width = signal.shape
    for y in range(height):
        source, sums, target = signal[y], total[y], cleaned[y]
        part, more = share[y], common[y]
        for x in range(width):
            sums[x] += np.float64(target[x]) * part[x] + more[x]
            target[x] = source[x] - sums[x]
