"""Cosmic rays that outlier detection had to find."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation

from validation.imaging.products import Image

OUTLIER, DO_NOT_USE = 1 << 4, 1
STRONG = 10.0  # sigma
DITHERS = 3


@dataclass(frozen=True)
class Rejection:
    """Pixels hit by cosmic rays, as far as stage 1 left them, and pixels flagged.

    Attributes
    ----------
    strong, found : int
        Pixels changed by more than 10 sigma, and those of them that are flagged.
    covered, covered_found : int
        The same where three exposures or more see the place.
    flags, false : int
        Flagged pixels, and those further than a pixel from any cosmic ray.
    """

    strong: int
    found: int
    covered: int
    covered_found: int
    flags: int
    false: int


def measure_rejection(images: Sequence[Image]) -> Rejection:
    """Compare the OUTLIER flags of images with the cosmic rays that are in them."""
    totals = np.zeros(6, int)
    for image in images:
        dq = image.plane("DQ")
        flagged = (dq & OUTLIER) != 0
        hits = image.hits
        touched = np.zeros(dq.shape, bool)
        touched[hits["y"], hits["x"]] = True
        near = binary_dilation(touched, np.ones((3, 3), bool))
        strong = hits[hits["sigma"] > STRONG]
        places = np.unique(np.stack([strong["y"], strong["x"]]), axis=1)
        y, x = places
        found = flagged[y, x]
        covered = coverage(image, images, x, y) >= DITHERS
        totals += [
            found.size,
            int(found.sum()),
            int(covered.sum()),
            int((found & covered).sum()),
            int(flagged.sum()),
            int((flagged & ~near).sum()),
        ]
    return Rejection(*(int(n) for n in totals))


def coverage(image: Image, images: Sequence[Image], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how many exposures see the places of some pixels, this one included."""
    if not x.size:
        return np.zeros(0, int)
    ra, dec = image.view.sky(x.astype(float), y.astype(float))
    seen: dict[str, np.ndarray] = {}
    for other in images:
        at_x, at_y = other.view.pixels(ra, dec)
        rows, columns = other.shape
        inside = (at_x > 0) & (at_x < columns - 1) & (at_y > 0) & (at_y < rows - 1)
        seen[other.group] = seen.get(other.group, np.zeros(x.size, bool)) | inside
    number: np.ndarray = np.sum(list(seen.values()), axis=0)
    return number
