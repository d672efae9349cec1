"""World coordinates that are corrected in the plane that touches the sky."""

from collections.abc import Callable

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import Affine, Chain, Scale, Transform, both
from webbcal.geometry.imaging import ARCSEC
from webbcal.geometry.sphere import Gnomonic, Rotations, ToCartesian, ToSpherical
from webbcal.geometry.world import Frame, Step, World

FRAME = "v2v3corr"
SEEN_FROM_TELESCOPE = "v2v3"
POLE = 90.0

Moved = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def corrected(
    world: World, reference: tuple[float, float], moved: Moved, shape: tuple[int, int], points: int
) -> World:
    """Return world coordinates with a correction, a linear map, as a part of the chain.

    The chain gets the frame ``v2v3corr`` before the sky: a map of the plane that touches the
    sphere of V2 and V3 at the reference point. If it has that frame, the map follows the one that
    leads there.

    Parameters
    ----------
    world : World
        Whose last frame before the sky is one of V2 and V3, arcsec.
    reference : tuple of float
        Reference point of the image: V2, V3, arcsec.
    moved : callable
        Where positions on the sky should be: ``moved(ra, dec)``, degrees.
    shape : tuple of int
        Rows and columns of the image.
    points : int
        Number of positions along each axis that determine the map.

    Raises
    ------
    InvalidInput
        If the chain does not pass V2 and V3, or positions are nowhere.

    Source: Calabretta and Greisen 2002, section 5.1.3 (projection).
    """
    *before, telescope, sky = world.steps
    to_sky = telescope.transform
    from_sky = None if to_sky is None else to_sky.inverse
    if not before or not telescope.frame.name.startswith(SEEN_FROM_TELESCOPE) or not from_sky:
        raise InvalidInput(
            "world coordinates that cannot be corrected",
            expected="a frame of V2 and V3 before the sky",
            found=" ".join(world.frames),
        )
    rows, columns = shape
    grids = np.meshgrid(np.linspace(0, columns - 1, points), np.linspace(0, rows - 1, points))
    place = tuple(grid.ravel() for grid in grids)
    for step in before:
        assert step.transform is not None
        place = step.transform(*place)
    to_plane, from_plane = _plane(reference)
    assert to_sky is not None
    here = np.stack(to_plane(*place), axis=1)
    there = np.stack(to_plane(*from_sky(*moved(*to_sky(*place)))), axis=1)
    if not (np.isfinite(here).all() and np.isfinite(there).all()):
        raise InvalidInput(
            "world coordinates that cannot be corrected", expected="positions", found="NaN"
        )
    terms = np.column_stack([here, np.ones(len(here))])
    solution = np.linalg.lstsq(terms, there, rcond=None)[0]
    x, y = solution[2].tolist()
    correction = Chain((to_plane, Affine(solution[:2].T, (x, y)), from_plane))
    if telescope.frame.name == FRAME:
        last = before.pop()
        assert last.transform is not None
        parts = Chain((last.transform, correction))
        new = [
            Step(
                last.frame,
                parts if last.transform.box is None else parts.within(last.transform.box),
            ),
            telescope,
        ]
    else:
        frame = Frame.plane(FRAME, "arcsec", ("v2", "v3"))
        new = [Step(telescope.frame, correction), Step(frame, to_sky)]
    return world.with_(steps=(*before, *new, sky), array_shape=shape)


def _plane(reference: tuple[float, float]) -> tuple[Transform, Transform]:
    """Return the transforms from V2 and V3, arcsec, to a plane, degrees, and back."""
    v2, v3 = (value * ARCSEC for value in reference)
    # The reference point becomes the pole, where the plane touches.
    turn = Rotations((v2, POLE - v3), "zy")
    to_plane = Chain(
        (
            both(Scale(ARCSEC), Scale(ARCSEC)),
            ToCartesian(180),
            turn,
            ToSpherical(180),
            Gnomonic(to_sky=False),
        )
    )
    from_plane = Chain(
        (
            Gnomonic(to_sky=True),
            ToCartesian(180),
            turn.reverse(),
            ToSpherical(180),
            both(Scale(1.0 / ARCSEC), Scale(1.0 / ARCSEC)),
        )
    )
    return to_plane, from_plane
