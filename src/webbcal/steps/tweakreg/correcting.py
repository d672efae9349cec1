"""World coordinates with a correction in the plane that touches the sky."""

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.geometry import correction
from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.geometry.world import as_world
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

    Raises
    ------
    InvalidProduct
        If the reference point of the exposure is not known.

    Notes
    -----
    The correction becomes a part of the chain of frames: an affine map in the plane that touches
    the sky at the reference point of the exposure itself.
    """
    old = as_world(image.world)
    rows, columns = image.shape_of("sci")[-2:]

    def moved(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return plane.to_sky(transform(plane.from_sky(ra, dec)))

    new = correction.corrected(old, _reference(image.meta), moved, (rows, columns), POINTS)
    new = new.with_(name=name or old.name)
    return image.with_changes(meta=image.meta.replace(header_wcs(image.meta.wcsinfo, new, options)))


def _reference(meta: Meta) -> tuple[float, float]:
    """Return the reference point of an exposure: V2, V3, arcsec."""
    values = []
    for name in ("v2_ref", "v3_ref"):
        value = meta.wcsinfo.lookup(name)
        if not isinstance(value, int | float):
            raise InvalidProduct(
                f"meta.wcsinfo.{name}",
                where=meta.lookup("filename"),
                expected="a number",
                found=value,
            )
        values.append(float(value))
    return values[0], values[1]
