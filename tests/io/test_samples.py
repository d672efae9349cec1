"""Files that others wrote: samples of every product, and genuine data."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.io.examples import same_arrays

from webbcal.io.fits import read_extensions
from webbcal.io.headers import header_hash
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.fields import Elements, declared
from webbcal.spec.references import Reference

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SAMPLES = SHARED / "format" / "samples"
REAL = SHARED / "real"
samples = sorted(SAMPLES.glob("*.fits"))
tables = sorted(SAMPLES.glob("*.ecsv"))
PROTOTYPE = "niriss_ref_photom.fits"  # of 2015, whose table is in an extension SCI
real = sorted(path for path in REAL.glob("*/*.fits") if path.name != PROTOTYPE)

pytestmark = pytest.mark.skipif(not samples, reason="the samples are not beside the checkout")


def names(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@names(samples)
def test_every_sample_is_recognised_and_read_like_astropy_does(path):
    from astropy.io import fits

    product = open_product(path)
    with fits.open(path, memmap=False) as hdus:
        if isinstance(product, Reference):
            return
        assert product.model == hdus[0].header["DATAMODL"]
        for name, spec in declared(type(product)).items():
            if isinstance(spec, Elements) or not product.has(name):
                continue
            values, expected = getattr(product, name), hdus[spec.extname].data
            assert len(values) == len(expected)
            if values.dtype.names is None:
                np.testing.assert_array_equal(values, expected)


@names(samples)
def test_the_hash_of_every_sample_is_that_of_its_raw_headers(path):
    extensions = read_extensions(path)
    if extensions[-1].name != "ASDF":
        pytest.skip("no tree")
    digest = header_hash(e.header for e in extensions if e.name != "ASDF")
    assert f"_fits_hash: {digest}".encode() in extensions[-1].data.read()


@names(samples + tables)
def test_every_sample_survives_writing(path, tmp_path):
    product = open_product(path)
    again = tmp_path / path.name
    write_product(product, again)
    found = open_product(again, type(product))
    same_arrays(product, found)
    expected, got = product.meta.as_dict(), found.meta.as_dict()
    for meta in (expected, got):
        for name in ("date", "filename", "model_type", "bunit_data", "bunit_err", "wcs"):
            meta.pop(name, None)
    assert got == expected
    assert found.attributes.as_dict() == product.attributes.as_dict()
    assert found.extras.keys() == product.extras.keys()


def test_the_manifest_names_what_is_recognised():
    kinds = json.loads((SAMPLES / "manifest.json").read_text())
    for name, model in kinds.items():
        found = open_product(SAMPLES / name)
        if not isinstance(found, Reference):
            assert model in (found.model, type(found).__name__.upper())


def test_a_stored_wcs_is_decoded():
    product = open_product(SAMPLES / "cal_polywcs.fits")
    assert product.wcs.available_frames == ["detector", "world"]
    assert np.isfinite(product.wcs(3.0, 4.0)).all()


@names(real)
def test_genuine_files_open(path):
    product = open_product(path)
    for name in declared(type(product)):
        if product.has(name):
            getattr(product, name)
    assert product.meta.telescope in ("JWST", None)


@pytest.mark.skipif(not real, reason="no genuine files beside the checkout")
def test_the_wcs_of_a_genuine_slit_gives_its_wavelengths():
    slit = open_product(next(REAL.glob("spectra/*_phot.*.fits")))
    y, x = np.mgrid[: slit.sci.shape[0], : slit.sci.shape[1]]
    wavelength = np.asarray(slit.wcs(x, y)[2])
    known = np.isfinite(wavelength) & np.isfinite(slit.wavelength) & (slit.wavelength > 0)
    assert known.sum() > 1000
    np.testing.assert_allclose(wavelength[known], slit.wavelength[known], atol=1e-6)


@pytest.mark.skipif(not real, reason="no genuine files beside the checkout")
def test_an_archived_spectrum_has_its_columns():
    spectrum = open_product(next(REAL.glob("spectra/*_x1d.fits"))).spec[0]
    flux = spectrum.extract1d["FLUX"]
    assert np.nanmedian(flux) > 0
    assert len(spectrum.extract1d.dtype.names) == 18
