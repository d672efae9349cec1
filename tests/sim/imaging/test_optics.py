"""Distortion: its model, its inverse, and the area of pixels."""

import asdf
import numpy as np
import pytest

from webbcal.core.errors import InvalidInput
from webbcal.sim.imaging.optics import SHAPES, PolynomialPlane, pixel_area, plane_of, to_pixel
from webbcal.sim.instruments import DETECTORS, instrument_of


def points(name, rng, count=200):
    instrument = instrument_of(DETECTORS[name])
    return rng.uniform(-0.5, instrument.columns - 0.5, count), rng.uniform(
        -0.5, instrument.rows - 0.5, count
    )


@pytest.mark.parametrize("name", SHAPES)
def test_the_model_of_the_reference_is_the_distortion(name):
    rng = np.random.default_rng(3)
    plane = PolynomialPlane(DETECTORS[name])
    x, y = points(name, rng)
    v2, v3 = plane.to_telescope(x, y)
    model = plane.model()
    np.testing.assert_allclose(model(x, y), (v2, v3), rtol=0, atol=1e-9)
    back = np.array(model.inverse(v2, v3)) - (x, y)
    assert np.abs(back).max() < 1e-4
    exact = np.array(to_pixel(plane, v2, v3)) - (x, y)
    assert np.abs(exact).max() < 1e-8


@pytest.mark.parametrize("name", SHAPES)
def test_detectors_are_where_they_are_and_bent(name):
    plane, chip = PolynomialPlane(DETECTORS[name]), DETECTORS[name]
    instrument = instrument_of(chip)
    x, y = instrument.columns / 2 - 0.5, instrument.rows / 2 - 0.5
    v2, v3 = (float(a[0]) for a in plane.to_telescope(np.array([x]), np.array([y])))
    assert np.hypot(v2 - chip.v2, v3 - chip.v3) < (25 if name == "MIRIMAGE" else 2)
    area = pixel_area(plane, np.array([x]), np.array([y]))[0]
    assert np.sqrt(area) == pytest.approx(chip.pixel_scale, rel=0.02)
    corners = pixel_area(plane, np.array([0.0, 2 * x]), np.array([0.0, 2 * y]))
    assert 1e-4 < np.abs(corners / area - 1).max() < 0.1


def test_neighbours_do_not_overlap():
    names = [name for name in SHAPES if name.startswith("NRCB") and name != "NRCBLONG"]
    edge = np.linspace(0, 2047, 9)
    x, y = (a.ravel() for a in np.meshgrid(edge, edge))
    for one in names:
        v2, v3 = PolynomialPlane(DETECTORS[one]).to_telescope(x, y)
        for other in names:
            at = to_pixel(PolynomialPlane(DETECTORS[other]), v2, v3)
            inside = (np.abs(np.array(at) - 1023.5) < 1024).all(axis=0)
            assert inside.all() if one == other else not inside.any()


def test_pixel_area_is_the_solid_angle_on_the_sky():
    plane = PolynomialPlane(DETECTORS["NRCA1"])
    x, y = np.array([100.0, 101, 101, 100]) - 0.5, np.array([50.0, 50, 51, 51]) - 0.5
    v2, v3 = (np.deg2rad(a / 3600) for a in plane.to_telescope(x, y))
    corners = np.stack([np.cos(v3) * np.cos(v2), np.cos(v3) * np.sin(v2), np.sin(v3)], -1)
    diagonals = np.cross(corners[2] - corners[0], corners[3] - corners[1])
    solid = np.linalg.norm(diagonals) / 2 * np.rad2deg(3600) ** 2
    found = pixel_area(plane, np.array([100.0]), np.array([50.0]))[0]
    assert found == pytest.approx(solid, rel=1e-6)


def test_a_file_of_the_observatory_replaces_the_own_values(tmp_path):
    own = PolynomialPlane(DETECTORS["NRCB4"])
    tree = {"meta": {"instrument": {"detector": "NRCB4"}}, "model": own.model()}
    asdf.AsdfFile(tree).write_to(tmp_path / "some_distortion.asdf")
    plane = plane_of(DETECTORS["NRCB4"], str(tmp_path))
    x, y = points("NRCB4", np.random.default_rng(1), 20)
    np.testing.assert_allclose(plane.to_telescope(x, y), own.to_telescope(x, y), atol=1e-9)
    with pytest.raises(InvalidInput, match="NRCA1"):
        plane_of(DETECTORS["NRCA1"], str(tmp_path))


def test_spectrographs_have_no_distortion_here():
    with pytest.raises(InvalidInput, match="MIRIFULONG"):
        plane_of(DETECTORS["MIRIFULONG"])
