"""Resample: fluxes and positions are kept, errors are those of apertures, headers are combined."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from tests.geometry.distortions import distortion
from tests.steps.dithers import Memory, dithers, tools, wcs_at

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput, InvalidOptions
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.spec.references import MosaicWcs
from webbcal.steps._drizzled import weights_of
from webbcal.steps.resample import resample
from webbcal.steps.resample.options import ResampleOptions

OFFSETS = ((0.0, 0.0), (5.3, 2.2), (-3.1, 4.4), (2.2, -6.7))
BENT = distortion(256, curvature=0.02)


@cache
def images(stars=12):
    return dithers(OFFSETS, stars=stars, seed=11).images


def mosaic(exposures, given=None, parallel=map, **options):
    result = resample(exposures, given, ResampleOptions(**options), tools(parallel))
    return result.products["i2d"]


@cache
def blank_sky(weight_type, size=256, seed=1):
    """Return exposures of noise alone, of different depth, with bad pixels."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(4):
        shift = rng.uniform(-2e-5, 2e-5, 2) * (k > 0)
        pointing = Pointing(-120.0, -500.0, 80.0 + shift[0], -69.4 + shift[1], 30.0 + 0.02 * k)
        read = rng.uniform(0.5, 2.0, (size, size)) * rng.choice([1.0, 3.0])
        poisson = np.full((size, size), 0.3)
        sci = rng.normal(size=(size, size)) * np.sqrt(read + poisson)
        bad = rng.random((size, size)) < 0.02
        sci[bad] = np.nan
        meta = {
            "filename": f"b{k}_cal.fits",
            "wcs": imaging_wcs(BENT, pointing, (size, size)),
            "exposure": {"measurement_time": 100.0},
            "wcsinfo": {
                "ra_ref": 80.0,
                "dec_ref": -69.4,
                "roll_ref": 30.0,
                "v3yangle": 0.0,
                "vparity": -1,
            },
        }
        found.append(
            Cal(
                sci=sci.astype("f4"),
                err=np.sqrt(read + poisson).astype("f4"),
                dq=np.where(bad, np.uint32(DQ.DO_NOT_USE), np.uint32(0)),
                var_rnoise=read.astype("f4"),
                var_poisson=poisson.astype("f4"),
                meta=Meta(meta),
            )
        )
    return tuple(found)


@pytest.mark.parametrize("weight_type", ["ivm", "exptime"])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_errors_of_apertures_and_pixels_on_blank_sky(ratio, weight_type):
    found = mosaic(blank_sky(weight_type), pixel_scale_ratio=ratio, weight_type=weight_type)
    edge = int(20 / ratio)
    sci, variance = (
        values.astype(float)[edge:-edge, edge:-edge] for values in (found.sci, found.err**2)
    )
    rows, columns = (n // 8 * 8 for n in sci.shape)

    def blocks(values):
        parts = values[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8)
        return parts.sum(axis=(1, 3))

    pulls = blocks(sci) / np.sqrt(blocks(variance))
    # The scatter of the width itself is 1 / sqrt(2 n), for n blocks.
    slack = 2.5 / np.sqrt(2 * pulls.size)
    assert np.sqrt(np.nanmean(pulls**2)) == pytest.approx(1.0, abs=0.05 + slack)
    single = sci / np.sqrt(variance) / found.meta.resample.noise_factor_pixel
    assert np.nanstd(single) == pytest.approx(1.0, abs=0.02)
    assert np.nanstd(single * found.meta.resample.noise_factor_pixel) < 0.9


def test_flux_and_positions_of_stars():
    exposures = dithers(OFFSETS, stars=0, seed=4).images
    wcs = exposures[0].wcs
    ra, dec = wcs(np.array([50.3, 101.8, 60.1]), np.array([48.2, 70.6, 110.9]))
    lit = []
    for image in exposures:
        x, y = image.wcs.invert(ra, dec, with_bounding_box=False)
        rows, columns = np.indices(image.sci.shape)
        sci = sum(
            1000 * np.exp(-0.5 * ((columns - a) ** 2 + (rows - b) ** 2) / 1.6**2)
            for a, b in zip(x, y, strict=True)
        )
        lit.append(image.with_changes(sci=sci.astype("f4"), dq=np.zeros_like(image.dq)))
    for ratio in (0.5, 1.0):
        found = mosaic(tuple(lit), pixel_scale_ratio=ratio, weight_type=None)
        rows, columns = np.indices(found.sci.shape)
        area = found.meta.photometry.pixelarea_arcsecsq
        for a, b in zip(*found.wcs.invert(ra, dec), strict=True):
            near = np.hypot(columns - a, rows - b) < 12 / ratio
            flux = found.sci[near].sum(dtype=float)
            # Of a Gaussian in units of input pixels, whose area differs over the detector.
            truth = 1000 * 2 * np.pi * 1.6**2 * 0.031**2
            assert flux * area == pytest.approx(truth, rel=0.01)
            assert (found.sci * columns)[near].sum() / flux == pytest.approx(a, abs=0.02)
            assert (found.sci * rows)[near].sum() / flux == pytest.approx(b, abs=0.02)


def test_threads_change_no_bit():
    alone = mosaic(images(), pixel_scale_ratio=0.3)
    assert alone.sci.shape[0] > 500
    with ThreadPoolExecutor(3) as pool:
        together = mosaic(images(), parallel=pool.map, pixel_scale_ratio=0.3)
    for name in ("sci", "err", "wht", "con", "var_rnoise", "var_poisson"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
    assert alone.meta.resample.as_dict() == together.meta.resample.as_dict()


def test_a_constant_sky_stays_constant_and_is_subtracted_once():
    flat = tuple(
        image.with_changes(
            sci=np.full_like(image.sci, 3.0 + k),
            meta=image.meta.replace({"background.level": float(k), "background.subtracted": False}),
        )
        for k, image in enumerate(images())
    )
    found = mosaic(flat)
    np.testing.assert_allclose(found.sci[found.wht > 0], 3.0, rtol=1e-6)
    assert found.meta.background.level is None
    assert found.meta.background.subtracted is True
    gone = tuple(
        image.with_changes(
            sci=np.full_like(image.sci, 3.0),
            meta=image.meta.replace({"background.subtracted": True}),
        )
        for image in flat
    )
    np.testing.assert_allclose(mosaic(gone).sci[found.wht > 0], 3.0, rtol=1e-6)


def test_bad_pixels_are_left_out_and_others_are_not():
    clean = images()[0].with_changes(
        sci=np.full_like(images()[0].sci, 1.0), dq=np.zeros_like(images()[0].dq)
    )
    sci, dq = clean.sci.copy(), clean.dq.copy()
    sci[50, 60], dq[50, 60] = 1e6, DQ.DO_NOT_USE | DQ.JUMP_DET
    sci[70, 20], dq[70, 20] = 1e6, DQ.NON_SCIENCE
    sci[90:92, 40] = np.nan
    dq[100, 100] = DQ.JUMP_DET | DQ.HOT
    found = mosaic((clean.with_changes(sci=sci, dq=dq),), propagate_dq=True)
    np.testing.assert_allclose(found.sci[np.isfinite(found.sci)], 1.0, rtol=1e-6)
    good = mosaic((clean,))
    assert found.wht.sum() < good.wht.sum()
    flags = np.bitwise_or.reduce(found.dq, axis=None)
    assert flags == DQ.JUMP_DET | DQ.HOT


def test_one_image_and_groups():
    one = mosaic(images()[:1])
    assert one.con.shape[0] == 1
    assert set(np.unique(one.con)) <= {0, 1}
    assert not one.has("hdrtab")
    assert one.meta.resample.pointings == 1
    together = [
        image.with_changes(meta=image.meta.replace({"group_id": "a"})) for image in images()
    ]
    found = mosaic((*together[:2], *images()[2:]))
    assert found.meta.resample.pointings == 3
    assert found.meta.exposure.measurement_time == 300.0
    assert found.con.max() == 15


def test_mosaics_of_groups():
    exposures = images()
    result = resample(exposures, None, ResampleOptions(single=True), tools())
    assert not result.products
    singles = result.of_images["outlier_i2d"]
    assert len(singles) == len(exposures)
    assert {single.sci.shape for single in singles} == {mosaic(exposures).sci.shape}


def test_more_than_32_images_take_more_planes():
    small = [image for image in images() for _ in range(9)][:35]
    found = mosaic(tuple(small), enable_err=False)
    assert found.con.shape[0] == 2
    covered = found.wht > 0.9 * found.wht.max()
    assert (found.con[0, covered] == -1).all()
    assert (found.con[1, covered] == 7).all()
    assert np.isnan(found.err).all()
    assert found.meta.resample.noise_factor_pixel is None


def test_headers_are_combined():
    named = tuple(
        image.with_changes(
            meta=image.meta.replace(
                {
                    "exposure.start_time": 60000.0 + k,
                    "exposure.end_time": 60000.5 + k,
                    "exposure.effective_exposure_time": 90.0,
                    "instrument.detector": "NRCB1" if k else "NRCB2",
                    "wcsinfo.a_order": 3,
                    "wcsinfo.a_0_2": 1e-6,
                    "wcsinfo.s_region": "POLYGON ICRS 1 2 3 4 5 6",
                }
            )
        )
        for k, image in enumerate(images())
    )
    found = mosaic(named)
    meta = found.meta
    assert meta.exposure.start_time == 60000.0
    assert meta.exposure.end_time == 60003.5
    assert meta.exposure.effective_exposure_time == 360.0
    assert meta.instrument.detector == "MULTIPLE"
    assert not {"a_order", "a_0_2", "ra_ref", "roll_ref", "v3yangle", "vparity"} & set(meta.wcsinfo)
    assert found.hdrtab["DETECTOR"].tolist() == [b"NRCB2", b"NRCB1", b"NRCB1", b"NRCB1"]
    assert found.hdrtab["EXPSTART"].tolist() == [60000.0 + k for k in range(4)]
    assert meta.wcsinfo.s_region.count("POLYGON") == 1
    assert mosaic(named, blendheaders=False).meta.instrument.detector == "NRCB2"


def test_header_and_transform_agree():
    from astropy.wcs import WCS

    found = mosaic(images(), rotation=20.0, pixel_scale=0.05)
    keywords = {
        name.upper(): value for name, value in found.meta.wcsinfo.items() if name != "s_region"
    }
    header = WCS(keywords)
    x, y = np.array([0.0, 30.0, 80.0]), np.array([5.0, 90.0, 2.0])
    np.testing.assert_allclose(header.pixel_to_world_values(x, y), found.wcs(x, y), rtol=1e-13)
    assert found.meta.photometry.pixelarea_arcsecsq == pytest.approx(0.0025)


def test_coordinates_that_the_user_gives():
    first = mosaic(images(), rotation=20.0)
    again = mosaic(images(), given=MosaicWcs(system=first.world))
    np.testing.assert_array_equal(again.sci, first.sci)
    # A gwcs says the same to the last digits, if not to the last bit.
    cut = mosaic(images(), given=MosaicWcs(system=first.wcs), output_shape=(50, 60))
    np.testing.assert_allclose(cut.wht, first.wht[:60, :50], rtol=2e-5, atol=1e-3)


def test_fill_value():
    found = mosaic(images(), fillval="-9")
    assert (found.sci[found.wht == 0] == -9).all()
    assert np.isnan(found.err[found.wht == 0]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"fillval": "nothing"},
        {"output_shape": (3.0,)},
        {"output_shape": (0.0, 4.0)},
        {"crval": (1.0, 91.0)},
        {"crpix": (1.0, 2.0, 3.0)},
        {"kernel": "round"},
    ],
)
def test_wrong_options(wrong):
    with pytest.raises(InvalidOptions):
        ResampleOptions(**wrong)


def test_what_cannot_be_combined_is_told():
    image = images()[0]
    blind = image.with_changes(meta=image.meta.replace({"wcs": None}))
    with pytest.raises(InvalidInput, match="no world coordinates"):
        mosaic((image, blind))
    lost = image.with_changes(meta=image.meta.replace({"wcsinfo.roll_ref": None}))
    with pytest.raises(InvalidInput, match="how it lies"):
        mosaic((lost,))
    units = [image.with_changes(meta=image.meta.replace({"bunit_data": u})) for u in ("MJy", "DN")]
    with pytest.raises(InvalidInput, match="different units"):
        mosaic(tuple(units))
    bad = image.with_changes(dq=np.full_like(image.dq, DQ.DO_NOT_USE))
    with pytest.raises(CannotCalibrate, match="no usable pixel"):
        mosaic((bad,))
    timeless = image.with_changes(meta=image.meta.replace({"exposure": None}))
    with pytest.raises(CannotCalibrate, match="exposure time"):
        mosaic((timeless,), weight_type="exptime")
    away = image.with_changes(
        meta=image.meta.replace({"wcs": wcs_at(1e6, 1e6, 160)}),
    )
    with pytest.raises(InvalidInput, match="size of the mosaic"):
        mosaic((image, away))


def test_images_may_lie_on_disk():

    stored = []
    for image in images():
        arrays = {}
        for name in ("sci", "dq", "err", "var_rnoise", "var_poisson"):
            arrays[name] = Memory(image.sci.shape, getattr(image, name).dtype)
            arrays[name].write((), getattr(image, name))
        stored.append(Cal.from_stored(arrays, meta=image.meta))
    found = mosaic(tuple(stored))
    np.testing.assert_array_equal(found.sci, mosaic(images()).sci)
    assert all("sci" not in image.__dict__ for image in stored)


@pytest.mark.parametrize("nothing", [None, 0.0, np.nan])
def test_an_exposure_without_variance_weighs_what_the_others_do(nothing):
    first, second, *_ = images()
    variance = None if nothing is None else np.full_like(second.var_rnoise, nothing)
    dark = dataclasses.replace(second, var_rnoise=variance)
    weights = weights_of((first, dark), "ivm", pixel_weights=False)
    assert weights[1] == weights[0] == pytest.approx(1 / np.nanmedian(first.var_rnoise))
    assert weights_of((first, dark), "ivm", pixel_weights=True) == weights
    assert weights_of((first, second), "ivm", pixel_weights=True) == [None, None]
    assert weights_of((dark, dark), "ivm", pixel_weights=False) == [1.0, 1.0]
