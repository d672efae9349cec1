"""Coordinates that move along with a target: a comet stays where it is, the stars move."""

import math
from collections.abc import Sequence

import numpy as np

from webbcal.geometry.chain import Chain, Transform
from webbcal.geometry.sphere import Rotations, ToCartesian, ToSpherical
from webbcal.geometry.world import Frame, Step, World

FRAME = "moving_target"

Position = tuple[float, float]  # right ascension and declination, degrees


def mean_position(positions: Sequence[Position]) -> Position:
    """Return the mean direction of positions on the sky: that of the sum of their unit vectors.

    Returns
    -------
    tuple of float
        Right ascension, from 0 to 360, and declination, degrees.

    Source: N. I. Fisher, T. Lewis and B. J. J. Embleton 1987, Statistical Analysis of Spherical
    Data, section 3.2.
    """
    ra, dec = np.radians(np.array(positions, np.float64)).T
    x = math.fsum(np.cos(dec) * np.cos(ra))
    y = math.fsum(np.cos(dec) * np.sin(ra))
    z = math.fsum(np.sin(dec))
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))


def carried(own: Position, mean: Position) -> Transform:
    """Return the rotation of the sky that carries one position, and north there, to another.

    A rotation leaves all distances as they are, and the target with what moves along in the
    same place and orientation; adding differences to right ascension and declination does so for
    the target only.

    Parameters
    ----------
    own, mean : tuple of float
        Right ascension and declination, degrees.

    Returns
    -------
    Transform
        Right ascension and declination to the same, degrees; with an inverse.
    """
    # About the pole to the prime meridian, along it to the other declination, and back.
    angles = (own[0], mean[1] - own[1], -mean[0])
    return Chain((ToCartesian(), Rotations(angles, "zyz"), ToSpherical()), name=FRAME)


def followed(wcs: World, own: Position, mean: Position) -> World:
    """Return the coordinates of an image, with a frame that moves along with its target.

    Parameters
    ----------
    wcs : World
        Pixels to the sky.
    own, mean : tuple of float
        Where the target is in this image, and where all images of it shall have it.

    Returns
    -------
    World
        The same frames and after them ``moving_target``.
    """
    *before, world = wcs.steps
    last = Step(world.frame, carried(own, mean)), Step(Frame.sky(FRAME), None)
    return wcs.with_(steps=(*before, *last))


def separation(first: Position, second: Position) -> float:
    """Return the distance of two positions on the sky, arcsec.

    Source: R. W. Sinnott 1984, Virtues of the haversine, Sky and Telescope 68, 159.
    """
    (ra1, dec1), (ra2, dec2) = (map(math.radians, position) for position in (first, second))
    half = (
        math.sin((dec2 - dec1) / 2) ** 2
        + math.cos(dec1) * math.cos(dec2) * math.sin((ra2 - ra1) / 2) ** 2
    )
    return math.degrees(2 * math.asin(math.sqrt(min(half, 1.0)))) * 3600
