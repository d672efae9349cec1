"""From pixels to the sky: the simulator's own chain against the library's."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.sim.imaging.plan import Plan
from webbcal.sim.imaging.pointing import Attitude
from webbcal.sim.imaging.settings import ImagingProgramme

PROGRAMME = ImagingProgramme(
    detectors="NRCB2,NRCB1", subarray="SUB320", exposures=8, products="rate", roll_error=5.0
)


@pytest.fixture(scope="module")
def plan():
    return Plan.of(PROGRAMME, 4)


def test_the_reference_point_and_the_position_angle():
    attitude = Attitude.of((-120.0, -500.0), (10.0, -45.0), 33.0)
    ra, dec = attitude.sky(np.array([-120.0, -120.0]), np.array([-500.0, -490.0]))
    here, above = SkyCoord(ra, dec, unit="deg")
    assert ra[0] == pytest.approx(10.0, abs=1e-12)
    assert dec[0] == pytest.approx(-45.0, abs=1e-12)
    assert here.separation(above).arcsec == pytest.approx(10.0, rel=1e-6)
    assert here.position_angle(above).deg == pytest.approx(33.0, abs=1e-3)
    assert attitude.roll_at(-120.0, -500.0) == pytest.approx(33.0, abs=1e-9)
    v2, v3 = attitude.telescope(ra, dec)
    np.testing.assert_allclose(v2, -120.0, atol=1e-9)
    np.testing.assert_allclose(v3, [-500.0, -490.0], atol=1e-9)


@pytest.mark.parametrize("number", [0, 7])
@pytest.mark.parametrize("camera", [0, 1])
def test_headers_tell_the_planned_pointing(plan, camera, number):
    """World coordinates made from header and references are those of the plan."""
    camera, pointed = plan.cameras[camera], plan.exposures[number]
    k = camera.keywords(pointed)
    view = camera.view(pointed.planned)
    wcs = imaging_wcs(
        camera.plane.model(),
        Pointing(
            *(k[n] for n in ("V2_REF", "V3_REF", "RA_REF", "DEC_REF", "ROLL_REF", "VA_SCALE"))
        ),
        (320, 320),
        view.corner[::-1],
        view.shift,
    )
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 319, (2, 50))
    ra, dec = wcs(x, y)
    np.testing.assert_allclose(view.pixels(ra, dec), (x, y), atol=1e-6)
    np.testing.assert_allclose(view.sky(x, y), (ra, dec), atol=1e-12)
    assert view.shift != (0.0, 0.0)
    assert k["VA_SCALE"] != 1.0


def test_the_simple_header_points_the_same_way(plan):
    camera, pointed = plan.cameras[0], plan.exposures[1]
    k = camera.keywords(pointed)
    view = camera.view(pointed.planned)
    x, y = np.array([159.5, 259.5, 159.5]), np.array([159.5, 159.5, 259.5])
    ra, dec = view.sky(x, y)
    # The filter moves the image by less than a pixel against the aperture.
    assert ra[0] == pytest.approx(k["CRVAL1"], abs=1e-4)
    assert dec[0] == pytest.approx(k["CRVAL2"], abs=2e-5)
    east = (ra - ra[0]) * np.cos(np.deg2rad(dec[0]))
    for axis, place in ((1, 1), (2, 2)):
        step = np.array([east[place], dec[place] - dec[0]])
        told = np.array([k[f"PC1_{axis}"], k[f"PC2_{axis}"]])
        assert step @ told / np.linalg.norm(step) > 0.9999


def test_pointing_errors_have_the_size_asked_for():
    options = ImagingProgramme(
        detectors="NRCB1", subarray="64x64", exposures=200, stars=1, galaxies=0
    )
    plan = Plan.of(options, 9)
    camera = plan.cameras[0]
    miss = []
    for pointed in plan.exposures:
        ra, dec = camera.view(pointed.planned).sky(np.array([31.5]), np.array([31.5]))
        x, y = camera.view(pointed.true).pixels(ra, dec)
        miss.append([float(x[0]) - 31.5, float(y[0]) - 31.5])
    miss = np.array(miss) * camera.chip.pixel_scale * 1e3
    usual, stray = miss[:150], miss[150:]
    assert np.sqrt((usual**2).sum(axis=1).mean()) == pytest.approx(20.0, rel=0.2)
    assert np.hypot(*stray.mean(axis=0)) == pytest.approx(100.0, abs=8)
    assert [options.visit_of(n) for n in (0, 149, 150, 199)] == [(1, 0), (1, 149), (2, 0), (2, 49)]


def test_dithers_stay_within_their_radius(plan):
    offsets = np.array([pointed.offset for pointed in plan.exposures])
    radius = 320 * 0.031 / 20
    assert np.hypot(*offsets.T).max() == pytest.approx(radius)
    ra, dec = zip(
        *(
            plan.cameras[0].view(p.planned).sky(np.array([159.5]), np.array([159.5]))
            for p in plan.exposures
        ),
        strict=True,
    )
    places = SkyCoord(np.ravel(ra), np.ravel(dec), unit="deg")
    moved = places.separation(places[0]).arcsec
    np.testing.assert_allclose(moved, np.hypot(*offsets.T), rtol=1e-3)
    # A star at x appears at x + offset.
    x, y = plan.cameras[0].view(plan.exposures[3].planned).pixels(ra[0], dec[0])
    expected = offsets[3] / 0.0312
    np.testing.assert_allclose([x[0] - 159.5, y[0] - 159.5], expected, rtol=0.02, atol=0.1)
