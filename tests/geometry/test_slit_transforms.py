"""Transforms by slit and by spectral order, read from trees."""

import numpy as np
import pytest
from tests.geometry.test_transforms import decode, node

from webbcal.core.errors import InvalidInput
from webbcal.geometry.transforms.slits import PlaneToSlit, SlitToPlaneOnly, number_of
from webbcal.io.asdf_tree import encode, read_tree, render_tree

SHIFTS = """!transform/concatenate-1.2.0
    forward: [!transform/shift-1.2.0 {offset: %g}, !transform/shift-1.2.0 {offset: %g}]
"""
PLANE = f"slits: [7, 9]\n  models:\n  - {SHIFTS % (1, 2)}  - {SHIFTS % (-5, 10)}"
THREE = PLANE.replace(
    "- !transform/concatenate-1.2.0\n    forward: ",
    "- !transform/concatenate-1.2.0\n    forward:\n    - !transform/concatenate-1.2.0\n"
    "      forward: ",
)
THREE = THREE.replace("}]\n", "}]\n    - !transform/scale-1.2.0 {factor: 3.0}\n")
RECORD = ["S200A1", 3, 0, 0.0, 0.0, -0.55, 0.55, 5, 1, "1", "n", "a", 0, 0, 0, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("slit", "number"),
    [(7, 7), ("12", 12), ([*RECORD, 7], 7), (["31", 3], 31), (["42", *RECORD[1:], -9999], 42)],
)
def test_the_number_of_a_slit(slit, number):
    assert number_of(slit) == number


def test_a_name_is_no_number():
    assert np.isnan(number_of("S200A1"))


@pytest.mark.parametrize("version", ["0.7.0", "1.2.0"])
def test_each_slit_has_its_own_transform(version):
    model = decode(node("slit_to_msa", PLANE, version))
    number = np.array([7.0, 9.0, np.nan, 7.0])
    x, y, passed = model(number, np.arange(4.0), np.zeros(4))
    np.testing.assert_array_equal(x, [1, -4, np.nan, 4])
    np.testing.assert_array_equal(y, [2, 10, np.nan, 2])
    np.testing.assert_array_equal(passed, number)


@pytest.mark.parametrize(
    ("tag", "body", "version"),
    [
        ("slit_to_msa", PLANE, "1.2.0"),
        ("msa_to_slit", PLANE, "1.0.0"),
        ("gwa_to_slit", THREE, "1.1.0"),
        ("slit_to_gwa", THREE, "1.0.0"),
    ],
)
def test_there_and_back_and_through_a_file(tag, body, version):
    model = decode(node(tag, body, version))
    given = [np.array([0.25, 0.5])] * len(model.inputs)
    given[model.inputs.index("name")] = np.array([7.0, 9.0])
    found = model(*given)
    np.testing.assert_allclose(model.inverse(*found), given, rtol=1e-14)
    again = read_tree(render_tree(encode({"m": model}), "a tree"), "a tree")["m"]
    newest = "1.0.0" if tag in ("slit_to_gwa", "msa_to_slit") else "1.2.0"
    assert again.tag.endswith(f"{tag}-{newest}")
    np.testing.assert_array_equal(again.decode()(*given), found)


def test_old_files_do_not_pass_the_number_on():
    body = f"inputs: [name, x_slit, y_slit]\n  outputs: [x_msa, y_msa]\n  {PLANE}"
    model = decode(node("slit_to_msa", body, "1.0.0"))
    assert isinstance(model, SlitToPlaneOnly)
    assert model(9.0, 1.0, 1.0) == (-4.0, 11.0)


def test_a_slit_that_is_not_there_is_told():
    model = decode(node("msa_to_slit", PLANE, "1.0.0"))
    assert isinstance(model, PlaneToSlit)
    with pytest.raises(ValueError, match="there is no slit 8"):
        model(0.0, 0.0, 8.0)
    with pytest.raises(InvalidInput, match="cannot decode"):
        decode(node("msa_to_slit", PLANE.replace("[7, 9]", "[7]"), "1.0.0"))


@pytest.mark.parametrize("tag", ["niriss_soss-1.2.0", "niriss-soss-0.7.0"])
def test_each_spectral_order_has_its_own_transform(tag):
    name, _, version = tag.rpartition("-")
    body = (
        "spectral_orders: [1, 2]\n  models:\n"
        "  - !transform/remap_axes-1.1.0 {mapping: [0, 1, 1]}\n"
        "  - !transform/remap_axes-1.1.0 {mapping: [1, 0, 0]}"
    )
    model = decode(node(name, body, version))
    assert model(10.0, 20.0, 1.0) == (10.0, 20.0, 20.0)
    assert model(10.0, 20.0, 2.0) == (20.0, 10.0, 10.0)
    with pytest.raises(ValueError, match="no spectral order 3"):
        model(10.0, 20.0, 3.0)
