"""Sources of mosaics: found, placed, and measured."""

from dataclasses import replace

import numpy as np
import pytest
from photutils.segmentation import SegmentationImage, SourceCatalog
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree
from tests.steps.mosaics import (
    JY,
    correlated_noise,
    mosaic,
    references,
    stars,
    tools,
)

from webbcal.core.errors import CannotCalibrate, InvalidOptions
from webbcal.spec.meta import Meta
from webbcal.spec.products.catalogs import CATALOG_COLUMNS
from webbcal.spec.references import ApertureCorrection, VegaOffset
from webbcal.steps.source_catalog import SourceCatalogOptions, catalogue_sources
from webbcal.steps.source_catalog.photometry import magnitudes
from webbcal.steps.source_catalog.reference_rows import choose_apertures, vega_offset
from webbcal.steps.source_catalog.resampling import resampling_of

SIGMA = 0.01  # MJy/sr
SKY = 0.3


def grid(count, spacing, seed, margin=40):
    """Return places about `spacing` apart, at random within a pixel, and the shape that fits."""
    rng = np.random.default_rng(seed)
    line = margin + spacing * np.arange(count)
    y, x = (values.ravel() for values in np.meshgrid(line, line, indexing="ij"))
    size = 2 * margin + spacing * (count - 1) + 1
    return np.stack([x, y], axis=1) + rng.uniform(-0.5, 0.5, (count**2, 2)), (size, size)


def catalogue(image, refs=None, **options):
    return catalogue_sources(
        image, *(refs or references()), SourceCatalogOptions(**options), tools()
    )


def matched(sources, places, reach=1.0):
    found = np.stack([sources["xcentroid"], sources["ycentroid"]], axis=1)
    distance, index = KDTree(found).query(places)
    return sources[index], distance < reach


def field(count=8, seed=1, fluxes=None, noise=True):
    places, shape = grid(count, 60, seed)
    if fluxes is None:
        fluxes = np.full(len(places), 3e4 * SIGMA * JY)
    sci = stars(shape, places, fluxes) + SKY
    if noise:
        sci = sci + correlated_noise(shape, SIGMA, seed + 1)
    return mosaic(sci, SIGMA), places, fluxes


def test_fluxes_of_bright_stars_are_true_within_half_a_percent():
    image, places, fluxes = field()
    sources, found = matched(catalogue(image).products["cat"].sources, places)
    assert found.all()
    ratio = sources["aper_total_flux"] / fluxes
    assert ratio.mean() == pytest.approx(1, abs=0.005)
    assert ratio.std() < 0.005
    for energy in (30, 50, 70):
        part = sources[f"aper{energy}_flux"] / fluxes * 100
        assert part.mean() == pytest.approx(energy, rel=0.05 if energy < 70 else 0.005)


def test_fluxes_hold_at_other_scales_with_the_same_corrections():
    ratio = 0.5
    places, shape = grid(4, 100, 1, margin=80)
    fluxes = np.full(16, 3e4 * SIGMA * JY)
    sci = stars(shape, places, fluxes, ratio) + SKY
    own = {"resample.pixel_scale_ratio": ratio}
    area = mosaic(sci, SIGMA).meta.photometry.pixelarea_steradians * ratio**2
    image = mosaic(sci, SIGMA, **own, **{"photometry.pixelarea_steradians": area})
    means = []
    for correct in (True, False):
        result = catalogue(image, correct_pixels=correct)
        sources, found = matched(result.products["cat"].sources, places)
        assert found.all()
        means.append((sources["aper_total_flux"] / fluxes).mean())
    assert means[0] == pytest.approx(1, abs=0.005)
    assert means[1] > 1.008


@pytest.mark.parametrize("signal_to_noise", [5, 20, 100])
def test_errors_are_the_scatter_of_fluxes(signal_to_noise):
    count = 16
    fluxes = np.full(count**2, signal_to_noise * SIGMA * JY * np.sqrt(np.pi) * 2.1 / 0.7)
    image, places, _ = field(count, 3, fluxes)
    limits = {"npixels": 3, "snr_threshold": 1.5} if signal_to_noise < 50 else {}
    sources, found = matched(catalogue(image, **limits).products["cat"].sources, places, 2.5)
    assert found.mean() > 0.9
    # Stars that noise hides would be missing on one side: their share is small here.
    pulls = ((sources["aper_total_flux"] - fluxes) / sources["aper_total_flux_err"])[found]
    assert pulls.std() == pytest.approx(1, abs=4 / np.sqrt(2 * found.sum()))


def test_centroids_and_positions():
    image, places, _ = field(5)
    sources, _ = matched(catalogue(image).products["cat"].sources, places)
    x, y = sources["xcentroid"], sources["ycentroid"]
    # The noise alone moves a fitted point-spread function by 0.004 pixel here.
    misses = np.stack([x, y], axis=1) - places
    assert np.sqrt((misses**2).mean()) < 0.006
    assert np.abs(misses).max() < 0.02
    ra, dec = image.wcs(x, y)
    np.testing.assert_allclose(sources["sky_centroid.ra"], ra)
    np.testing.assert_allclose(sources["sky_centroid.dec"], dec)
    assert not sources["is_extended"].any()


def test_the_background_is_that_about_each_source():
    places, shape = grid(4, 60, 1)
    slope = SKY + 0.0002 * np.arange(shape[1])
    sci = stars(shape, places, np.full(16, 1000 * SIGMA * JY)) + slope
    image = mosaic(sci + correlated_noise(shape, SIGMA, 5), SIGMA)
    sources, found = matched(catalogue(image).products["cat"].sources, places)
    assert found.all()
    expected = SKY + 0.0002 * places[:, 0]
    pulls = (sources["aper_bkg_flux"] / JY - expected) / (sources["aper_bkg_flux_err"] / JY)
    assert abs(np.median(pulls)) < 2  # wings of the star itself
    assert pulls.std() < 2
    assert np.abs(sources["aper_bkg_flux"] / JY - expected).max() < 0.003


def test_shapes_are_those_of_photutils_and_of_the_source():
    shape = (120, 140)
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = np.deg2rad(35)
    u = (x - 70.3) * np.cos(angle) + (y - 59.6) * np.sin(angle)
    v = -(x - 70.3) * np.sin(angle) + (y - 59.6) * np.cos(angle)
    sci = np.exp(-(u**2) / (2 * 36) - v**2 / (2 * 9)) * 5 + SKY
    noise = correlated_noise(shape, SIGMA, 1)
    image = mosaic(sci + noise, SIGMA)
    result = catalogue(image)
    source = result.products["cat"].sources
    assert len(source) == 1
    assert source["orientation"][0] == pytest.approx(35, abs=1)
    assert source["semimajor_sigma"][0] == pytest.approx(np.hypot(6, 0.85), rel=0.05)
    assert source["semiminor_sigma"][0] == pytest.approx(np.hypot(3, 0.85), rel=0.05)
    assert source["is_extended"][0]
    labels = SegmentationImage(result.products["segm"].sci.astype(int))
    smoothed = gaussian_filter(sci + noise - np.median(sci + noise), 2 / 2.3548)
    expected = SourceCatalog(sci, labels, convolved_data=smoothed)
    assert source["ellipticity"][0] == pytest.approx(float(expected.ellipticity[0]), abs=0.01)
    assert source["isophotal_area"][0] == (labels.data == 1).sum()
    assert source["isophotal_flux"][0] == pytest.approx(5 * 2 * np.pi * 18 * JY, rel=0.05)


def test_position_angle_counts_from_north_by_east():
    shape = (100, 100)
    y, x = np.mgrid[:100, :100]
    sci = np.exp(-((x - 50) ** 2) / 8 - (y - 50) ** 2 / 72) + correlated_noise(shape, SIGMA, 2)
    image = mosaic(sci, SIGMA)
    source = catalogue(image).products["cat"].sources
    assert len(source) == 1
    ra, dec = image.wcs(np.array([50.0, 50.0]), np.array([50.0, 51.0]))
    direction = np.rad2deg(np.arctan2(np.diff(ra) * np.cos(np.deg2rad(dec[0])), np.diff(dec)))[0]
    assert direction == pytest.approx(20, abs=0.1)
    assert (source["sky_orientation"][0] - direction + 90) % 180 - 90 == pytest.approx(0, abs=2)


def test_corners_enclose_the_segment():
    image, _, _ = field(2)
    result = catalogue(image)
    segm = result.products["segm"].sci
    for source in result.products["cat"].sources:
        rows, columns = np.nonzero(segm == source["label"])
        for name, x, y in (
            ("ll", columns.min() - 0.5, rows.min() - 0.5),
            ("ul", columns.min() - 0.5, rows.max() + 0.5),
            ("lr", columns.max() + 0.5, rows.min() - 0.5),
            ("ur", columns.max() + 0.5, rows.max() + 0.5),
        ):
            ra, dec = image.wcs(x, y)
            assert source[f"sky_bbox_{name}.ra"] == pytest.approx(ra, abs=1e-9)
            assert source[f"sky_bbox_{name}.dec"] == pytest.approx(dec, abs=1e-9)


def test_neighbours_and_labels():
    image, _, _ = field(3)
    result = catalogue(image)
    sources = result.products["cat"].sources
    np.testing.assert_array_equal(sources["label"], np.arange(1, 10))
    centres = np.stack([sources["xcentroid"], sources["ycentroid"]], axis=1)
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_array_equal(sources["nn_label"], apart.argmin(axis=1) + 1)
    np.testing.assert_allclose(sources["nn_dist"], apart.min(axis=1))
    segm = result.products["segm"].sci
    assert segm.dtype == np.uint32
    inside = segm[np.rint(centres[:, 1]).astype(int), np.rint(centres[:, 0]).astype(int)]
    np.testing.assert_array_equal(inside, sources["label"])


def test_a_single_source_has_no_neighbour():
    image, _, _ = field(1)
    source = catalogue(image).products["cat"].sources
    assert source["nn_label"].tolist() == [-1]
    assert np.isnan(source["nn_dist"]).all()


def test_close_stars_are_told_apart_unless_told_not_to():
    places = np.array([[40.2, 40.4], [46.1, 40.0]])
    sci = stars((90, 90), places, np.array([4e4, 2e4]) * SIGMA * JY)
    image = mosaic(sci + correlated_noise(sci.shape, SIGMA, 8), SIGMA)
    apart = catalogue(image, npixels=8).products["cat"].sources
    assert len(apart) == 2
    assert matched(apart, places)[1].all()
    alone = catalogue(image, npixels=8, deblend=False).products["cat"].sources
    assert len(alone) == 1
    assert not matched(alone, places)[1].all()


def test_columns_are_the_declared_ones_for_the_apertures_in_use():
    image, _, _ = field(2)
    sources = catalogue(image).products["cat"].sources
    assert list(sources.dtype.names) == [column.name for column in CATALOG_COLUMNS]
    refs = references((0.2, 0.4, 0.8))
    others = catalogue(image, refs, aperture_ee1=20, aperture_ee2=40, aperture_ee3=80)
    sources = others.products["cat"].sources
    assert {"aper20_flux", "aper80_vegamag_err", "CI_40_20", "CI_80_20"} <= set(sources.dtype.names)
    np.testing.assert_allclose(sources["CI_80_40"], sources["aper80_flux"] / sources["aper40_flux"])
    last = refs[0].apcorr_table["apcorr"][2]
    np.testing.assert_allclose(sources["aper_total_flux"], sources["aper80_flux"] * last)


def test_magnitudes():
    magnitude, error = magnitudes(np.array([1.0, 3631.0, -1.0, np.nan]), np.full(4, 0.1))
    assert magnitude[:2] == pytest.approx([8.9, 0.0], abs=2e-3)
    assert error[0] == pytest.approx(2.5 * np.log10(1.1))
    assert np.isnan(magnitude[2:]).all()
    assert np.isnan(error[2:]).all()
    image, _, _ = field(2)
    sources = catalogue(image).products["cat"].sources
    np.testing.assert_allclose(sources["aper_total_abmag"] - sources["aper_total_vegamag"], 1.7)


def test_no_source_is_an_empty_catalogue_with_a_remark():
    image = mosaic(correlated_noise((200, 210), SIGMA, 1) + SKY, SIGMA)
    result = catalogue(image, snr_threshold=20.0)
    assert len(result.products["cat"].sources) == 0
    assert not result.products["segm"].sci.any()
    assert len(result.remarks) == 1


@pytest.mark.parametrize("plane", ["sci", "err", "wht"])
def test_no_usable_pixel_is_a_reason(plane):
    image, _, _ = field(1)
    nothing = np.full(image.sci.shape, 0 if plane == "wht" else np.nan, np.float32)
    with pytest.raises(CannotCalibrate, match="no pixel"):
        catalogue(replace(image, **{plane: nothing}))


def test_a_saturated_core_gives_no_flux_but_a_source():
    image, places, _ = field(3, fluxes=np.full(9, 3e5 * SIGMA * JY))
    sci, err = image.sci.copy(), image.err.copy()
    x, y = np.rint(places[4]).astype(int)
    sci[y - 1 : y + 2, x - 1 : x + 2] = np.nan
    err[y - 1 : y + 2, x - 1 : x + 2] = np.nan
    result = catalogue(replace(image, sci=sci, err=err))
    sources, found = matched(result.products["cat"].sources, places, 3.0)
    assert found.all()
    assert np.isnan(sources["aper_total_flux"]).tolist() == [k == 4 for k in range(9)]
    assert np.isnan(sources["aper_total_abmag"][4])
    assert not sources["is_extended"][4]
    assert result.figures["without_flux"] == 1
    assert (result.products["segm"].sci[y, x]) == 0


def test_unknown_pixels_make_no_source():
    image, places, _ = field(2)
    wht = image.wht.copy()
    wht[:, : int(places[:, 0].mean())] = 0
    sources = catalogue(replace(image, wht=wht)).products["cat"].sources
    assert len(sources) == 2
    assert (sources["xcentroid"] > places[:, 0].mean()).all()


@pytest.mark.parametrize("finder", ["dao", "iraf"])
def test_star_finders_find_stars(finder):
    image, places, fluxes = field(4)
    result = catalogue(
        image, starfinder=finder, roundhi=1.0, roundlo=-1.0 if finder == "dao" else 0.0, sharplo=0.2
    )
    sources, found = matched(result.products["cat"].sources, places)
    assert found.all()
    assert (sources["aper_total_flux"] / fluxes).mean() == pytest.approx(1, abs=0.01)
    assert len(np.unique(result.products["segm"].sci)) == len(result.products["cat"].sources) + 1


def test_results_do_not_depend_on_the_number_of_threads():
    image, _, _ = field(6)
    results = [
        catalogue_sources(image, *references(), SourceCatalogOptions(), tools(threads))
        for threads in (1, 3)
    ]
    one, three = (result.products["cat"].sources for result in results)
    assert one.tobytes() == three.tobytes()


def test_images_in_other_units_or_without_a_pixel_area_are_refused():
    image, _, _ = field(1)
    with pytest.raises(CannotCalibrate, match="DN/s"):
        catalogue(replace(image, meta=image.meta.replace({"bunit_data": "DN/s"})))
    with pytest.raises(CannotCalibrate, match="PIXAR_SR"):
        bare = image.meta.replace({"photometry.pixelarea_steradians": None})
        catalogue(replace(image, meta=bare))


def test_missing_references_are_reasons():
    image, _, _ = field(1)
    apcorr, offset = references()
    with pytest.raises(CannotCalibrate, match="apcorr"):
        catalogue(image, (None, offset))
    with pytest.raises(CannotCalibrate, match="abvegaoffset"):
        catalogue(image, (apcorr, None))
    with pytest.raises(CannotCalibrate, match="60 percent"):
        catalogue(image, aperture_ee2=60)
    other = replace(image, meta=image.meta.replace({"instrument.filter": "F150W"}))
    with pytest.raises(CannotCalibrate, match="no row for filter F150W"):
        catalogue(other)


def test_rows_by_instrument():
    def table(**columns):
        size = len(columns["radius"])
        columns = {"eefraction": np.full(size, 0.7, "f4"), **columns}
        columns |= {"apcorr": np.full(size, 1.4), "skyin": np.full(size, 5.0)}
        columns["skyout"] = np.full(size, 9.0)
        arrays = {name: np.array(values) for name, values in columns.items()}
        records = np.empty(size, [(name, a.dtype) for name, a in arrays.items()])
        for name, values in arrays.items():
            records[name] = values
        return ApertureCorrection(apcorr_table=records)

    def radius(reference, **instrument):
        meta = Meta().replace(instrument)
        return choose_apertures(reference, meta, (70,), 0.5).radii[0]

    miri = table(filter=[b"F770W"] * 2, subarray=[b"FULL", b"SUB64"], radius=[3.0, 4.0])
    names = {"instrument.name": "MIRI", "instrument.filter": "F770W"}
    assert radius(miri, **names, **{"subarray.name": "SUB64"}) == 8
    fgs = table(radius=[2.0])
    assert radius(fgs, **{"instrument.name": "FGS"}) == 4
    offsets = VegaOffset(offsets={"detector": ["GUIDER1", "GUIDER2"], "abvega_offset": [0.5, 0.6]})
    guider = Meta().replace({"instrument.name": "FGS", "instrument.detector": "GUIDER2"})
    assert vega_offset(offsets, guider) == 0.6
    with pytest.raises(CannotCalibrate, match="NIRSPEC"):
        radius(fgs, **{"instrument.name": "NIRSPEC"})


def test_apertures_must_grow():
    with pytest.raises(InvalidOptions, match="ascending"):
        SourceCatalogOptions(aperture_ee1=50)


@pytest.mark.parametrize(("ratio", "pixfrac"), [(1.0, 1.0), (0.5, 1.0), (0.5, 0.6), (2.0, 1.0)])
@pytest.mark.parametrize("exposures", [1, 8])
def test_blur_and_correlation_are_those_of_drizzled_noise(ratio, pixfrac, exposures):
    from drizzle.resample import Drizzle

    rng = np.random.default_rng(1)
    size = 240
    out = int(size / ratio)
    products = np.zeros(4)
    for _ in range(1 if exposures > 1 else 12):
        drizzle = Drizzle(out_shape=(out, out), kernel="square")
        y, x = np.mgrid[:size, :size].astype(float)
        for _ in range(exposures):
            dx, dy = rng.uniform(0, 1, 2)
            pixmap = np.dstack([(x + dx + 0.5) / ratio - 0.5, (y + dy + 0.5) / ratio - 0.5])
            noise = rng.standard_normal((size, size)).astype(np.float32)
            drizzle.add_image(noise, exptime=1.0, pixmap=pixmap, pixfrac=pixfrac, in_units="cps")
        inner = drizzle.out_img[8:-8, 8:-8].astype(float)
        inner = inner - np.nanmean(inner)
        for lag in range(4):
            products[lag] += np.nanmean(inner[:, lag:] * inner[:, : inner.shape[1] - lag])
    meta = Meta().replace(
        {
            "resample.pixel_scale_ratio": ratio,
            "resample.pixfrac": pixfrac,
            "resample.pointings": exposures,
        }
    )
    expected = resampling_of(meta).correlation
    padded = np.pad(expected, (0, 4))[:4]
    np.testing.assert_allclose(products / products[0], padded / padded[0], atol=0.08)
    assert padded[0] + 2 * expected[1:].sum() == pytest.approx(1)
