"""Transforms from the trees that describe them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import (
    COORDINATES,
    OPERATIONS,
    TRANSFORM,
    Affine,
    Arithmetic,
    Beside,
    Box,
    Chain,
    Constant,
    Foreign,
    Identity,
    Polynomial,
    Remap,
    Scale,
    Shift,
    Transform,
)
from webbcal.geometry.sphere import (
    FULL_TURN,
    GWCS,
    Gnomonic,
    PoleRotation,
    Rotations,
    ToCartesian,
    ToSpherical,
)
from webbcal.spec.tagged import Tagged

AXES = {Shift: 1, Scale: 1, Constant: 1, Polynomial: 2, Affine: 2, Gnomonic: 2, PoleRotation: 2}
AXES |= {Rotations: 3, ToCartesian: 2, ToSpherical: 3}
"""How many coordinates a kind of transform takes."""

UNIT = ((-1.0, 1.0), (-1.0, 1.0))


def is_known(tag: str) -> bool:
    """Tell whether a tag is that of a transform, or a part of one, that is read here."""
    return tag.rpartition("-")[0] in _READERS or tag.startswith(_BOX)


def transform_of(tree: Any) -> Transform:
    """Return the transform that a tree describes.

    Parameters
    ----------
    tree : Tagged or object
        What is not `Tagged` has to have a method ``decode`` that returns an astropy model.

    Raises
    ------
    InvalidInput
        If entries are missing or absurd.

    Source: ASDF transform schemas; gwcs schemas.
    """
    if not isinstance(tree, Tagged):
        return Foreign(load=tree.decode, source=tree)
    try:
        more: dict[str, Any] = {
            "name": str(tree.get("name", "")),
            "source": tree.source,
            "given": transform_of(tree["inverse"]) if "inverse" in tree else None,
            "box": _box(tree.get("bounding_box"), tree.get("inputs", COORDINATES)),
        }
        read = _READERS.get(tree.tag.rpartition("-")[0])
        found = None if read is None else read(tree, more)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(
            "a transform of coordinates is damaged",
            expected=tree.tag,
            found=f"{type(error).__name__}: {error}",
        ) from None
    # Of a known kind, but in a form that is not.
    return Foreign(load=tree.source.decode, source=tree.source) if found is None else found


def axes_of(transform: Transform) -> int:
    """Return how many coordinates a transform takes."""
    if isinstance(transform, Identity | Remap):
        return transform.axes
    if isinstance(transform, Beside):
        return sum(transform.axes)
    if isinstance(transform, Chain | Arithmetic):
        return axes_of(transform.parts[0])
    if isinstance(transform, Foreign):
        return int(transform.model.n_inputs)
    return AXES[type(transform)]


def _box(tree: Any, inputs: Sequence[str]) -> Box | None:
    """Return limits of x and y; those of one coordinate, or of another kind, are left out.

    Limits are kept by the name of what they are of; an ``order`` beside them does not matter.
    """
    if tree is None:
        return None
    if isinstance(tree, Mapping):
        pairs = [tree["intervals"].get(name) for name in inputs]
    else:
        pairs = list(tree)[::-1]  # y before x
    if len(pairs) != 2 or any(not hasattr(pair, "__len__") or len(pair) != 2 for pair in pairs):
        return None
    return _pairs(pairs)


def _identity(tree: Tagged, more: dict[str, Any]) -> Transform:
    return Identity(int(tree.get("n_dims", 1)), **more)


def _shift(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    return Shift(tree["offset"], **more) if _is_number(tree["offset"]) else None


def _scale(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    return Scale(tree["factor"], **more) if _is_number(tree["factor"]) else None


def _constant(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    plain = _is_number(tree["value"]) and tree.get("dimensions", 1) == 1
    return Constant(tree["value"], **more) if plain else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _polynomial(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    coefficients = np.asarray(tree["coefficients"], np.float64)
    if coefficients.ndim != 2:
        return None
    domain, window = (_pairs(tree.get(name, UNIT)) for name in ("domain", "window"))
    return Polynomial(coefficients, domain, window, **more)


def _pairs(value: Any) -> Box:
    (x0, x1), (y0, y1) = value
    return (float(x0), float(x1)), (float(y0), float(y1))


def _remap(tree: Tagged, more: dict[str, Any]) -> Transform:
    picks = tuple(int(pick) for pick in tree["mapping"])
    return Remap(picks, int(tree.get("n_inputs", max(picks) + 1)), **more)


def _beside(tree: Tagged, more: dict[str, Any]) -> Transform:
    parts = tuple(transform_of(part) for part in tree["forward"])
    return Beside(parts, tuple(axes_of(part) for part in parts), **more)


def _chain(tree: Tagged, more: dict[str, Any]) -> Transform:
    return Chain(tuple(transform_of(part) for part in tree["forward"]), **more)


def _arithmetic(tree: Tagged, more: dict[str, Any]) -> Transform:
    first, second = (transform_of(part) for part in tree["forward"])
    operation = tree.tag.removeprefix(TRANSFORM).rpartition("-")[0]
    return Arithmetic(operation, (first, second), **more)


def _affine(tree: Tagged, more: dict[str, Any]) -> Transform:
    x, y = (float(value) for value in np.asarray(tree.get("translation", (0.0, 0.0))))
    matrix = np.asarray(tree["matrix"], np.float64).reshape(2, 2)
    return Affine(matrix, (x, y), **more)


def _gnomonic(tree: Tagged, more: dict[str, Any]) -> Transform:
    return Gnomonic(tree.get("direction", "pix2sky") == "pix2sky", **more)


def _pole_rotation(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    direction = tree.get("direction", "native2celestial")
    angles = [tree[name] for name in ("phi", "theta", "psi")]
    if direction not in ("native2celestial", "celestial2native") or not all(
        map(_is_number, angles)
    ):
        return None
    longitude, latitude, zero = angles
    return PoleRotation((longitude, latitude), zero, direction == "native2celestial", **more)


def _rotations(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    angles = tuple(np.asarray(tree["angles"], np.float64).tolist())
    if tree.get("rotation_type") != "cartesian":
        return None
    return Rotations(angles, str(tree["axes_order"]), **more)


def _spherical(tree: Tagged, more: dict[str, Any]) -> Transform | None:
    wrap = int(tree.get("wrap_lon_at", FULL_TURN))
    kinds = {"spherical_to_cartesian": ToCartesian, "cartesian_to_spherical": ToSpherical}
    return kinds[tree["transform_type"]](wrap, **more)


_BOX = TRANSFORM + "property/bounding_box-"
_READERS: dict[str, Callable[[Tagged, dict[str, Any]], Transform | None]] = {
    TRANSFORM + "identity": _identity,
    TRANSFORM + "shift": _shift,
    TRANSFORM + "scale": _scale,
    TRANSFORM + "constant": _constant,
    TRANSFORM + "polynomial": _polynomial,
    TRANSFORM + "remap_axes": _remap,
    TRANSFORM + "concatenate": _beside,
    TRANSFORM + "compose": _chain,
    **{TRANSFORM + name: _arithmetic for name in OPERATIONS},
    TRANSFORM + "affine": _affine,
    TRANSFORM + "gnomonic": _gnomonic,
    TRANSFORM + "rotate3d": _pole_rotation,
    TRANSFORM + "rotate_sequence_3d": _rotations,
    GWCS + "spherical_cartesian": _spherical,
}
