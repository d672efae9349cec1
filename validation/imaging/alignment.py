"""How well exposures are placed on the sky, and on each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from validation.imaging.products import Image

POINTS = 9
MAS = 3.6e6  # per degree


@dataclass(frozen=True)
class Alignment:
    """Distances of where products put pixels from where they looked.

    Attributes
    ----------
    relative_mas : float
        Root mean square over images and their pixels, both axes together, after the mean over
        all is removed.
    absolute_mas : float
        Length of that mean.
    largest_mas : float
        Of a single pixel, the mean removed.
    offsets_mas : numpy.ndarray
        (image, 2): mean of each image, east and north.
    """

    relative_mas: float
    absolute_mas: float
    largest_mas: float
    offsets_mas: np.ndarray


def displacements(image: Image) -> np.ndarray:
    """Return where the product puts pixels minus where they looked, mas, (point, 2)."""
    rows, columns = image.shape
    x, y = (
        a.ravel() for a in np.meshgrid(*(np.linspace(0, n - 1, POINTS) for n in (columns, rows)))
    )
    ra, dec = (np.asarray(a) for a in image.wcs(x, y))
    true_ra, true_dec = image.view.sky(x, y)
    east = ((ra - true_ra + 180) % 360 - 180) * np.cos(np.deg2rad(true_dec))
    return np.column_stack([east, dec - true_dec]) * MAS


def measure_alignment(images: Sequence[Image]) -> Alignment:
    """Compare the world coordinates of images with the truth, all over their pixels."""
    found = np.array([displacements(image) for image in images])
    mean = found.mean(axis=(0, 1))
    rest = np.hypot(*np.moveaxis(found - mean, -1, 0))
    return Alignment(
        float(np.sqrt((rest**2).mean())),
        float(np.hypot(*mean)),
        float(rest.max()),
        found.mean(axis=1),
    )
