"""Properties of segments."""

import numpy as np
import pytest
from photutils.segmentation import SegmentationImage, SourceCatalog
from scipy import ndimage

from webbcal.kernels.arrays import frozen
from webbcal.kernels.segments import peaks, point_statistics, segment_boxes, segment_sums
from webbcal.steps.source_catalog.shapes import dao_profile


def scene():
    rng = np.random.default_rng(1)
    image = ndimage.gaussian_filter(rng.normal(0, 1, (60, 70)), 2).astype(np.float32)
    labels, count = ndimage.label(image > 0.2)
    return image, labels.astype(np.int32), count, rng.uniform(0.1, 0.2, image.shape).astype("f4")


def test_boxes_areas_and_peaks():
    image, labels, count, _ = scene()
    boxes = segment_boxes(frozen(labels), count)
    found = ndimage.find_objects(labels)
    for k, (rows, columns) in enumerate(found):
        assert boxes[k].tolist() == [
            rows.start,
            rows.stop - 1,
            columns.start,
            columns.stop - 1,
            (labels == k + 1).sum(),
        ]
    places = peaks(frozen(labels), frozen(boxes), frozen(image))
    expected = ndimage.maximum_position(image, labels, range(1, count + 1))
    np.testing.assert_array_equal(places[:, ::-1], expected)


def test_moments_and_sums_are_those_of_photutils():
    image, labels, count, err = scene()
    boxes = segment_boxes(frozen(labels), count)
    level = np.full_like(image, 0.05)
    moments, sums = segment_sums(*map(frozen, (labels, boxes, image, image, level, err)))
    catalog = SourceCatalog(
        image - level, SegmentationImage(labels), convolved_data=image, error=err
    )
    np.testing.assert_allclose(moments[:, 1] / moments[:, 0] + boxes[:, 2], catalog.x_centroid)
    np.testing.assert_allclose(moments[:, 2] / moments[:, 0] + boxes[:, 0], catalog.y_centroid)
    np.testing.assert_allclose(sums[:, 0], catalog.segment_flux, rtol=1e-5)
    np.testing.assert_allclose(np.sqrt(sums[:, 1]), catalog.segment_flux_err, rtol=1e-5)


def test_unknown_pixels_are_left_out():
    image, labels, count, err = scene()
    boxes = segment_boxes(frozen(labels), count)
    level = np.zeros_like(image)
    y, x = np.argwhere(labels == 1)[0]
    known = segment_sums(*map(frozen, (labels, boxes, image, image, level, err)))
    with_hole = image.copy()
    with_hole[y, x] = np.nan
    moments, sums = segment_sums(*map(frozen, (labels, boxes, with_hole, with_hole, level, err)))
    assert sums[0, 0] == pytest.approx(known[1][0, 0] - image[y, x], rel=1e-5)
    assert moments[0, 0] == pytest.approx(known[0][0, 0] - image[y, x], rel=1e-5)


def stamp(width_x, width_y, angle=0.0):
    y, x = np.mgrid[-15:16, -15:16]
    u = x * np.cos(angle) + y * np.sin(angle)
    v = -x * np.sin(angle) + y * np.cos(angle)
    return np.exp(-(u**2) / (2 * width_x**2) - v**2 / (2 * width_y**2)).astype(np.float32)


def statistics(image):
    profile, mask = dao_profile(0.85, 1.5)
    place = frozen(np.array([[15, 15]]))
    return point_statistics(frozen(image), place, frozen(profile), frozen(mask))[0]


def test_the_profile_measures_the_height_of_a_star_on_any_background():
    profile, mask = dao_profile(0.85, 1.5)
    star = stamp(0.85, 0.85)[13:18, 13:18]
    assert (profile * (3 * star + 7)).sum() == pytest.approx(3, rel=1e-6)
    assert mask.sum() == 13


def test_round_sources_are_round_and_sharp_ones_sharp():
    assert statistics(stamp(0.85, 0.85))[1] == pytest.approx(0, abs=1e-5)
    assert abs(statistics(stamp(2.0, 0.9, 0.4))[1]) > 0.1
    hot = np.zeros((31, 31), np.float32)
    hot[15, 15] = 1
    assert statistics(hot)[0] > statistics(stamp(0.85, 0.85))[0] > statistics(stamp(2.5, 2.5))[0]


def test_nothing_can_be_said_of_a_hole():
    assert np.isnan(statistics(-stamp(0.85, 0.85))[0])
    assert np.isnan(statistics(np.full((31, 31), np.nan, np.float32))).all()
