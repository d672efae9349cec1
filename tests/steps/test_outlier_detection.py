"""Outliers of dithered images: cosmic rays of known place are found, stars are left alone."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage
from tests.steps.dithers import dithers, tools

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput, InvalidOptions
from webbcal.io.write import write_product
from webbcal.spec.window import Window
from webbcal.steps.outlier_detection import detect_outliers, median
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions

FLAGS = np.uint32(DQ.OUTLIER | DQ.DO_NOT_USE)
OFFSETS = [(0.0, 0.0), (3.3, 2.2), (-2.7, 5.1), (4.4, -3.8)]
SIZE = 160
EDGE = 8  # pixels that not all dithers see


def detect(images, parallel=map, **options):
    return detect_outliers(images, OutlierDetectionOptions(**options), tools(parallel))


def found_in(result):
    return [image.dq & np.uint32(DQ.OUTLIER) != 0 for image in result.images]


def completeness(field, found, above=10.0):
    """Return the part of the pixels hit by more than so many sigma that were found."""
    inner = np.zeros((SIZE, SIZE), bool)
    inner[EDGE:-EDGE, EDGE:-EDGE] = True
    hit = [(charge > above) & inner for charge in field.struck]
    total = sum(np.count_nonzero(h) for h in hit)
    assert total > 60
    return sum(np.count_nonzero(h & f) for h, f in zip(hit, found, strict=True)) / total


def false(field, found):
    """Return the part of the flags that are more than a pixel away from any charge."""
    near = [ndimage.binary_dilation(c > 0, np.ones((3, 3))) for c in field.struck]
    wrong = sum(np.count_nonzero(f & ~n) for f, n in zip(found, near, strict=True))
    return wrong / sum(np.count_nonzero(f) for f in found)


@pytest.fixture(scope="module")
def field():
    return dithers(OFFSETS, SIZE, stars=8, hits=120)


@pytest.mark.parametrize(("groups", "wanted"), [(2, 0.98), (3, 0.995), (4, 0.995)])
def test_cosmic_rays_are_found(field, groups, wanted):
    part = dataclasses.replace(field, images=field.images[:groups], struck=field.struck[:groups])
    result = detect(part.images)
    assert completeness(part, found_in(result)) > wanted
    assert false(part, found_in(result)) < 0.02
    assert result.figures["outliers"] == [f.sum() for f in found_in(result)]


def test_the_mean_of_two_hides_what_the_lower_one_shows(field):
    pair = dataclasses.replace(field, images=field.images[:2], struck=field.struck[:2])
    mean = completeness(pair, found_in(detect(pair.images, two_groups="mean")))
    lowest = completeness(pair, found_in(detect(pair.images)))
    assert mean < 0.9 < lowest


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_stars_are_no_outliers(groups):
    field = dithers(OFFSETS[:groups], SIZE, stars=200, hits=0, seed=11)
    inner = slice(EDGE, -EDGE)
    flags = sum(f[inner, inner].sum() for f in found_in(detect(field.images)))
    assert sum((s > 1.0).sum() for s in field.stars) > 1000 * groups
    assert flags < 2 * groups


def test_noise_alone_is_hardly_ever_an_outlier():
    field = dithers(OFFSETS[:2], 300, stars=0, hits=0)
    assert sum(f.sum() for f in found_in(detect(field.images))) <= 2


def test_outliers_are_unusable_in_every_array(field):
    for before, after in zip(field.images, detect(field.images).images, strict=True):
        outlier = after.dq & FLAGS == FLAGS
        assert outlier.sum() > 50
        np.testing.assert_array_equal(after.dq & ~FLAGS, before.dq & ~FLAGS)
        gone = after.dq & np.uint32(DQ.DO_NOT_USE) != 0
        for name in ("sci", "err", "var_poisson", "var_rnoise"):
            new, old = getattr(after, name), getattr(before, name)
            np.testing.assert_array_equal(new, np.where(gone, np.nan, old).astype(np.float32))
        window = Window(31, 77, 19, 102, (SIZE, SIZE))
        np.testing.assert_array_equal(after.cut(window).dq, after.dq[31:77, 19:102])
        np.testing.assert_array_equal(after.cut(window).sci, after.sci[31:77, 19:102])


def test_pixels_without_a_value_become_unusable(field):
    first = field.images[0]
    err = first.err.copy()
    err[50, 60] = np.nan
    images = (dataclasses.replace(first, err=err), *field.images[1:])
    after = detect(images).images[0]
    assert after.dq[50, 60] & DQ.DO_NOT_USE
    assert np.isnan(after.sci[50, 60]) and np.isnan(after.var_rnoise[50, 60])


@pytest.mark.parametrize("rows", [(16, 16), (64, 64), (512, 512)])
def test_bands_and_threads_change_nothing(field, monkeypatch, rows):
    expected = [image.dq for image in detect(field.images).images]
    monkeypatch.setattr(median, "LEAST_ROWS", rows[0])
    monkeypatch.setattr(median, "MOST_ROWS", rows[1])
    monkeypatch.setattr(median, "BANDS_TOGETHER", 1)
    with ThreadPoolExecutor(3) as pool:
        result = detect(field.images, pool.map)
    for image, dq in zip(result.images, expected, strict=True):
        np.testing.assert_array_equal(image.dq, dq)


@pytest.mark.parametrize("subtract", [False, True])
def test_sky_of_each_exposure_is_allowed_for(subtract):
    sky = [0.3, 1.3, 0.8]
    field = dithers(OFFSETS[:3], SIZE, stars=8, hits=120, sky=sky)
    images = []
    for image, level in zip(field.images, sky, strict=True):
        meta = image.meta.replace({"background.level": level, "background.subtracted": subtract})
        sci = image.sci - np.float32(level if subtract else 0.0)
        images.append(dataclasses.replace(image, sci=sci, meta=meta))
    found = found_in(detect(tuple(images)))
    assert completeness(field, found) > 0.98
    assert false(field, found) < 0.02


def test_detectors_of_one_group_are_one(field):
    shifted = [(0.0, 0.0), (170.0, 0.0), (3.3, 2.2), (173.3, 2.2)]
    pair = dithers(shifted, SIZE, stars=8, hits=120, group=["a", "a", "b", "b"])
    result = detect(pair.images)
    assert not result.reasons
    assert completeness(pair, found_in(result)) > 0.95
    assert false(pair, found_in(result)) < 0.02


@pytest.mark.parametrize(
    "options",
    [
        {"weight_type": "exptime"},
        {"kernel": "turbo"},
        {"kernel": "point"},
        {"pixfrac": 0.6},
        {"good_bits": "~DO_NOT_USE+NON_SCIENCE"},
    ],
)
def test_options_of_the_drops(field, options):
    found = found_in(detect(field.images, **options))
    assert completeness(field, found) > 0.97
    assert false(field, found) < 0.05


def test_thresholds_decide(field):
    counts = [
        sum(f.sum() for f in found_in(detect(field.images, snr=snr, scale=scale)))
        for snr, scale in (("3 2", "0.5 0.3"), ("5.0 4.0", "1.2 0.7"), ("50, 40", "1.2 0.7"))
    ]
    assert counts[0] > 1.2 * counts[1] > 1.2 * counts[2] > 0


def test_low_outliers_are_found(field):
    first = field.images[0]
    sci = first.sci.copy()
    sci[80, 90] = -3.0
    images = (dataclasses.replace(first, sci=sci), *field.images[1:])
    assert found_in(detect(images))[0][80, 90]


def test_intermediate_results(field):
    result = detect(field.images, save_intermediate_results=True, fillval="0")
    middle = result.products["median"]
    groups, blots = result.of_images["outlier_i2d"], result.of_images["blot"]
    assert len(groups) == len(blots) == len(field.images)
    for group, blot, image in zip(groups, blots, field.images, strict=True):
        assert group.sci.shape == group.wht.shape == middle.sci.shape
        assert (group.sci[group.wht == 0] == 0).all()
        assert blot.sci.shape == image.sci.shape
        sky = np.abs(field.stars[0]) < 1e-3
        assert abs(np.nanmedian(blot.sci[sky])) < 0.02
    star = np.unravel_index(np.nanargmax(blots[0].sci), (SIZE, SIZE))
    assert field.stars[0][star] > 0.5 * field.stars[0].max()
    assert not detect(field.images).products


@pytest.mark.parametrize("resample_data", [True, False])
def test_intermediate_results_can_be_written_and_read(tmp_path, resample_data):
    images = dithers([(0.0, 0.0)] * 3, SIZE, stars=8, hits=10, group=["a", "b", "c"]).images
    result = detect(images, save_intermediate_results=True, resample_data=resample_data)
    of_images = {suffix: products[1] for suffix, products in result.of_images.items()}
    made = {k: v for k, v in {**result.products, **of_images}.items() if v is not None}
    on_a_grid = {"outlier_i2d", "blot"} if resample_data else set()
    assert set(made) == {"median"} | on_a_grid
    for suffix, product in made.items():
        write_product(product, tmp_path / f"a_{suffix}.fits")
        with fits.open(tmp_path / f"a_{suffix}.fits") as file:
            np.testing.assert_array_equal(file["SCI"].data, product.sci)
            for name in ("ERR", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"):
                assert file[name].data.shape == product.sci.shape
                assert np.isnan(file[name].data).all()  # not known, which 0 would not say


def test_images_as_they_are():
    field = dithers([(0.0, 0.0)] * 3, SIZE, stars=8, hits=120, group=["a", "b", "c"])
    result = detect(field.images, resample_data=False, save_intermediate_results=True)
    found = found_in(result)
    assert completeness(field, found) > 0.985  # some are hit twice
    # Noise of the median and of the image, 1.2 sigma together, beyond 5 sigma: few in 77 000.
    assert false(field, found) < 0.02
    assert result.products["median"].sci.shape == (SIZE, SIZE)


def test_images_of_other_shapes_cannot_stay_as_they_are(field):
    other = dithers(OFFSETS[:1], 100, stars=0, group=["z"]).images[0]
    with pytest.raises(CannotCalibrate, match="different shape"):
        detect((*field.images, other), resample_data=False)
    assert len(detect((*field.images, other)).images) == 5


def test_an_exposure_apart_is_named_and_stays(field):
    apart = dithers([(900.0, 0.0)], SIZE, stars=0, hits=50, group=["z"]).images[0]
    result = detect((*field.images[:3], apart))
    assert set(result.reasons) == {3}
    assert "no other group" in result.reasons[3]
    assert not found_in(result)[3].any()


def test_a_group_without_usable_pixels_is_named(field):
    first = field.images[0]
    blind = dataclasses.replace(first, dq=np.full_like(first.dq, DQ.DO_NOT_USE))
    result = detect((blind, *field.images[1:]))
    assert result.reasons == {0: "no pixel is usable"}
    part = dataclasses.replace(field, images=field.images[1:], struck=field.struck[1:])
    assert completeness(part, found_in(result)[1:]) > 0.99


def test_what_cannot_be_compared_is_told(field):
    with pytest.raises(CannotCalibrate, match="two or more groups"):
        detect(field.images[:1])
    lost = field.images[0].meta.replace({"wcsinfo.roll_ref": None})
    with pytest.raises(InvalidInput, match="ROLL_REF"):
        detect((dataclasses.replace(field.images[0], meta=lost), *field.images[1:]))


@pytest.mark.parametrize(
    "wrong", [{"snr": "five"}, {"scale": "1 2 3"}, {"snr": "-1 2"}, {"fillval": "blank"}]
)
def test_options_are_checked_before_a_pixel_is_read(wrong):
    with pytest.raises(InvalidOptions):
        OutlierDetectionOptions(**wrong)
