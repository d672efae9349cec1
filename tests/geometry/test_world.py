"""World coordinates: limits, searched inverses, corrections, objects of the gwcs library."""

import numpy as np
import pytest
from astropy.modeling.models import Polynomial2D, Rotation2D, Scale, Shift
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry import correction
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.mosaic_grid import Orientation, mosaic_grid
from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.geometry.world import as_world

POINTING = Pointing(-120.0, -500.0, 0.002, -69.4, 134.5, 1.0000987)
SHAPE = 200, 256
X, Y = np.random.default_rng(3).uniform(0, 199, (2, 60))


def image(optics=None, shape=SHAPE):
    return imaging_wcs(distortion(256) if optics is None else optics, POINTING, shape)


def test_gwcs_says_the_same():
    ours = image()
    theirs = ours.decode()
    np.testing.assert_allclose(ours(X, Y), theirs(X, Y), rtol=0, atol=1e-13)
    np.testing.assert_allclose(ours.invert(*ours(X, Y)), theirs.invert(*ours(X, Y)), atol=1e-8)
    assert tuple(theirs.available_frames) == ours.frames
    assert theirs.array_shape == ours.array_shape
    assert theirs.bounding_box.bounding_box(order="F") == ours.box
    assert ours.decode() is theirs


def test_outside_the_limits_is_nowhere_unless_asked_for():
    ours = image()
    x, y = np.array([-1.0, 255.6, 3.0]), np.array([3.0, 3.0, 199.6])
    assert np.isnan(ours(x, y)).all()
    sky = ours(x, y, with_bounding_box=False)
    assert np.isfinite(sky).all()
    assert np.isnan(ours.invert(*sky)).all()
    back = ours.invert(*sky, with_bounding_box=False)
    np.testing.assert_allclose(back, (x, y), atol=1e-5)  # as good as the fitted inverse


def test_a_transform_without_an_inverse_is_searched():
    bent = [Polynomial2D(2, c1_0=0.031, c2_0=3e-7), Polynomial2D(2, c0_1=0.031, c1_1=-2e-7)]
    from astropy.modeling.models import Mapping

    optics = Mapping((0, 1, 0, 1)) | bent[0] & bent[1] | Shift(-120.0) & Shift(-500.0)
    ours = image(optics)
    np.testing.assert_allclose(ours.invert(*ours(X, Y)), (X, Y), atol=1e-6)
    nowhere = ours.invert(np.array([180.0]), np.array([69.4]))
    assert np.isnan(nowhere).all()


@pytest.mark.parametrize("optics", [None, "unknown"])
def test_those_of_gwcs_become_ours(optics):
    """A part of a kind that is not known here is evaluated by astropy."""
    if optics:
        turned = Rotation2D(30.0) | Scale(0.03) & Scale(0.03)
        optics = Shift(-100) & Shift(-99) | turned | Shift(-120.0) & Shift(-500.0)
    theirs = image(optics).decode()
    ours = as_world(theirs)
    np.testing.assert_allclose(ours(X, Y), theirs(X, Y), rtol=0, atol=1e-13)
    assert ours.frames == tuple(theirs.available_frames)
    assert ours.box == theirs.bounding_box.bounding_box(order="F")
    again = ours.with_(name="mine").decode()
    np.testing.assert_allclose(again(X, Y), theirs(X, Y), rtol=0, atol=1e-13)
    assert as_world(ours) is ours


@pytest.mark.parametrize("times", [1, 2])
def test_a_correction_moves_positions_by_what_was_asked_for(times):
    plane = TangentPlane(0.002, -69.4)
    turn = np.deg2rad(0.01)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def moved(ra, dec):
        return plane.to_sky(plane.from_sky(ra, dec) @ matrix.T + [0.1, -0.2])

    wanted = image()(X, Y)
    ours = image()
    for _ in range(times):
        wanted = moved(*wanted)
        ours = correction.corrected(ours, (-120.0, -500.0), moved, SHAPE, 6)
    found = plane.from_sky(*ours(X, Y)) - plane.from_sky(*wanted)
    assert np.abs(found).max() < 1e-6  # arcsec
    assert ours.frames == ("detector", "v2v3", "v2v3vacorr", "v2v3corr", "world")
    np.testing.assert_allclose(ours.invert(*ours(X, Y)), (X, Y), atol=3e-6)
    assert ours.box == image().box
    np.testing.assert_allclose(ours.decode()(X, Y), ours(X, Y), rtol=0, atol=1e-12)


def test_a_correction_is_that_of_tweakwcs():
    from tweakwcs import JWSTWCSCorrector

    angles = {"v2_ref": -120.0, "v3_ref": -500.0, "roll_ref": 134.5}
    corrector = JWSTWCSCorrector(image().decode(), angles)
    matrix, shift = np.array([[1.0001, 2e-4], [-1e-4, 0.9999]]), np.array([0.1, -0.2])

    def moved(ra, dec):
        plane = np.stack(corrector.world_to_tanp(ra, dec))
        return corrector.tanp_to_world(*(matrix @ plane + shift[:, None]))

    ours = correction.corrected(image(), (-120.0, -500.0), moved, SHAPE, 6)
    corrector.set_correction(matrix=matrix, shift=shift)
    off = np.array(ours(X, Y)) - corrector.wcs(X, Y)
    assert np.abs(off).max() * 3600 < 1e-7


def test_what_is_not_seen_from_the_telescope_cannot_be_corrected():
    grid = mosaic_grid([image()], Orientation(0.002, -69.4, 134.5, 0.3, -1))
    with pytest.raises(InvalidInput, match="a frame of V2 and V3"):
        correction.corrected(grid.wcs, (0.0, 0.0), lambda ra, dec: (ra, dec), SHAPE, 6)
