"""Sums over circles, and levels in rings."""

import numpy as np
import pytest
from photutils.aperture import CircularAnnulus, CircularAperture
from tests.naive import sources as naive

from webbcal.kernels.apertures import aperture_sums, overlap, ring_levels
from webbcal.kernels.arrays import frozen

ALONE = frozen(np.ones(1))


def image_of_noise(shape=(40, 44), seed=1):
    rng = np.random.default_rng(seed)
    sci = rng.normal(3, 1, shape).astype(np.float32)
    return sci, rng.uniform(0.5, 1.5, shape).astype(np.float32)


def sums_of(sci, err, centres, radii, blur=0.0, correlation=ALONE):
    centres = frozen(np.atleast_2d(np.asarray(centres, float)))
    radii = frozen(np.atleast_1d(np.asarray(radii, float)))
    return aperture_sums(frozen(sci), frozen(err), centres, radii, blur, frozen(correlation))


def test_parts_of_pixels_add_up_to_the_circle():
    for radius in (0.2, 0.7, 1.0, 3.3):
        parts = [overlap(x + 0.31, y - 0.12, radius) for y in range(-6, 7) for x in range(-6, 7)]
        assert sum(parts) == pytest.approx(np.pi * radius**2, rel=1e-12)
        assert min(parts) > -1e-12
        assert max(parts) <= 1 + 1e-12


def test_overlap_is_what_counting_points_gives():
    shape, place = (9, 9), (4.23, 3.81)
    expected = naive.weights(shape, place, 2.6)
    got = [[overlap(x - place[0], y - place[1], 2.6) for x in range(9)] for y in range(9)]
    np.testing.assert_allclose(got, expected, atol=2e-4)


@pytest.mark.parametrize("radius", [0.4, 0.944, 2.12, 7.7])
def test_sums_are_those_of_photutils(radius):
    sci, err = image_of_noise()
    centres = np.random.default_rng(2).uniform(12, 28, (6, 2))
    expected = CircularAperture(centres, radius).do_photometry(sci.astype(float))[0]
    np.testing.assert_allclose(sums_of(sci, err, centres, radius)[:, 0, 0], expected, rtol=1e-10)


def test_sharpening_and_correlated_errors_as_the_definition_says():
    sci, err = image_of_noise((14, 15))
    place, radius, blur = (7.3, 6.6), 2.4, 0.125
    correlation = np.array([2 / 3, 1 / 6])
    own = np.array(
        [[overlap(x - place[0], y - place[1], radius) for x in range(15)] for y in range(14)]
    )
    total, variance, area, along_x, along_y = sums_of(sci, err, place, radius, blur, correlation)[
        0, 0
    ]
    assert total == pytest.approx((own * naive.sharpened(sci, blur)).sum(), rel=1e-6)
    used = naive.sharpened(own, blur)  # symmetric: the same for weights as for values
    assert variance == pytest.approx(naive.variance(used, err, correlation), rel=1e-6)
    assert area == pytest.approx(np.pi * radius**2)
    second = [np.diff(sci.astype(float), 2, axis=1)[:, :], np.diff(sci.astype(float), 2, axis=0)]
    assert along_x == pytest.approx((own[:, 1:-1] * second[0]).sum(), rel=1e-6)
    assert along_y == pytest.approx((own[1:-1] * second[1]).sum(), rel=1e-6)


def test_variance_is_the_scatter_of_sums_over_correlated_noise():
    rng = np.random.default_rng(4)
    taps = np.array([0.5 + 0.5 / np.sqrt(3), 0.5 - 0.5 / np.sqrt(3)])  # correlation 2/3, 1/6
    fluxes = []
    for _ in range(400):
        noise = rng.standard_normal((20, 20))
        for axis in (0, 1):
            noise = np.apply_along_axis(np.convolve, axis, noise, taps, "same")
        sci = noise.astype(np.float32)
        result = sums_of(sci, np.ones_like(sci), (9.3, 9.8), 2.1, 0.125, np.array([2 / 3, 1 / 6]))
        fluxes.append(result[0, 0, 0])
    assert np.std(fluxes) == pytest.approx(np.sqrt(result[0, 0, 1]), rel=5 / np.sqrt(2 * 400))


def test_a_circle_that_touches_an_unknown_pixel_has_no_sum():
    sci, err = image_of_noise()
    sci[20, 20] = np.nan
    err[10, 10] = np.nan
    sums = sums_of(sci, err, [(22, 20), (10, 12), (1, 15), (30, 15), (23.6, 20)], 3.0, 0.1)[:, 0, 0]
    assert np.isnan(sums).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("crowded", [False, True])
def test_levels_are_clipped_medians_of_rings(crowded):
    sci, err = image_of_noise()
    sci[12, 12:25] += 200
    labels = np.zeros(sci.shape, np.int32)
    labels[:, 22:] = 3 if not crowded else 0
    place, inner, outer = (20.4, 19.7), 5.0, 10.0
    mask = CircularAnnulus(place, inner, outer).to_mask(method="center").to_image(sci.shape) > 0
    labels[15:22, 10:15] = 2
    own = frozen(np.array([2]))
    chosen = mask & ((labels == 0) | (labels == 2))
    middle, deviation, kept = naive.clipped_median(sci[chosen].astype(float))
    level, error, count = ring_levels(
        *map(frozen, (sci, err, labels)), own, frozen(np.array([place])), inner, outer, 0.25
    )[0]
    assert count == kept.sum()
    assert level == pytest.approx(middle)
    variance = (np.pi / 2 - 1) * deviation**2 + (err[chosen][kept].astype(float) ** 2).mean()
    assert error == pytest.approx(np.sqrt(variance / kept.sum()))


def test_sources_stay_in_a_ring_that_would_be_left_without():
    sci, err = image_of_noise()
    place = frozen(np.array([(20.0, 20.0)]))
    own = frozen(np.array([7]))
    everywhere = frozen(np.ones(sci.shape, np.int32))
    nowhere = frozen(np.zeros(sci.shape, np.int32))
    with_sources, without = (
        ring_levels(frozen(sci), frozen(err), labels, own, place, 5.0, 9.0, 0.25)
        for labels in (everywhere, nowhere)
    )
    np.testing.assert_array_equal(with_sources, without)


def test_error_of_the_level_is_its_scatter_in_correlated_noise():
    rng = np.random.default_rng(5)
    taps = np.array([0.5 + 0.5 / np.sqrt(3), 0.5 - 0.5 / np.sqrt(3)])
    noise = rng.standard_normal((600, 600))
    for axis in (0, 1):
        noise = np.apply_along_axis(np.convolve, axis, noise, taps, "same")
    sci = noise.astype(np.float32)
    y, x = np.mgrid[15:585:24, 15:585:24]
    places = frozen(np.stack([x.ravel(), y.ravel()], axis=1).astype(float))
    nowhere = frozen(np.zeros(sci.shape, np.int32))
    own = frozen(np.arange(1, len(places) + 1))
    levels = ring_levels(
        frozen(sci), frozen(np.ones_like(sci)), nowhere, own, places, 8.0, 12.0, 0.25
    )
    pulls = levels[:, 0] / levels[:, 1]
    assert pulls.std() == pytest.approx(1, abs=4 / np.sqrt(2 * len(pulls)))


def test_nothing_known_gives_no_level():
    sci = np.full((20, 20), np.nan, np.float32)
    nowhere = frozen(np.zeros(sci.shape, np.int32))
    place = frozen(np.array([(10.0, 10.0), (np.nan, 3.0)]))
    own = frozen(np.array([1, 2]))
    levels = ring_levels(frozen(sci), frozen(sci), nowhere, own, place, 3.0, 6.0, 0.25)
    assert np.isnan(levels[:, :2]).all()
    assert (levels[:, 2] == 0).all()
