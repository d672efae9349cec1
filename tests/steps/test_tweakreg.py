"""tweakreg recovers where exposures looked, and says where it cannot."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS as FitsWcs
from tests.geometry.distortions import distortion
from tests.steps.pointed import (
    DEC,
    RA,
    TOOLS,
    observe,
    relative_rms,
    run,
)

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidOptions, InvalidReference
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.io.write import write_product
from webbcal.refs.star_tables import load_source_list
from webbcal.spec.references.astrometry import STAR_DTYPE, AstrometricCatalog, SourceLists

DITHERS = [(0.0, 0.0), (1.5, 0.7), (-0.8, 2.0), (2.1, -1.3)]
ERRORS = [(0.012, -0.021), (-0.018, 0.009), (0.025, 0.02), (0.1, -0.07)]
SMALL = 256


def field(**more):
    return observe(DITHERS, ERRORS, **({"size": SMALL, "count": 60} | more))


@pytest.fixture(scope="module")
def plain():
    return field()


def sky(observed, **columns):
    """Return the true catalogue of a field."""
    stars = np.full(observed.ra.size, np.nan, STAR_DTYPE)
    stars["ra"], stars["dec"], stars["weight"] = observed.ra, observed.dec, 1.0
    stars["pmra"] = stars["pmdec"] = 0.0
    for name, values in columns.items():
        stars[name] = values
    return AstrometricCatalog(stars=stars)


def rms(errors):
    return float(np.sqrt(np.mean(np.square(errors))))


def group(result, number):
    return result.figures["groups"][number]


def test_dithers_lie_on_each_other(plain):
    before = plain.errors_mas(plain.images)
    after = plain.errors_mas(run(plain.images).images)
    assert relative_rms(before) > 35
    assert relative_rms(after) < 0.1


def test_the_middle_of_the_groups_stays_or_the_first(plain):
    middle = np.median(plain.errors_mas(plain.images).mean(axis=1), axis=0)
    after = plain.errors_mas(run(plain.images).images)
    np.testing.assert_allclose(after.mean(axis=(0, 1)), middle, atol=0.2)
    first = plain.errors_mas(run(plain.images, enforce_user_order=True).images)
    np.testing.assert_allclose(first[0], plain.errors_mas(plain.images)[0], atol=1e-6)
    assert relative_rms(first) < 0.1


def test_a_catalogue_gives_the_place_on_the_sky(plain):
    result = run(plain.images, sky(plain))
    assert rms(plain.errors_mas(result.images)) < 0.1
    assert result.images[0].wcs.name == "FIT-LVL3-catalogue"


@pytest.mark.parametrize(
    ("optics", "most"),
    [
        ({"wavelength": 7.7, "scale": 0.11, "size": 128}, 0.3),
        ({"wavelength": 0.9, "count": 90}, 0.2),
        ({"brightest": 40.0, "faintest": 6.0, "count": 120}, 0.5),
    ],
)
def test_other_stars(optics, most):
    seen = field(**optics)
    assert rms(seen.errors_mas(run(seen.images, sky(seen)).images)) < most


def test_proper_motions_are_applied_to_the_time_of_the_exposures(plain):
    rng = np.random.default_rng(3)
    motions = rng.normal([40.0, -25.0], 0.3, (plain.ra.size, 2))  # mas/yr
    years = 2000.0 + (60000.0 - 51544.5) / 365.25 - 2016.0
    plane = TangentPlane(RA, DEC)
    then = plane.from_sky(plain.ra, plain.dec) - motions * years / 1e3
    ra, dec = plane.to_sky(then)
    moving = {"pmra": motions[:, 0], "pmdec": motions[:, 1], "epoch": 2016.0}
    result = run(plain.images, sky(plain, ra=ra, dec=dec, **moving))
    assert rms(plain.errors_mas(result.images)) < 0.1
    still = run(plain.images, sky(plain, ra=ra, dec=dec))
    assert rms(plain.errors_mas(still.images)) > 100


def test_proper_motions_need_times(plain):
    with pytest.raises(InvalidReference, match="epoch"):
        run(plain.images, sky(plain, pmra=3.0))
    timeless = [
        image.with_changes(meta=image.meta.replace({"exposure.mid_time": None}))
        for image in plain.images
    ]
    with pytest.raises(InvalidReference, match="EXPMID"):
        run(timeless, sky(plain, pmra=3.0, epoch=2016.0))


def test_stars_of_unknown_motion_do_not_count(plain):
    unknown = np.arange(plain.ra.size) < 20
    off = sky(
        plain,
        ra=plain.ra + np.where(unknown, 0.2 / 3600, 0),
        pmra=np.where(unknown, np.nan, 1e-9),
        epoch=2016.0,
    )
    result = run(plain.images, off, abs_minobj=8, abs_nclip=0)
    assert rms(plain.errors_mas(result.images)) < 0.1


def test_weights_and_errors_of_the_catalogue_count(plain):
    rng = np.random.default_rng(8)
    bad = rng.random(plain.ra.size) < 0.5
    noise = np.where(bad, 5.0, 0.05)  # mas
    shifted = plain.dec + rng.normal(0, noise) / 3.6e6
    weighted = run(plain.images, sky(plain, dec=shifted, error=noise))
    blind = run(plain.images, sky(plain, dec=shifted), abs_nclip=0)
    assert rms(weighted_error := plain.errors_mas(weighted.images)) < 0.1
    assert rms(weighted_error) < 0.3 * rms(plain.errors_mas(blind.images))


@pytest.mark.parametrize(("size", "count"), [(128, 200), (100, 600)])
def test_small_crowded_fields(size, count):
    seen = observe(np.array(DITHERS) / 5, ERRORS, size=size, count=count, faintest=10.0)
    result = run(seen.images)
    assert not result.reasons
    assert relative_rms(seen.errors_mas(result.images)) < 0.3


def test_cosmic_rays_are_no_stars():
    seen = field(cosmic_rays=150)
    assert rms(seen.errors_mas(run(seen.images, sky(seen)).images)) < 0.1


def test_false_pairs_do_not_survive(plain):
    rng = np.random.default_rng(4)
    wrong = rng.random(plain.ra.size) < 0.3
    off = sky(plain, ra=plain.ra + wrong * rng.choice([-1, 1], wrong.size) * 0.05 / 3600)
    result = run(plain.images, off)
    assert rms(plain.errors_mas(result.images)) < 0.15
    assert not result.reasons


def test_every_detection_of_a_star_counts():
    """With faint stars, the scatter of the frame falls with the number of detections."""
    seen = observe([(0.1 * n, 0.05 * n) for n in range(8)], np.zeros((8, 2)), size=SMALL, count=80)
    dim = [with_noise(image, 8.0, n) for n, image in enumerate(seen.images)]
    many = run(dim, sky(seen), minobj=8, abs_minobj=8)
    one = [
        rms(seen.errors_mas(run([image], sky(seen), abs_minobj=8).images * 8)) for image in dim[:4]
    ]
    assert seen.errors_mas(many.images).mean(axis=(0, 1)) == pytest.approx(0, abs=0.7 * rms(one))


def with_noise(image, sigma, seed):
    noise = np.random.default_rng(seed).normal(0, sigma, image.sci.shape)
    err = np.hypot(image.err, sigma).astype(np.float32)
    return image.with_changes(sci=(image.sci + noise).astype(np.float32), err=err)


def test_a_roll_is_kept_only_if_the_stars_support_it():
    seen = field(rolls=[0.0, 0.0, 120.0, -60.0], size=400)
    result = run(seen.images, sky(seen))
    assert rms(seen.errors_mas(result.images)) < 0.1
    geometries = [row["geometry"] for row in result.figures["groups"]]
    assert geometries == ["shift", "shift", "rshift", "rshift"]
    assert group(result, 2)["roll_sigma"] > 5
    shifts = run(seen.images, sky(seen), fitgeometry="shift", minobj=5)
    assert rms(seen.errors_mas(shifts.images)) > 0.3


@pytest.mark.parametrize("geometry", ["shift", "rshift", "rscale", "general"])
def test_what_is_not_needed_is_not_fitted(plain, geometry):
    result = run(plain.images, fitgeometry=geometry)
    assert [row["geometry"] for row in result.figures["groups"]] == ["shift"] * 4


def test_a_group_that_does_not_fit_is_named_and_touches_nothing(plain):
    other = observe([(0.5, 0.5)], [(0.0, 0.0)], size=SMALL, count=60, seed=77)
    stray = other.images[0]
    stray = stray.with_changes(meta=stray.meta.replace({"group_id": "stray"}))
    without = run(plain.images)
    result = run([plain.images[0], stray, *plain.images[1:]])
    assert list(result.reasons) == [1]
    assert result.images[1] is stray
    assert group(result, 1)["aligned"] is False
    assert group(result, 1)["reason"]
    for one, same in zip([result.images[0], *result.images[2:]], without.images, strict=True):
        # The common plane touches the sky elsewhere: rounding differs.
        np.testing.assert_allclose(one.wcs(10.0, 20.0), same.wcs(10.0, 20.0), rtol=0, atol=1e-10)


def test_a_group_that_fits_the_catalogue_only_is_aligned(plain):
    errors = [*ERRORS[:3], (3.0, -1.0)]
    seen = observe(DITHERS, errors, size=SMALL, count=60)
    relative = run(seen.images)
    assert list(relative.reasons) == [3]
    absolute = run(seen.images, sky(seen))
    assert not absolute.reasons
    assert rms(seen.errors_mas(absolute.images)) < 0.1


def test_a_pattern_that_fits_in_two_places_is_not_aligned():
    seen = observe(DITHERS, ERRORS, size=SMALL, places=lattice(0.5))
    with pytest.raises(CannotCalibrate, match="two offsets are as likely"):
        run(seen.images)


def lattice(step):
    line = np.arange(-4, 4.01, step)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def test_a_catalogue_of_another_field_is_refused(plain):
    other = np.random.default_rng(9).uniform(-5, 5, (plain.ra.size, 2))
    ra, dec = TangentPlane(RA, DEC).to_sky(other)
    result = run(plain.images, sky(plain, ra=ra, dec=dec))
    assert set(result.reasons) == {0, 1, 2, 3}
    assert "not with the catalogue" in result.reasons[0]
    assert relative_rms(plain.errors_mas(result.images)) < 0.1
    far = run(plain.images, sky(plain, ra=plain.ra - 5))
    assert "0 stars there" in far.reasons[0]


def test_too_few_stars_are_named():
    seen = field(count=10)
    with pytest.raises(CannotCalibrate, match="15 needed"):
        run(seen.images)


def test_one_group_needs_a_catalogue(plain):
    with pytest.raises(CannotCalibrate, match="only one group"):
        run(plain.images[:1])
    result = run(plain.images[:1], sky(plain))
    assert rms(plain.errors_mas(result.images * 4)[0]) < 0.15


def test_detectors_of_one_exposure_move_together():
    names = ["a_nrcb1_cal.fits", "a_nrcb2_cal.fits", "b_nrcb1_cal.fits", "b_nrcb2_cal.fits"]
    seen = observe(
        [(-3.0, 0.0), (3.0, 0.0), (-2.0, 1.0), (4.0, 1.0)],
        [ERRORS[0], ERRORS[0], ERRORS[3], ERRORS[3]],
        size=SMALL,
        count=140,
        spread=2.2,
        names=names,
    )
    images = [
        image.with_changes(meta=image.meta.replace({"group_id": name[0]}))
        for image, name in zip(seen.images, names, strict=True)
    ]
    result = run(images)
    assert len(result.figures["groups"]) == 2
    assert relative_rms(seen.errors_mas(result.images)) < 0.1


def test_unusable_images_are_named(plain):
    flagged = plain.images[1]
    flagged = flagged.with_changes(dq=np.full(flagged.dq.shape, DQ.DO_NOT_USE, np.uint32))
    blind = plain.images[2]
    blind = blind.with_changes(meta=blind.meta.replace({"wcs": None}))
    result = run([plain.images[0], flagged, blind, plain.images[3]])
    assert set(result.reasons) == {1, 2}
    assert "too few stars: 0," in result.reasons[1]
    assert "world coordinates" in result.reasons[2]
    with pytest.raises(CannotCalibrate):
        run([flagged, flagged.with_changes(meta=flagged.meta.replace({"group_id": "x"}))])


def test_an_absurd_pointing_is_named(plain):
    lost = imaging_wcs(distortion(SMALL), Pointing(-120.0, -500.0, 12.0, 3.0, 5.0), (SMALL, SMALL))
    away = plain.images[1].with_changes(meta=plain.images[1].meta.replace({"wcs": lost}))
    result = run([plain.images[0], away, *plain.images[2:]])
    assert list(result.reasons) == [1]
    assert "degrees away" in result.reasons[1]


def test_saturated_and_flagged_cores_have_no_position(plain):
    images = []
    for image, wcs in zip(plain.images, plain.true_wcs, strict=True):
        x, y = (
            np.rint(v).astype(int) for v in wcs.invert(plain.ra, plain.dec, with_bounding_box=False)
        )
        bright = np.argsort(-plain.flux)[:8]
        sci, dq = image.sci.copy(), image.dq.copy()
        for n in bright:
            part = np.s_[max(y[n] - 1, 0) : y[n] + 1, max(x[n] - 1, 0) : x[n] + 2]  # not even
            sci[part], dq[part] = np.nan, DQ.DO_NOT_USE | DQ.SATURATED
        images.append(image.with_changes(sci=sci, dq=dq))
    result = run(images, sky(plain), minobj=8, abs_minobj=8)
    assert rms(plain.errors_mas(result.images)) < 0.15


def test_lists_of_stars_may_be_given(plain):
    lists = {}
    for image, wcs in zip(plain.images, plain.true_wcs, strict=True):
        x, y = wcs.invert(plain.ra, plain.dec, with_bounding_box=False)
        stars = np.zeros(x.size, [("x", "f8"), ("y", "f8"), ("flux", "f8")])
        stars["x"], stars["y"], stars["flux"] = x, y, np.nan
        lists[image.meta.filename] = stars
    empty = [i.with_changes(sci=np.zeros_like(i.sci)) for i in plain.images]
    result = run(empty, lists=SourceLists(lists=lists), use_custom_catalogs=True)
    assert relative_rms(plain.errors_mas(result.images)) < 0.01
    named = [
        i.with_changes(meta=i.meta.replace({"tweakreg_catalog": i.meta.filename})) for i in empty
    ]
    result = run(named, tools=replace(TOOLS, star_list=lists.get), use_custom_catalogs=True)
    assert relative_rms(plain.errors_mas(result.images)) < 0.01
    with pytest.raises(InvalidOptions):
        run(named, use_custom_catalogs=True)


def test_lists_of_stars_and_of_the_catalogue_are_handed_out(plain):
    result = run(plain.images, sky(plain), save_catalogs=True, save_abs_catalog=True)
    stars = result.of_images["cat"][0].stars
    x, y = plain.true_wcs[0].invert(plain.ra, plain.dec, with_bounding_box=False)
    nearest = np.hypot(stars["xcentroid"][:, None] - x, stars["ycentroid"][:, None] - y).min(axis=1)
    assert np.median(nearest) < 0.01
    assert np.all(np.diff(stars["flux"]) <= 0)
    used = result.products["ref"].stars
    assert set(used["row"]) <= set(range(plain.ra.size))
    np.testing.assert_allclose(used["RA"], plain.ra[used["row"]], atol=1e-10)
    alone = run(plain.images[:1], save_catalogs=True)
    assert list(alone.reasons) == [0]
    assert len(alone.of_images["cat"]) == 1


def test_lists_of_stars_are_tables_in_fits_on_request(plain, tmp_path):
    lists = {}
    for form in ("ecsv", "fits"):
        result = run(plain.images, save_catalogs=True, catalog_format=form)
        product = result.of_images["cat"][0]
        assert product.storage == form
        lists[form] = product.stars
        path = tmp_path / f"a_cat.{form}"
        write_product(product, path)
        # What was written may be given as a list of one's own.
        read = load_source_list(path)
        np.testing.assert_allclose(read["x"], product.stars["xcentroid"], atol=1e-4)
        np.testing.assert_allclose(read["flux"], product.stars["flux"], rtol=1e-5)
    np.testing.assert_array_equal(lists["fits"], lists["ecsv"])
    assert fits.getdata(tmp_path / "a_cat.fits", 1).columns["xcentroid"].unit == "pix"


@pytest.mark.parametrize("finder", ["dao", "segmentation"])
def test_other_ways_to_find_stars(plain, finder):
    more = {"roundlo": -1.0, "roundhi": 1.0, "sharplo": 0.2} if finder == "dao" else {}
    result = run(plain.images, starfinder=finder, **more)
    assert relative_rms(plain.errors_mas(result.images)) < 0.1


@pytest.mark.parametrize("deblend", [True, False])
def test_stars_that_touch_are_parted(deblend):
    line = np.stack([np.linspace(-3, 3, 20), np.zeros(20)], axis=1)
    close = np.concatenate([line + np.array([0, 1]), line + np.array([0, 1.22])])  # 7 pixels
    seen = observe(DITHERS[:1], ERRORS[:1], size=SMALL, places=close, faintest=2000.0)
    found = run(seen.images, starfinder="segmentation", deblend=deblend, save_catalogs=True)
    # The middle of two is no star.
    assert group(found, 0)["stars"] == (40 if deblend else 0)


def test_what_is_asked_of_stars_counts(plain):
    few = run(plain.images, brightest=20, minobj=5).figures["groups"]
    assert all(row["stars"] == 20 for row in few)
    dim = run(plain.images, peakmax=50.0, minobj=5).figures["groups"]
    full = run(plain.images).figures["groups"]
    assert all(one["stars"] < other["stars"] for one, other in zip(dim, full, strict=True))


def test_a_given_offset_instead_of_a_search():
    seen = observe(DITHERS[:2], [(0.0, 0.0), (1.0, -0.6)], size=SMALL, count=60)
    given = {"use2dhist": False, "tolerance": 0.3, "enforce_user_order": True}
    result = run(seen.images, xoffset=1.0, yoffset=-0.6, **given)
    assert relative_rms(seen.errors_mas(result.images)) < 0.1
    with pytest.raises(CannotCalibrate):
        run(seen.images, **given)


def test_same_bits_from_several_threads(plain):
    with ThreadPoolExecutor(3) as pool:
        several = run(plain.images, tools=replace(TOOLS, parallel=pool.map))
    for one, other in zip(several.images, run(plain.images).images, strict=True):
        np.testing.assert_array_equal(one.wcs(3.0, 5.0), other.wcs(3.0, 5.0))


def test_inputs_stay_as_they_were(plain):
    before = plain.images[0].wcs(1.0, 2.0)
    result = run(plain.images)
    assert plain.images[0].wcs(1.0, 2.0) == before
    assert result.images[0].sci is plain.images[0].sci


def test_the_new_coordinates_are_standard_ones(plain):
    image = run(plain.images, sky(plain)).images[0]
    frames = ["detector", "v2v3", "v2v3vacorr", "v2v3corr", "world"]
    assert image.wcs.available_frames == frames
    buffer = io.BytesIO()
    asdf.AsdfFile({"wcs": image.wcs}).write_to(buffer)
    buffer.seek(0)
    with asdf.open(buffer) as file:
        wcs = file["wcs"]
    assert wcs.name == "FIT-LVL3-catalogue"
    assert wcs.bounding_box.bounding_box(order="F") == ((-0.5, SMALL - 0.5), (-0.5, SMALL - 0.5))
    x, y = np.random.default_rng(1).uniform(0, SMALL - 1, (2, 50))
    np.testing.assert_array_equal(wcs(x, y), image.wcs(x, y))
    np.testing.assert_allclose(wcs.invert(*wcs(x, y)), (x, y), atol=1e-4)


def test_footprint_and_approximation_follow(plain):
    image = run(plain.images, sky(plain), sip_approx=True).images[3]
    words = image.meta.wcsinfo.s_region.split()
    corners = np.array(words[2:], float).reshape(-1, 2)
    expected = np.transpose(image.wcs([-0.5, -0.5, 255.5, 255.5], [-0.5, 255.5, 255.5, -0.5]))
    np.testing.assert_allclose(corners, expected, atol=1e-8)
    header = fits.Header()
    for name, value in image.meta.wcsinfo.items():
        if len(name) <= 8 and name not in ("v2_ref", "v3_ref", "ra_ref", "dec_ref"):
            header[name] = value
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, SMALL, SMALL
    x, y = np.meshgrid(np.arange(0, SMALL, 25.0), np.arange(0, SMALL, 25.0))
    ra, dec = image.wcs(x, y)
    back = FitsWcs(header).all_world2pix(ra, dec, 0)
    assert np.hypot(back[0] - x, back[1] - y).max() < 0.02


def test_aligned_again_nothing_moves(plain):
    once = run(plain.images, sky(plain))
    twice = run(once.images, sky(plain))
    assert rms(plain.errors_mas(twice.images)) < 0.1
    assert twice.images[0].wcs.available_frames.count("v2v3corr") == 1


def test_figures_tell_the_shifts(plain):
    result = run(plain.images, sky(plain))
    placed = result.figures["on_the_catalogue"][0]
    assert placed["aligned"]
    for number, error in enumerate(ERRORS):
        row = group(result, number)
        assert row["aligned"]
        assert row["pairs"] > 15
        assert row["rms_mas"] < 2
        found = row["shift_east_mas"], row["shift_north_mas"]
        np.testing.assert_allclose(found, np.multiply(error, 1e3), atol=0.2)
    vectors = result.figures["residuals"]
    assert len({len(values) for values in vectors.values()}) == 1


def test_services_are_asked_for_the_field_or_told_of(plain):
    asked = []

    def answer(name, ra, dec, radius):
        asked.append((name, ra, dec, radius))
        return sky(plain)

    result = run(plain.images, abs_refcat="GAIADR3", tools=replace(TOOLS, query_stars=answer))
    assert rms(plain.errors_mas(result.images)) < 0.1
    (name, ra, dec, radius) = asked[0]
    plane = TangentPlane(ra, dec)
    assert name == "GAIADR3"
    for wcs in plain.true_wcs:
        corners = plane.from_sky(*wcs([0, 0, 255, 255], [0, 255, 0, 255]))
        assert np.hypot(*corners.T).max() / 3600 < radius
    with pytest.raises(InvalidOptions, match="GAIADR3"):
        run(plain.images, abs_refcat="HUBBLE")


def silent(name, ra, dec, radius):
    raise CannotCalibrate(f"{name} does not answer")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (None, "no way to ask GAIADR3"),
        (silent, "GAIADR3 does not answer"),
        (lambda *asked: sky(field(count=5)), "GAIADR3 has 5 stars there, 15 needed"),
    ],
)
def test_without_a_service_exposures_are_aligned_with_each_other(plain, query, said):
    result = run(plain.images, abs_refcat="GAIADR3", tools=replace(TOOLS, query_stars=query))
    alone = run(plain.images)
    assert relative_rms(plain.errors_mas(result.images)) < 0.3
    for image, other in zip(result.images, alone.images, strict=True):
        assert image.wcs(10.0, 20.0) == other.wcs(10.0, 20.0)
        assert image.wcs.name == other.wcs.name  # which would name a catalogue
    assert not result.reasons
    (remark,) = result.remarks
    assert said in remark
    assert "nothing is laid on a catalogue" in remark
    assert result.figures["catalogue"] == "none"
    (placed,) = result.figures["on_the_catalogue"]
    assert not placed["aligned"]
    assert said in placed["reason"]


def test_one_group_without_a_service_is_not_aligned(plain):
    tools = replace(TOOLS, query_stars=silent)
    with pytest.raises(CannotCalibrate, match=r"only group.*GAIADR3 does not answer"):
        run(plain.images[:1], abs_refcat="GAIADR3", tools=tools)


def test_a_file_with_few_stars_is_a_reason_for_each_exposure(plain):
    result = run(plain.images, sky(field(count=5)))
    assert len(result.reasons) == len(plain.images)
    assert all("the catalogue has 5 stars there" in reason for reason in result.reasons.values())


def test_options_without_effect_are_known(plain):
    result = run(plain.images, in_memory=False, output_use_model=False)
    assert result.figures == run(plain.images).figures


@pytest.mark.parametrize(
    "wrong",
    [{"kron_params": (1.0,)}, {"sharplo": 3.0}, {"fitgeometry": "bent"}, {"brightest": 0}],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(InvalidOptions):
        run([], **wrong)
