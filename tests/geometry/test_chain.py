"""Transforms compute what the models of astropy of the same name do, there and back."""

import dataclasses
import io

import asdf
import numpy as np
import pytest
from astropy.modeling import bind_bounding_box, models
from gwcs.geometry import CartesianToSpherical, SphericalToCartesian
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import (
    Affine,
    Beside,
    Chain,
    Foreign,
    Identity,
    Polynomial,
    Remap,
    Scale,
    Shift,
    both,
    foreign,
)
from webbcal.geometry.chain_reading import transform_of
from webbcal.geometry.gwcs_objects import model_of
from webbcal.geometry.sphere import Gnomonic, PoleRotation, Rotations, ToCartesian, ToSpherical
from webbcal.io.asdf_tree import encode, read_tree
from webbcal.spec.tagged import Tagged

X, Y = np.random.default_rng(7).uniform(-1.0, 1.0, (2, 200))
UNIT = np.stack([X, Y, np.sqrt(3.0 - X**2 - Y**2)]) / np.sqrt(3.0)
MATRIX = np.array([[0.9, -0.3], [0.2, 1.1]])

MADE = [
    (Identity(2), (X, Y)),
    (both(Shift(0.3), Shift(-2.0)), (X, Y)),
    (both(Scale(0.3), Scale(-2.0)), (X, Y)),
    (Affine(MATRIX, (3.0, -4.0)), (X, Y)),
    (Gnomonic(), (X, Y)),
    (Gnomonic(to_sky=False), (180 * X, 45 + 40 * Y)),
    (PoleRotation((80.0, -69.4)), (170 * X, 85 * Y)),
    (PoleRotation((0.001, 89.9), 123.0), (170 * X, 85 * Y)),
    (PoleRotation((80.0, -69.4), to_celestial=False), (80 + 50 * X, 80 * Y)),
    (Rotations((12.0, -34.0, 56.0, 78.0, -90.5), "zyxyz"), UNIT),
    (ToCartesian(180), (170 * X, 85 * Y)),
    (ToSpherical(180), UNIT),
    (ToSpherical(360), UNIT),
    (Chain((both(Shift(0.3), Shift(1.0)), Affine(MATRIX), Gnomonic())), (X, Y)),
]


def same_directions(found, wanted):
    """Longitudes may differ by a turn where a model leaves open which one it returns."""
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose((np.asarray(a) - b + 180) % 360 - 180, 0, atol=3e-13)


@pytest.mark.parametrize(("transform", "values"), MADE, ids=lambda value: type(value).__name__)
def test_values_and_inverses_are_those_of_the_models(transform, values):
    model = model_of(transform)
    found = transform(*values)
    same_directions(found, model(*values) if len(found) > 1 else (model(*values),))
    same_directions(transform.inverse(*found), values)
    same_directions(transform.inverse(*found), model.inverse(*found))


@pytest.mark.parametrize(("transform", "values"), MADE, ids=lambda value: type(value).__name__)
def test_what_is_written_is_read_by_the_asdf_library(transform, values):
    from webbcal.io.asdf_tree import render_tree

    named = dataclasses.replace(transform, name="mine")
    bounded = named if len(values) == 3 else named.within(((-1.0, 2.0), (-3.0, 4.0)))
    document = render_tree({"transform": bounded.stored()}, "here")
    with asdf.open(io.BytesIO(document), lazy_load=False) as file:
        model = file["transform"]
        same_directions(transform(*values), np.atleast_2d(model(*values)))
        assert model.name == "mine"
        if bounded.box is not None:
            assert model.bounding_box.bounding_box(order="F") == bounded.box
    again = transform_of(Tagged(*_plain(bounded)))
    assert type(again) is type(transform)
    assert (again.name, again.box) == ("mine", bounded.box)
    same_directions(again(*values), transform(*values))


def _plain(transform):
    """Return tag and entries with arrays as arrays, as they are read."""

    def plain(value):
        if isinstance(value, Tagged):
            if "data" in value:
                return np.array(value["data"])
            return Tagged(value.tag, {k: plain(v) for k, v in value.items()})
        return [plain(item) for item in value] if isinstance(value, list) else value

    tree = plain(transform.stored())
    return tree.tag, dict(tree)


STANDARD = [
    (models.Polynomial2D(2, c0_0=1.0, c1_0=2.0, c0_1=-1.0, c1_1=0.3, c2_0=0.1), (X, Y)),
    (
        models.Polynomial2D(
            1, c1_0=2.0, c0_1=3.0, x_domain=(0, 4), y_domain=(-2, 2), x_window=(-1, 1)
        ),
        (X, Y),
    ),
    (models.Mapping((1, 0, 1)), (X, Y)),
    (models.Shift(1.0) & models.Identity(1), (X, Y)),
    (models.Const1D(3.0) & models.Scale(2.0), (X, Y)),
    (
        models.Mapping((0, 1), n_inputs=2) / (models.Const1D(4.0) & models.Const1D(2.0)),
        (X, Y),
    ),
    (SphericalToCartesian(wrap_lon_at=180) | CartesianToSpherical(wrap_lon_at=360), (X, Y)),
    (models.RotateCelestial2Native(10.0, 20.0, 180.0) | models.Sky2Pix_TAN(), (10 + X, 20 + Y)),
    (models.Rotation2D(30.0), (X, Y)),  # of no kind that is known here
    (models.Shift(1.0) & models.Shift(2.0) | models.Rotation2D(30.0), (X, Y)),
    (distortion(64), (30 + 30 * X, 30 + 30 * Y)),
]


@pytest.mark.parametrize(("model", "values"), STANDARD)
def test_stored_models_are_read(model, values):
    node = encode({"model": model})["model"]
    transform = node.light()
    for found, wanted in zip(transform(*values), np.atleast_2d(model(*values)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert transform.stored() is transform.source
    assert isinstance(transform, Foreign) == isinstance(model, models.Rotation2D)


def test_the_inverse_that_was_stored_goes_before_the_one_that_follows():
    model = models.Shift(1.0)
    model.inverse = models.Shift(-1.5)
    transform = encode({"model": model})["model"].light()
    assert transform.inverse(np.array([1.0]))[0] == -0.5


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("names", [None, ("b", "a")])
def test_limits_are_those_of_x_and_y_however_they_were_given(order, names):
    model = models.Shift(1.0) & models.Shift(2.0)
    if names:
        model.inputs = names
    bind_bounding_box(model, ((0.0, 10.0), (20.0, 30.0)), order=order)
    stored = encode({"model": model})["model"]
    assert stored.light().box == stored.decode().bounding_box.bounding_box(order="F")
    x, y = stored.light().box
    assert (x, y) == (((0, 10), (20, 30)) if order == "F" else ((20, 30), (0, 10)))


def test_what_has_no_inverse_says_so():
    bent = Polynomial(np.eye(3))
    assert bent.inverse is None
    assert Chain((both(Shift(1.0), Shift(1.0)), bent)).inverse is None
    assert Beside((bent, bent), (2, 2)).inverse is None
    assert Remap((0, 0), 2).inverse is None
    assert Remap((0, 1, 0, 1), 2).inverse.picks == (0, 1)
    assert foreign(models.Polynomial2D(1)).inverse is None


def test_a_model_of_astropy_is_a_transform_too():
    model = distortion(64)
    transform = foreign(model)
    np.testing.assert_array_equal(transform(X, Y), model(X, Y))
    np.testing.assert_array_equal(transform.inverse(X, Y), model.inverse(X, Y))
    assert foreign(transform) is transform


@pytest.mark.parametrize(
    "entries",
    [
        "transform/shift-1.4.0 {}",
        "transform/compose-1.4.0 {forward: 3}",
        "transform/polynomial-1.3.0 {coefficients: [[1, 2], [3, x]]}",
        "transform/affine-1.5.0 {matrix: [1, 2, 3]}",
    ],
)
def test_damaged_transforms_are_told(entries):
    head = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n---\n"
    node = read_tree(f"{head}m: !{entries}\n...\n".encode(), "file.asdf")["m"]
    with pytest.raises(InvalidInput, match=r"file\.asdf: a transform of coordinates is damaged"):
        node.light()
