"""photom gives the surface brightness that was observed, whenever it was."""

from pathlib import Path

import numpy as np
import pytest
from tests.steps.exposures import META, SHAPE, exposure, pulls

from webbcal.core.errors import CannotCalibrate, InvalidProduct, InvalidReference
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.refs.load import load_reference
from webbcal.spec.meta import Meta
from webbcal.spec.products import CalInts
from webbcal.spec.references import Area, Flat, Photom
from webbcal.spec.window import Window
from webbcal.steps.photom import PhotomOptions, calibrate_flux, flux_scale

REAL = Path(__file__).parents[3] / "shared/real"
RATE, FACTOR = 40.0, 2.0
OF_SETTING = {
    "NIRCAM": [("filter", "S12"), ("pupil", "S15")],
    "MIRI": [("filter", "S12"), ("subarray", "S17")],
    "NIRSPEC": [("filter", "S12"), ("grating", "S15")],
    "FGS": [],
}
TIMES = {
    "linear": ("t0", "lossperyear"),
    "exponential": ("t0", "amplitude", "tau", "const"),
    "powerlaw": ("t0", "year1value", "tsoft", "alpha"),
}


def photom(rows, keys="NIRCAM", value="photmjsr", area=True, **times):
    """Return a reference with a row for each setting, a number for it, and coefficients."""
    own = OF_SETTING[keys]
    table = np.array(rows, [*own, (value, "f4")])
    coefficients = {
        name: np.array(
            [(*row[: len(own)], *values) for row in rows], [*own, *((c, "f4") for c in TIMES[name])]
        )
        for name, values in times.items()
    }
    tree = {"pixelarea_steradians": 2e-14, "pixelarea_arcsecsq": 8e-4} if area else {}
    meta = Meta({"filename": "photom.fits", "photometry": tree})
    return Photom(phot_table=table, meta=meta, **coefficients)


NIRCAM = [("F200W", "CLEAR", FACTOR), ("F200W", "F212N", 20.0), ("F444W", "CLEAR", 3.0)]


def area(rng, **tree):
    sci = rng.uniform(0.9, 1.1, SHAPE).astype(np.float32)
    return Area(sci=sci, meta=Meta({"photometry": tree}))


def run(image, reference, pixels=None, **options):
    return calibrate_flux(image, reference, pixels, PhotomOptions(**options))


def factor(reference, meta=META, **options):
    return flux_scale(meta, SHAPE, reference, None, PhotomOptions(**options)).factor


@pytest.mark.parametrize("integrations", [0, 3])
def test_the_surface_brightness_is_that_observed_and_scatters_as_the_errors_tell(integrations):
    rng = np.random.default_rng(1)
    image = exposure(rng, RATE, integrations)
    found = run(image, photom(NIRCAM))
    pull = pulls(found, FACTOR * RATE)
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
    assert pull.std() == pytest.approx(1.0, abs=0.035)
    np.testing.assert_allclose(found.var_poisson + found.var_rnoise, found.err**2, rtol=1e-6)
    assert isinstance(found, CalInts) == (integrations > 0)
    again = run(found, photom(NIRCAM), inverse=True)
    np.testing.assert_allclose(again.sci, image.sci, rtol=1e-6)
    np.testing.assert_allclose(again.var_rnoise, image.var_rnoise, rtol=1e-6)
    assert (found.meta.bunit_data, again.meta.bunit_err) == ("MJy/sr", "DN/s")


def test_the_variance_of_the_flat_is_calibrated_too():
    rng = np.random.default_rng(2)
    image = exposure(rng, RATE)
    image = image.with_changes(var_flat=image.var_poisson)
    found = run(image, photom(NIRCAM))
    np.testing.assert_array_equal(found.var_flat, found.var_poisson)


def test_header_and_area_tell_what_a_pixel_is(tmp_path):
    rng = np.random.default_rng(3)
    pixels = area(rng, pixelarea_steradians=3e-14, pixelarea_arcsecsq=9e-4)
    found = run(exposure(rng, RATE, 2), photom(NIRCAM), pixels)
    write_product(found, tmp_path / "image_calints.fits")
    again = open_product(tmp_path / "image_calints.fits")
    np.testing.assert_array_equal(again.area, pixels.sci)
    scale = again.meta.photometry
    assert scale.conversion_megajanskys == FACTOR
    # 1 MJy/sr in uJy/arcsec2
    assert scale.conversion_microjanskys == pytest.approx(FACTOR * 23.504431, rel=1e-7)
    assert (scale.pixelarea_steradians, scale.pixelarea_arcsecsq) == (3e-14, 9e-4)


def test_the_flux_reference_gives_the_area_where_no_other_does():
    rng = np.random.default_rng(4)
    found = run(exposure(rng, RATE), photom(NIRCAM), area(rng))
    assert found.meta.photometry.pixelarea_steradians == 2e-14
    assert not run(exposure(rng, RATE), photom(NIRCAM)).has("area")


@pytest.mark.parametrize(
    ("filter_", "pupil", "expected"),
    [("F200W", "CLEAR", 2.0), ("f200w", "F212N", 20.0), ("F444W", "clear", 3.0)],
)
def test_filter_and_pupil_choose_the_row(filter_, pupil, expected):
    meta = META.replace({"instrument.filter": filter_, "instrument.pupil": pupil})
    assert factor(photom(NIRCAM), meta) == expected


@pytest.mark.parametrize(
    ("subarray", "expected"), [("FULL", 1.0), ("SUB64", 2.0), ("BRIGHTSKY", 3.0)]
)
def test_subarrays_without_a_row_take_the_generic_one(subarray, expected):
    rows = [("F770W", "FULL", 1.0), ("F770W", "SUB64", 2.0), ("F770W", "GENERIC", 3.0)]
    meta = META.replace({"instrument.filter": "F770W", "subarray.name": subarray})
    assert factor(photom(rows, "MIRI"), meta) == expected


def test_the_first_row_serves_where_nothing_tells_rows_apart():
    assert factor(photom([(7.0,), (8.0,)], "FGS")) == 7.0


def test_a_flux_is_divided_by_the_area_of_a_pixel():
    rows = [("F110W", "MIRROR", 4e-13)]
    meta = META.replace({"instrument.filter": "F110W", "instrument.grating": "MIRROR"})
    found = factor(photom(rows, "NIRSPEC", "photmj"), meta)
    assert found == pytest.approx(4e-13 / 2e-14, rel=1e-6)
    with pytest.raises(InvalidReference, match="PIXAR_SR"):
        factor(photom(rows, "NIRSPEC", "photmj", area=False), meta)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"linear": (59435.0, 0.1)}, 0.9),
        ({"exponential": (59435.0, 0.1, 100.0, 0.9)}, 0.1 * np.exp(-3.65) + 0.9),
        ({"exponential": (59900.0, 0.0, 0.0, 1.0)}, 1.0),
        ({"powerlaw": (59435.0, 0.9, 10.0, -0.05)}, 0.9),
        ({"powerlaw": (59070.0, 0.9, 10.0, -0.05)}, 0.9 * (740 / 375) ** -0.05),
        ({"linear": (59435.0, 0.1), "powerlaw": (59435.0, 0.8, 10.0, 1.0)}, 0.72),
    ],
)
def test_a_lower_throughput_is_made_up_for(times, expected):
    rng = np.random.default_rng(5)
    reference = photom(NIRCAM, **times)
    found = run(exposure(rng, RATE * expected), reference)
    assert found.sci.mean() == pytest.approx(FACTOR * RATE, rel=2e-3)
    assert factor(reference) == pytest.approx(FACTOR / expected, rel=1e-6)
    assert factor(reference, apply_time_correction=False) == FACTOR


def test_windows_agree():
    rng = np.random.default_rng(6)
    image, pixels = exposure(rng, RATE, 2), area(rng)
    reference = photom(NIRCAM, linear=(59435.0, 0.1))
    whole = run(image, reference, pixels)
    window = Window(3, 44, 9, 10, SHAPE)
    scale = flux_scale(image.meta, SHAPE, reference, pixels, PhotomOptions())
    part = calibrate_flux(
        image.cut(window), reference, pixels.cut(window), PhotomOptions(), measured=scale
    )
    for name in ("sci", "err", "var_poisson", "var_rnoise", "area"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole.cut(window), name))
    assert part.meta.as_dict() == whole.meta.as_dict()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (None, "no photom reference"),
        (photom(NIRCAM[2:]), "no row for filter F200W, pupil CLEAR"),
    ],
)
def test_an_exposure_without_flux_scale_is_not_calibrated(reference, words):
    with pytest.raises(CannotCalibrate, match=words):
        factor(reference)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (photom(NIRCAM[:1] * 2), "rows 1, 2"),
        (photom([("F200W", "CLEAR", np.nan)]), "positive number"),
        (photom([("F200W", "CLEAR", 0.0)]), "positive number"),
        (photom(NIRCAM, linear=(59435.0, np.nan)), "gives no throughput"),
        (photom(NIRCAM, linear=(59435.0, 1.0)), "gives no throughput"),
        (photom(NIRCAM, powerlaw=(59900.0, 1.0, 10.0, -0.5)), "gives no throughput"),
    ],
)
def test_nonsense_in_the_reference_is_told(reference, words):
    with pytest.raises(InvalidReference, match=words):
        factor(reference)


def test_tables_of_the_throughput_have_the_same_rows():
    reference = photom(NIRCAM, linear=(59435.0, 0.1))
    other = Photom(phot_table=reference.phot_table, linear=reference.linear[::-1])
    with pytest.raises(InvalidReference, match="other rows"):
        factor(other)


def test_a_throughput_in_time_needs_the_time():
    meta = META.replace({"exposure.mid_time": None})
    with pytest.raises(InvalidProduct, match="EXPMID"):
        factor(photom(NIRCAM, linear=(59435.0, 0.1)), meta)
    assert factor(photom(NIRCAM), meta) == FACTOR


@pytest.mark.skipif(not REAL.is_dir(), reason="genuine files are not here")
class TestGenuineFiles:
    """Reference files as the observatory delivered them."""

    def meta(self, instrument, **values):
        return Meta({"instrument": {"name": instrument, **values}})

    def test_tables_of_spectra_are_read_and_refused_for_images(self):
        meta = self.meta("NIRCAM", filter="F277W", pupil="GRISMR")
        path = REAL / "nircam-refs" / "jwst_nircam_photom_0064.fits"
        reference = load_reference(path, Photom, meta, (2048, 2048))
        assert reference.phot_table["photmjsr"][1] == np.float32(797.0324)
        assert reference.meta.photometry.pixelarea_steradians == 9.30711286318865e-14
        with pytest.raises(InvalidReference, match="for spectra"):
            flux_scale(
                meta.replace({"instrument.filter": "F250M"}),
                (2048, 2048),
                reference,
                None,
                PhotomOptions(),
            )

    @pytest.mark.parametrize(
        ("file", "instrument", "rows"),
        [
            ("niriss-refs/jwst_niriss_photom_rev2.fits", "NIRISS", 4),
            ("nirspec-refs/jwst_nirspec_photom_0014.fits", "NIRSPEC", 45),
        ],
    )
    def test_tables_of_other_instruments_are_read(self, file, instrument, rows):
        reference = load_reference(REAL / file, Photom, self.meta(instrument), (2048, 2048))
        assert len(reference.phot_table) == rows
        assert np.isfinite(reference.phot_table["photmj"]).all()

    def test_a_table_older_than_the_telescope_is_told(self):
        path = REAL / "niriss-refs" / "niriss_ref_photom.fits"
        with pytest.raises(InvalidReference, match="PHOTOM is missing"):
            load_reference(path, Photom, self.meta("NIRISS"), (2048, 2048))

    def test_areas_by_slit_are_read(self):
        path = REAL / "nirspec-refs" / "jwst_nirspec_area_0020.fits"
        reference = load_reference(path, Area, self.meta("NIRSPEC"), (2048, 2048))
        assert reference.by_slit["pixarea"][0] == pytest.approx(0.02204958)

    def test_the_flat_of_a_subarray_of_miri_is_read(self):
        meta = self.meta("MIRI", detector="MIRIMAGE").replace(
            {"subarray": {"name": "MASKLYOT", "xstart": 1, "ystart": 717}}
        )
        path = REAL / "miri-refs" / "jwst_miri_flat_0407.fits"
        reference = load_reference(path, Flat, meta, (304, 320))
        assert np.isnan(reference.sci).mean() == pytest.approx(0.272, abs=0.001)
        assert ((reference.dq != 0) == np.isnan(reference.sci)).all()
