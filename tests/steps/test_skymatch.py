"""Sky levels of dithered exposures whose sky is known."""

import dataclasses

import numpy as np
import pytest
from tests.steps.dithers import dithers, tools

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput
from webbcal.numerics.sky_level import SkyLevel
from webbcal.spec.references.sky import SkyList
from webbcal.steps.skymatch import match_sky
from webbcal.steps.skymatch.levels import Difference, Overlap, overlaps
from webbcal.steps.skymatch.options import SkyMatchOptions
from webbcal.steps.skymatch.solution import solve

SKY = np.array([0.30, 0.35, 0.28, 0.40])
OFFSETS = [(0.0, 0.0), (30.3, 12.2), (-21.7, 25.1), (14.4, -33.3)]


def observed(**changes):
    settings = {
        "offsets": OFFSETS,
        "size": 200,
        "stars": 120,
        "hits": 150,
        "sky": SKY,
        "width": 0.8,
    }
    return dithers(**(settings | changes)).images


def levels(result):
    return np.array([image.meta.background.level for image in result.images])


def match(images, sky_list=None, **options):
    return match_sky(images, sky_list, SkyMatchOptions(**options), tools())


@pytest.mark.parametrize("statistic", ["mode", "median", "mean", "midpt"])
def test_differences_of_the_sky_are_true(statistic):
    # Noise 0.04 MJy/sr, 20 000 pixels in common: 4e-4 for the median of one pair, twice that for
    # its mode, less for the solution.
    found = levels(match(observed(), skystat=statistic))
    assert found.min() == 0.0
    limit = 1.2e-3 if statistic == "mode" else 8e-4
    np.testing.assert_allclose(found, SKY - SKY.min(), atol=limit)


def test_errors_fall_as_noise_averages_out():
    errors = []
    for seed in range(6):
        found = levels(match(observed(seed=seed, hits=0), skystat="median"))
        errors.append((found - found.mean()) - (SKY - SKY.mean()))
    per_pair = 1.25 * np.sqrt(2) * 0.041 / np.sqrt(26000)
    assert np.std(errors) < per_pair
    assert np.abs(np.mean(errors, axis=0)).max() < 1.5 * per_pair / np.sqrt(6)


def test_faint_sources_cancel_although_one_exposure_is_less_deep():
    # So many faint stars that they raise the statistic of each exposure, in different ways.
    def error_of_shallow(found):
        wrong = found - SKY
        return wrong[1] - np.delete(wrong, 1).mean()

    alone, matched = [], []
    for seed in range(3):
        deep = [1.0, 2.5, 1.0, 1.0]
        images = observed(stars=3000, brightest=3.0, depth=deep, width=1.3, seed=seed, hits=0)
        alone.append(error_of_shallow(levels(match(images, skymethod="local"))))
        matched.append(error_of_shallow(levels(match(images))))
    # Noise of the mean of three: 1.2 x 0.11 / sqrt(3 x 27 000).
    assert abs(np.mean(matched)) < 3 * 4.6e-4 < 2.5e-3 < abs(np.mean(alone))


def test_brightest_is_zero_when_matched_up():
    found = levels(match(observed(), match_down=False, skystat="median"))
    np.testing.assert_allclose(found, SKY - SKY.max(), atol=8e-4)


def test_global_level_is_what_remains_of_the_lowest():
    found = levels(match(observed(stars=10), skymethod="global+match", skystat="median"))
    np.testing.assert_allclose(found, SKY, atol=3e-3)


def test_local_and_global_levels():
    images = observed(stars=10, hits=0)
    own = levels(match(images, skymethod="local"))
    np.testing.assert_allclose(own, SKY, atol=3e-3)
    lowest = levels(match(images, skymethod="global"))
    np.testing.assert_array_equal(lowest, own.min())


def test_images_of_a_group_share_a_level():
    groups = ["a", "a", "b", "b"]
    images = observed(group=groups, sky=[0.3, 0.3, 0.4, 0.4])
    found = levels(match(images, skystat="median"))
    assert found[0] == found[1] == 0.0
    assert found[2] == found[3]
    np.testing.assert_allclose(found[2], 0.1, atol=8e-4)
    own = levels(match(observed(group=groups), skymethod="local"))
    assert own[0] == own[1] and own[2] == own[3] != own[0]


def test_subtraction_leaves_the_same_sky_and_keeps_the_rest():
    images = observed()
    result = match(images, subtract=True, skystat="median")
    for before, after in zip(images, result.images, strict=True):
        assert after.meta.background.subtracted is True
        expected = before.sci - np.float32(after.meta.background.level)
        np.testing.assert_allclose(after.sci, expected, atol=1e-6)
        np.testing.assert_array_equal(after.dq, before.dq)
        np.testing.assert_array_equal(after.err, before.err)
    again = match(result.images, subtract=True, skystat="median")
    np.testing.assert_allclose(levels(again), levels(result), atol=1e-5)


def test_without_subtraction_pixels_stay():
    images = observed()
    result = match(images)
    for before, after in zip(images, result.images, strict=True):
        assert after.sci is before.sci
        assert after.meta.background.subtracted is False
        assert after.meta.background.method == "match"


def test_rolled_exposures_are_matched():
    images = observed(rolls=[40.0, 95.0, 220.0, 40.0])
    np.testing.assert_allclose(levels(match(images, skystat="median")), SKY - SKY.min(), atol=1e-3)


def test_an_exposure_without_overlap_is_named_and_others_are_matched():
    offsets = [*OFFSETS[:3], (900.0, 0.0)]
    result = match(observed(offsets=offsets), skystat="median")
    assert set(result.reasons) == {3} and "overlaps with no" in result.reasons[3]
    np.testing.assert_allclose(levels(result)[:3], SKY[:3] - SKY[:3].min(), atol=1e-3)
    assert levels(result)[3] == 0.0
    both = match(observed(offsets=offsets), skymethod="global+match", skystat="median")
    assert not both.reasons and "g3" in both.remarks[0]


def test_parts_without_overlap_have_zeros_of_their_own():
    offsets = [(0.0, 0.0), (20.0, 5.0), (900.0, 0.0), (910.0, 20.0)]
    result = match(observed(offsets=offsets), skystat="median")
    assert not result.reasons and "2 parts" in result.remarks[0]
    np.testing.assert_allclose(levels(result), [0.0, 0.05, 0.0, 0.12], atol=1.2e-3)


def test_an_exposure_without_usable_pixels_is_named():
    images = observed()
    flagged = np.full_like(images[1].dq, DQ.NON_SCIENCE)
    images = (images[0], dataclasses.replace(images[1], dq=flagged), *images[2:])
    for method in ("match", "local", "global"):
        result = match(images, skymethod=method)
        assert set(result.reasons) == {1}
        assert levels(result)[1] == 0.0
    result = match(images, skymethod="local", dqbits="~DO_NOT_USE")
    assert not result.reasons


def test_limits_leave_pixels_out():
    images = observed(stars=0, hits=0)
    bright = levels(match(images, skymethod="local", skystat="mean", lower=0.35))
    assert (bright > 0.35).all()
    with pytest.raises(CannotCalibrate, match="no pixel"):
        match(images, skymethod="local", lower=1e6)


def test_what_cannot_be_matched_is_told():
    images = observed()
    with pytest.raises(CannotCalibrate, match="one group"):
        match(images[:1])
    assert levels(match(images[:1], skymethod="local", skystat="median"))[0] > 0.29
    with pytest.raises(CannotCalibrate, match="overlap"):
        match(observed(offsets=[(0, 0), (900, 0)], sky=[0.3, 0.4]))


def test_a_level_known_before_must_have_been_treated_alike():
    images = observed()
    subtracted = match(images, subtract=True).images
    with pytest.raises(InvalidInput, match="subtracted"):
        match(subtracted, subtract=False)
    with pytest.raises(InvalidInput, match="subtracted"):
        match(match(images).images, subtract=True)
    assert levels(match(match(images).images)).tolist() == levels(match(images)).tolist()


def test_levels_of_a_list_belong_to_names():
    rows = [(b"jw00001_00000_nrcb1_cal.fits", 0.1), (b"folder/jw00001_00002_nrcb1", 0.2)]
    listed = SkyList(levels=np.array(rows, [("name", "S255"), ("level", "f8")]))
    result = match(observed(), listed, skymethod="user")
    assert levels(result).tolist() == [0.1, 0.0, 0.2, 0.0]
    assert set(result.reasons) == {1, 3}
    with pytest.raises(CannotCalibrate, match="skylist"):
        match(observed(), None, skymethod="user")


def test_many_overlaps_are_thinned_and_stay_connected():
    class Patch:
        def __init__(self, place):
            self.place, self.shape = place, (1000, 1000)

        def may_overlap(self, other):
            return True

        def nodes(self, step):
            y, x = np.mgrid[0 : 1000 + step : step, 0 : 1000 + step : step].astype(float)
            return np.stack([x + 200 * self.place, y], axis=-1)

        def pixels(self, directions):
            return directions - [200 * self.place, 0]

    patches = [Patch(0) for _ in range(60)] + [Patch(3) for _ in range(60)]
    pairs = overlaps(patches, range(120))
    assert len(pairs) < 12 * 120
    found = [Difference(p.first, p.second, SkyLevel(0.0, 1.0, 100)) for p in pairs]
    assert solve(found, range(120), 120, True).parts == (tuple(range(120)),)
    assert len(overlaps(patches[:10], range(10))) == 45
    assert overlaps(patches[:2], [0, 0]) == []
    assert isinstance(pairs[0], Overlap)


def test_threads_change_nothing():
    from concurrent.futures import ThreadPoolExecutor

    images = observed()
    with ThreadPoolExecutor(3) as pool:
        several = match_sky(images, None, SkyMatchOptions(), tools(pool.map))
    assert levels(several).tolist() == levels(match(images)).tolist()
