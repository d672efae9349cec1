"""Patches of the sky: positions agree with the transforms, anywhere on the sky."""

import numpy as np
import pytest
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.sky_patch import sky_patch

SIZE = 256
STEP = 32


def image(ra=80.0, dec=-69.4, roll=30.0, shape=(SIZE, SIZE)):
    pointing = Pointing(500.0, -500.0, ra, dec, roll)
    return imaging_wcs(distortion(SIZE, curvature=0.03, v2=500.0), pointing, shape)


@pytest.mark.parametrize("place", [(80.0, -69.4), (0.0, 0.0), (359.9999, 40.0), (10.0, 89.999)])
@pytest.mark.parametrize("roll", [30.0, 75.0])
def test_nodes_are_where_the_transforms_say(place, roll):
    ra, dec = place
    first, second = image(ra, dec, 30.0), image(ra, dec - 0.0005, roll)
    patches = [sky_patch(wcs, (SIZE, SIZE)) for wcs in (first, second)]
    assert patches[0].error < 1e-3
    assert patches[0].may_overlap(patches[1])
    found = patches[0].nodes_in(patches[1], STEP)
    y, x = np.mgrid[0 : SIZE + STEP - 1 : STEP, 0 : SIZE + STEP - 1 : STEP].astype(float)
    sky = first(x, y, with_bounding_box=False)
    exact = np.stack(second.invert(*sky, with_bounding_box=False), axis=-1)
    inside = ((exact > -0.5) & (exact < SIZE - 0.5)).all(axis=-1)
    assert inside.sum() > 30
    np.testing.assert_allclose(found[inside], exact[inside], atol=2e-3)
    outside = ~inside & np.isfinite(found).all(axis=-1)
    assert not ((found[outside] > 0) & (found[outside] < SIZE - 1)).all(axis=-1).any()


def test_patches_apart_do_not_overlap():
    here, there = (sky_patch(image(ra), (SIZE, SIZE)) for ra in (80.0, 80.1))
    assert not here.may_overlap(there)
    opposite = sky_patch(image(260.0, 69.4), (SIZE, SIZE))
    assert np.isnan(here.nodes_in(opposite, STEP)).all()


def test_pixels_without_coordinates_belong_to_no_patch():
    wcs = image().within(((9.5, 200.5), (-0.5, 99.5)))
    patch = sky_patch(wcs, (SIZE, SIZE))
    assert patch.box == (0, 100, 10, 201)
    wcs = wcs.within(((300.5, 310.5), (-0.5, 99.5)))
    with pytest.raises(InvalidInput, match="no place on the sky"):
        sky_patch(wcs, (SIZE, SIZE))
