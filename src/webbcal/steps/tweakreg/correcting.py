"""World coordinates with a correction in the plane that touches the sky."""

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._header_wcs import HeaderWcsOptions, header_wcs
from webbcal.steps.tweakreg.linear import Transform

POINTS = 6  # along each axis of an image, at which the correction is carried over to its own plane


def corrected(
    image: Cal, plane: TangentPlane, transform: Transform, name: str, options: HeaderWcsOptions
) -> Cal:
    """Return an exposure whose world coordinates are moved by a linear map of a plane.

    Parameters
    ----------
    image : Cal
        With world coordinates; its arrays are not touched.
    plane : TangentPlane
        In which the map is given: common to all exposures.
    transform : Transform
        The map.
    name : str
        Name of the new coordinates; empty to leave it.
    options : HeaderWcsOptions
        Of the approximation in the header.

    Returns
    -------
    Cal
        With ``meta.wcs``, its footprint S_REGION and the FITS keywords of the approximation.

    Notes
    -----
    The correction becomes a part of the chain of frames, before ``v2v3corr``: an affine map in
    the plane that touches the sky at the reference point of the exposure itself, as the package
    tweakwcs puts it there.
    """
    from tweakwcs import JWSTWCSCorrector

    old = image.wcs
    rows, columns = image.shape_of("sci")[-2:]
    corrector = JWSTWCSCorrector(old, _angles(image.meta))
    grids = np.meshgrid(np.linspace(0, columns - 1, POINTS), np.linspace(0, rows - 1, POINTS))
    x, y = (grid.ravel() for grid in grids)
    sky = old(x, y, with_bounding_box=False)
    here = np.stack(corrector.world_to_tanp(*sky), axis=1)
    moved = plane.to_sky(transform(plane.from_sky(*sky)))
    there = np.stack(corrector.world_to_tanp(*moved), axis=1)
    matrix = np.column_stack([here, np.ones(len(here))])
    solution = np.linalg.lstsq(matrix, there, rcond=None)[0]
    corrector.set_correction(matrix=solution[:2].T, shift=solution[2])
    new = corrector.wcs
    new.array_shape = (rows, columns)
    new.name = name or old.name
    return image.with_changes(meta=image.meta.replace(header_wcs(image.meta.wcsinfo, new, options)))


def _angles(meta: Meta) -> dict[str, float]:
    angles = {}
    for name in ("v2_ref", "v3_ref", "roll_ref"):
        value = meta.wcsinfo.lookup(name)
        if not isinstance(value, int | float):
            raise InvalidProduct(
                f"meta.wcsinfo.{name}",
                where=meta.lookup("filename"),
                expected="a number",
                found=value,
            )
        angles[name] = float(value)
    return angles
