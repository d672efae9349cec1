"""Sources whose segments touch."""

import numpy as np
import pytest
from tests.naive import sources as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.deblending import EXPONENTIAL, LINEAR, SINH, deblend, flood_from, thresholds
from webbcal.kernels.segments import segment_boxes

EIGHT = np.ones((3, 3))


def blobs(shape, places, sigma=2.5):
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.zeros(shape)
    for x0, y0, height in places:
        image += height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))
    return image.astype(np.float32)


def separate(image, limit, npixels=5, levels=32, mode=EXPONENTIAL, contrast=0.001):
    labels = (image > limit).astype(np.int32)
    box = segment_boxes(frozen(labels), 1)[0]
    rules = frozen(np.array([npixels, levels, mode, 8]))
    part = deblend(frozen(image), frozen(labels), 1, frozen(box), rules, contrast)
    return part, labels[box[0] : box[1] + 1, box[2] : box[3] + 1], box


def test_two_sources_share_the_pixels_of_their_segment():
    image = blobs((30, 40), [(14, 15, 10), (23, 15, 6)])
    part, mask, box = separate(image, 0.3)
    assert part.max() == 2
    np.testing.assert_array_equal(part > 0, mask > 0)
    assert part[15 - box[0], 14 - box[2]] != part[15 - box[0], 23 - box[2]]
    # The valley between equal widths lies where both contribute the same.
    valley = np.flatnonzero(np.diff(part[15 - box[0]]))[-1] + box[2] + 0.5
    assert valley == pytest.approx(18.5 + np.log(10 / 6) * 2.5**2 / 9, abs=1)


def test_one_source_stays_one():
    assert separate(blobs((30, 30), [(14, 15, 10)]), 0.3)[0].size == 0
    assert separate(np.full((9, 9), 2, np.float32), 1.0)[0].size == 0


def test_what_is_fainter_than_the_contrast_goes_to_its_neighbour():
    image = blobs((30, 40), [(12, 15, 10), (27, 15, 0.2)], sigma=2.0) + np.float32(0.02)
    assert separate(image, 0.01, contrast=0.001)[0].max() == 2
    assert separate(image, 0.01, contrast=0.2)[0].size == 0


def test_small_peaks_are_no_sources():
    image = blobs((30, 40), [(14, 15, 10)])
    image[15, 20] += 8
    assert separate(image, 0.3, npixels=5)[0].size == 0
    assert separate(image, 0.3, npixels=1)[0].max() == 2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("mode", [EXPONENTIAL, LINEAR, SINH])
def test_same_as_by_recursion_on_crowded_segments(seed, mode):
    rng = np.random.default_rng(seed)
    places = np.column_stack(
        [rng.uniform(5, 40, 9), rng.uniform(5, 30, 9), 10 ** rng.uniform(0, 1.5, 9)]
    )
    image = blobs((36, 46), places) + rng.normal(0, 0.02, (36, 46)).astype(np.float32)
    from scipy import ndimage

    regions, _ = ndimage.label(image > 0.2, EIGHT)
    biggest = np.argmax(np.bincount(regions.ravel())[1:]) + 1
    image = np.where(regions == biggest, image, np.float32(-1))
    part, mask, box = separate(image, 0.2, npixels=6, levels=12, mode=mode, contrast=0.0)
    cut = np.where(mask > 0, image[box[0] : box[1] + 1, box[2] : box[3] + 1], -np.inf)
    known = cut[mask > 0].astype(float)
    bounds = thresholds(known.min(), known.max(), 12, mode)
    alone = naive.separate_regions(cut, bounds, 6, EIGHT)
    if len(alone) < 2:
        assert part.size == 0
        return
    expected = naive.watershed(cut, mask > 0, alone, EIGHT)
    pairs = {(int(a), int(b)) for a, b in zip(part[mask > 0], expected[mask > 0], strict=True)}
    assert len(pairs) == len(alone) == part.max()


def test_levels_lie_between_the_extremes():
    for mode in (EXPONENTIAL, LINEAR, SINH):
        levels = thresholds(2.0, 50.0, 7, mode)
        assert (np.diff(levels) > 0).all()
        assert 2 < levels[0] < levels[-1] < 50
    np.testing.assert_allclose(
        np.diff(np.log(thresholds(2.0, 50.0, 7, EXPONENTIAL))), np.log(25) / 8
    )


def test_flooding_from_given_places():
    image = blobs((30, 40), [(14, 15, 10), (23, 15, 6)])
    above = (image > 0.3).astype(np.uint8)
    seeds = np.array([[14, 15], [23, 15], [36, 3]])
    labels = flood_from(frozen(image), frozen(above), frozen(seeds), 8)
    expected = naive.watershed(image, above > 0, [(15, 14), (15, 23)], EIGHT)
    np.testing.assert_array_equal(np.where(labels == 3, 0, labels), expected)
    assert np.argwhere(labels == 3).tolist() == [[3, 36]]
