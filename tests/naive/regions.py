"""Connected regions, by the definition."""

import numpy as np


def label(mask, corners=True):
    """Return the regions of a mask (y, x) as sets of pixels, in the order of their first ones."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    regions = []
    for first in sorted(left):
        if first not in left:
            continue
        region, reached = set(), {first}
        while reached:
            y, x = reached.pop()
            left.discard((y, x))
            region.add((y, x))
            around = {
                (y + v, x + u) for v in (-1, 0, 1) for u in (-1, 0, 1) if corners or u * v == 0
            }
            reached |= around & left
        regions.append(region)
    return regions
