"""What changed in the way that trees are written: names, and values that used to be left out.

Source: ASDF Standard 1.6.0; ASDF transform schemas (defaults).
"""

from collections.abc import Mapping

_CORE = "tag:stsci.edu:asdf/core/"
_TRANSFORM = "tag:stsci.edu:asdf/transform/"
_DIRECTION = {"direction": "pix2sky"}
_PROJECTIONS = (
    "airy",
    "bonne_equal_area",
    "cobe_quad_spherical_cube",
    "conic_equal_area",
    "conic_equidistant",
    "conic_orthomorphic",
    "conic_perspective",
    "cylindrical_equal_area",
    "cylindrical_perspective",
    "gnomonic",
    "hammer_aitoff",
    "healpix",
    "healpix_polar",
    "mercator",
    "molleweide",
    "parabolic",
    "plate_carree",
    "polyconic",
    "quad_spherical_cube",
    "sanson_flamsteed",
    "slant_orthographic",
    "slant_zenithal_perspective",
    "stereographic",
    "tangential_spherical_cube",
    "zenithal_equal_area",
    "zenithal_equidistant",
    "zenithal_perspective",
)
_LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "tabular": {"method": "linear", "bounds_error": "true"},
    "rotate3d": {"direction": "native2celestial"},
    **dict.fromkeys(_PROJECTIONS, _DIRECTION),
}


def upgraded(tag: str) -> str:
    """Return a tag of an older standard as this one calls it: the content is the same."""
    old, _, version = tag.rpartition("-")
    if old in (_CORE + "ndarray", _CORE + "integer") and version == "1.0.0":
        return f"{old}-1.1.0"
    return tag


def left_out(tag: str) -> Mapping[str, str]:
    """Return what writers of a tag used to leave out where it had its default value."""
    if not tag.startswith(_TRANSFORM):
        return {}
    return _LEFT_OUT.get(tag.removeprefix(_TRANSFORM).rpartition("-")[0], {})
