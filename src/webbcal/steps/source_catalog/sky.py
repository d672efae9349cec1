"""Sources on the sky."""

from typing import Any

import numpy as np

from webbcal.steps.source_catalog.shapes import Shapes


def sky_columns(wcs: Any, shapes: Shapes, boxes: np.ndarray) -> dict[str, np.ndarray]:
    """Return positions, corners of the boxes and position angles, degree, by column name.

    The angle counts from north by east; corners are those of the outermost pixels.

    Parameters
    ----------
    wcs : World
        Of the image.
    shapes : Shapes
        Places, x and y from 0, and angles.
    boxes : numpy.ndarray
        int64 (source, 5): rows and columns of the segments.

    Source: W. Smart 1977, Spherical Astronomy, chapter 2 (position angle).
    """
    x, y = shapes.centres.T
    ra, dec = _world(wcs, x, y)
    left, right = boxes[:, 2] - 0.5, boxes[:, 3] + 0.5
    bottom, top = boxes[:, 0] - 0.5, boxes[:, 1] + 0.5
    corners = {"ll": (left, bottom), "ul": (left, top), "lr": (right, bottom), "ur": (right, top)}
    north = _north(wcs, x, y, ra, dec)
    columns = {
        "sky_centroid.ra": ra,
        "sky_centroid.dec": dec,
        "sky_orientation": (180.0 - north + shapes.angle) % 360,
    }
    for name, place in corners.items():
        columns[f"sky_bbox_{name}.ra"], columns[f"sky_bbox_{name}.dec"] = _world(wcs, *place)
    return columns


def _world(wcs: Any, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.size == 0:
        return np.zeros(0), np.zeros(0)
    ra, dec = wcs(x, y, with_bounding_box=False)
    return np.asarray(ra, np.float64) % 360, np.asarray(dec, np.float64)


def _north(wcs: Any, x: np.ndarray, y: np.ndarray, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return the direction of north in the image, counter-clockwise from x, degree."""
    steps = []
    for dx, dy in ((1.0, 0.0), (0.0, 1.0)):
        there_ra, there_dec = _world(wcs, x + dx, y + dy)
        east = ((there_ra - ra + 180) % 360 - 180) * np.cos(np.radians(dec))
        steps.append((east, there_dec - dec))
    (east_x, north_x), (east_y, north_y) = steps
    # The pixel direction along which the step to the east vanishes and that to the north is
    # positive; the sign of the determinant tells how the image is turned over.
    determinant = east_x * north_y - east_y * north_x
    return np.asarray(
        np.degrees(np.arctan2(east_x * np.sign(determinant), -east_y * np.sign(determinant)))
    )
