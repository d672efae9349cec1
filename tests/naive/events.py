"""Events on many pixels, by the definitions."""

import numpy as np

DNU, SAT, JUMP = 1, 2, 4


def surroundings(flags, region):
    """Return how often usable pixels are within two pixels of those of a region; and jumps."""
    usable = jumps = 0
    for y, x in region:
        for v in range(y - 2, y + 3):
            for u in range(x - 2, x + 3):
                if not (0 <= v < flags.shape[0] and 0 <= u < flags.shape[1]):
                    continue
                if not flags[v, u] & (DNU | SAT):
                    usable += 1
                    jumps += bool(flags[v, u] & JUMP)
    return usable, jumps


def solid(flags, edge):
    """Return where all of the 5 x 5 pixels around one jump or are saturated, near an edge."""
    rows, columns = flags.shape
    result = np.zeros(flags.shape, bool)
    for y in range(2, rows - 2):
        for x in range(2, columns - 2):
            near = min(y, x) < edge or y >= rows - edge or x >= columns - edge
            block = flags[y - 2 : y + 3, x - 2 : x + 3]
            result[y, x] = near and flags[y, x] & JUMP and np.all(block & (JUMP | SAT))
    return result


def distances(inside):
    """Return the distance from the nearest pixel inside."""
    where = np.argwhere(inside)
    y, x = np.indices(inside.shape)
    squares = [(y - v) ** 2 + (x - u) ** 2 for v, u in where]
    return np.sqrt(np.min(squares, axis=0))


def excesses(signal, flags, gain, readnoise, frames, hit):
    """Return the differences into the groups `hit` over the median of the calm ones, in sigma."""
    d = np.diff(signal.astype(float), axis=0)
    unusable = ((flags[1:] | flags[:-1]) & (DNU | SAT) != 0) | ~np.isfinite(d)
    others = np.where(unusable | (flags[1:] & JUMP != 0), np.nan, d)
    others[np.array(hit) - 1] = np.nan
    result = np.full((len(hit), *gain.shape), np.nan)
    for y, x in np.ndindex(gain.shape):
        calm = others[:, y, x][np.isfinite(others[:, y, x])]
        if not calm.size:
            continue
        centre = np.median(calm)
        sigma = np.sqrt(abs(centre) / gain[y, x] + readnoise[y, x] ** 2 / frames)
        for n, k in enumerate(hit):
            if not unusable[k - 1, y, x]:
                result[n, y, x] = (d[k - 1, y, x] - centre) / sigma
    return result


def mean_excess(signal, flags, typical, weight, inner, outer):
    """Return the mean excess of the pixels whose distance is from inner to outer."""
    d = (signal[1] - signal[0] - typical).astype(float) * weight
    bad = ((flags[0] | flags[1]) & (DNU | SAT) != 0) | (flags[1] & JUMP != 0)
    good = ~bad & np.isfinite(d) & (weight > 0)
    y, x = np.indices(typical.shape)
    result = np.full(typical.shape, np.nan)
    for v, u in np.ndindex(typical.shape):
        square = (y - v) ** 2 + (x - u) ** 2
        ring = good & (square >= inner**2) & (square <= outer**2)
        if ring.any():
            result[v, u] = d[ring].mean()
    return result


def typical_differences(sci, groupdq, together):
    """Return median and half the range of the middle 68 % of the usable differences."""
    bad = (groupdq & (DNU | SAT) != 0) | ~np.isfinite(sci)
    good = np.where(bad, np.float32(np.nan), sci)
    d = np.diff(good, axis=1)
    d[groupdq[:, 1:] & JUMP != 0] = np.nan
    d = d.reshape(1, -1, d.shape[-1]) if together else d.transpose(1, 0, 2)
    centre, scatter = np.full((2, d.shape[0], d.shape[2]), np.nan)
    for part, pixel in np.ndindex(centre.shape):
        values = np.sort(d[part, :, pixel][np.isfinite(d[part, :, pixel])])
        if values.size:
            low, high = (round(share * values.size - 0.5) for share in (0.158655, 0.841345))
            centre[part, pixel] = np.median(values)
            scatter[part, pixel] = (values[high] - values[max(low, 0)]) / 2
    return centre, scatter
