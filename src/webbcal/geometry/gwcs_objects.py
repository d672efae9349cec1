"""World coordinates as objects of the gwcs library, for those who ask for them."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_
from typing import Any

from astropy import coordinates, units
from astropy.modeling import Model, bind_bounding_box, models
from gwcs import WCS, coordinate_frames
from gwcs.geometry import CartesianToSpherical, SphericalToCartesian

from webbcal.geometry.chain import Affine, Beside, Chain, Foreign, Identity, Scale, Shift, Transform
from webbcal.geometry.sphere import Gnomonic, PoleRotation, Rotations, ToCartesian, ToSpherical
from webbcal.geometry.world import Frame, World
from webbcal.spec.tagged import Tagged


def gwcs_of(world: World) -> WCS:
    """Return world coordinates as an object of the gwcs library.

    Parameters
    ----------
    world : World
        Made here; those that were read are decoded as they were stored.
    """
    steps = [
        (_frame(step.frame), None if step.transform is None else model_of(step.transform))
        for step in world.steps
    ]
    wcs = WCS(steps, name=world.name or None)
    wcs.array_shape = world.array_shape
    return wcs


def _frame(frame: Frame) -> Any:
    tree = frame.tree
    if hasattr(tree, "decode"):
        return tree.decode()
    if not isinstance(tree, Tagged):
        return tree
    if "reference_frame" in tree:
        return coordinate_frames.CelestialFrame(
            name=frame.name, reference_frame=coordinates.ICRS(), axes_order=(0, 1)
        )
    return coordinate_frames.Frame2D(
        name=frame.name,
        axes_order=(0, 1),
        unit=tuple(units.Unit(str(unit)) for unit in tree["unit"]),
        axes_names=tuple(tree["axes_names"]),
    )


def model_of(transform: Transform) -> Model:
    """Return a transform as a model of astropy."""
    if isinstance(transform, Foreign):
        return transform.model
    if transform.source is not None:
        return transform.source.decode()
    model = _made(transform)
    if transform.name:
        model.name = transform.name
    if transform.given is not None:
        model.inverse = model_of(transform.given)
    if transform.box is not None:
        bind_bounding_box(model, transform.box, order="F")
    return model


def _made(transform: Transform) -> Model:
    if isinstance(transform, Chain | Beside):
        parts = [model_of(part) for part in transform.parts]
        return reduce(or_ if isinstance(transform, Chain) else and_, parts)
    return _MODELS[type(transform)](transform)


def _pole_rotation(transform: PoleRotation) -> Model:
    kind = models.RotateNative2Celestial
    if not transform.to_celestial:
        kind = models.RotateCelestial2Native
    return kind(*transform.pole, transform.pole_longitude)


_MODELS: dict[type[Transform], Callable[[Any], Model]] = {
    Identity: lambda t: models.Identity(t.axes),
    Shift: lambda t: models.Shift(t.offset),
    Scale: lambda t: models.Scale(t.factor),
    Affine: lambda t: models.AffineTransformation2D(t.matrix, t.shift),
    Gnomonic: lambda t: models.Pix2Sky_TAN() if t.to_sky else models.Sky2Pix_TAN(),
    PoleRotation: _pole_rotation,
    Rotations: lambda t: models.RotationSequence3D(list(t.angles), t.axes),
    ToCartesian: lambda t: SphericalToCartesian(wrap_lon_at=t.wrap),
    ToSpherical: lambda t: CartesianToSpherical(wrap_lon_at=t.wrap),
}
