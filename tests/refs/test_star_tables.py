"""Tables of stars that users give, and services that answer or do not."""

import sys
import types

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table

from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.refs.load import load_reference
from webbcal.refs.star_service import query_stars
from webbcal.refs.star_tables import load_astrometric_catalog, load_source_list, load_source_lists
from webbcal.spec.meta import Meta
from webbcal.spec.references import AstrometricCatalog, SourceLists

RA, DEC = np.array([10.0, 10.001, 359.9]), np.array([-69.0, -69.001, 5.0])


def write(table, path):
    table.write(path, overwrite=True)
    return path


@pytest.mark.parametrize("name", ["a.ecsv", "a.fits", "a.csv"])
@pytest.mark.parametrize("columns", [("RA", "DEC"), ("ra", "dec"), ("RAJ2000", "DEJ2000")])
def test_positions_from_any_format(tmp_path, name, columns):
    path = write(Table([RA, DEC], names=columns), tmp_path / name)
    catalog = load_astrometric_catalog(path)
    np.testing.assert_array_equal(catalog.stars["ra"], RA)
    np.testing.assert_array_equal(catalog.stars["dec"], DEC)
    np.testing.assert_array_equal(catalog.stars["weight"], 1)
    np.testing.assert_array_equal(catalog.stars["pmra"], 0)
    assert np.isnan(catalog.stars["error"]).all()
    assert catalog.meta.filename == name


def test_sky_coordinates_as_webbcal_writes_them(tmp_path):
    table = QTable({"sky_centroid": SkyCoord(RA, DEC, unit="deg")})
    catalog = load_astrometric_catalog(write(table, tmp_path / "x_cat.ecsv"))
    np.testing.assert_allclose(catalog.stars["ra"], RA)


def test_units_are_converted(tmp_path):
    table = QTable(
        {
            "ra": np.deg2rad(RA) * units.rad,
            "dec": DEC * 60 * units.arcmin,
            "pmra": [1.0, 2.0, 3.0] * units.arcsec / units.yr,
            "pmdec": [0.1, 0.1, 0.1] * units.arcsec / units.yr,
            "ra_error": [3.0, 3.0, 3.0] * units.uas,
            "dec_error": [4.0, 4.0, 4.0] * units.uas,
        },
        meta={"EPOCH": "J2015.5"},
    )
    stars = load_astrometric_catalog(write(table, tmp_path / "a.ecsv")).stars
    np.testing.assert_allclose(stars["ra"], RA)
    np.testing.assert_allclose(stars["dec"], DEC)
    np.testing.assert_allclose(stars["pmra"], [1000, 2000, 3000])
    np.testing.assert_allclose(stars["error"], 1e-3 * np.sqrt(12.5))
    np.testing.assert_array_equal(stars["epoch"], 2015.5)


def test_rows_that_cannot_serve_are_left_out(tmp_path):
    table = Table({"ra": [1.0, np.nan, 3.0, 4.0], "dec": [1.0] * 4, "weight": [1.0, 1.0, 0.0, 2.0]})
    stars = load_astrometric_catalog(write(table, tmp_path / "a.ecsv")).stars
    np.testing.assert_array_equal(stars["ra"], [1.0, 4.0])


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"x": [1.0], "y": [2.0]}, "RA and DEC"),
        ({"ra": [1.0], "dec": [2.0], "pmra": [1.0], "pmdec": [1.0]}, "epoch"),
        ({"ra": [1.0], "dec": [95.0]}, "not on the sky"),
        ({"ra": ["one"], "dec": ["two"]}, "no numbers"),
        ({"ra": [1.0], "dec": [2.0], "epoch": [12.0]}, "epoch"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, table, match):
    path = write(Table(table), tmp_path / "a.ecsv")
    with pytest.raises(InvalidReference, match=match) as caught:
        load_astrometric_catalog(path)
    assert "a.ecsv" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"SIMPLE", b"# %ECSV 1.0\n# - {", b"\xff\xfe\x00", b"a,b"]
)
def test_files_that_are_no_catalogue(tmp_path, content):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(InvalidReference, match=r"a\.fits"):
        load_astrometric_catalog(path)
    with pytest.raises(InvalidReference, match="nothing"):
        load_astrometric_catalog(tmp_path / "nothing")


def test_lists_of_stars(tmp_path):
    write(Table({"xcentroid": [1.0, np.nan], "ycentroid": [2.0, 1.0]}), tmp_path / "s.ecsv")
    catfile = tmp_path / "cats.txt"
    catfile.write_text("# exposure catalogue\na_cal.fits s.ecsv\n\nb_cal.fits\n")
    lists = load_reference(catfile, SourceLists, Meta(), (10, 10)).lists
    assert list(lists) == ["a_cal.fits"]
    assert lists["a_cal.fits"]["x"].tolist() == [1.0]
    assert np.isnan(lists["a_cal.fits"]["flux"]).all()
    catfile.write_text("a b c\n")
    with pytest.raises(InvalidReference, match="line 1"):
        load_source_lists(catfile)
    with pytest.raises(InvalidReference, match="xcentroid"):
        load_source_list(write(Table({"a": [1.0]}), tmp_path / "n.ecsv"))


def test_the_loader_knows_catalogues(tmp_path):
    path = write(Table([RA, DEC], names=("ra", "dec")), tmp_path / "a.csv")
    assert isinstance(load_reference(path, AstrometricCatalog, Meta(), (5, 5)), AstrometricCatalog)


def test_without_astroquery_or_network_the_user_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "astroquery.gaia", None)
    with pytest.raises(CannotCalibrate, match=r"webbcal\[gaia\].*abs_refcat=FILE"):
        query_stars("GAIADR3", 10.0, 20.0, 0.1)

    def refuse(query, **more):
        raise OSError("no route to host")

    fake = types.SimpleNamespace(Gaia=types.SimpleNamespace(launch_job=refuse))
    monkeypatch.setitem(sys.modules, "astroquery.gaia", fake)
    with pytest.raises(CannotCalibrate, match=r"does not answer.*no route.*abs_refcat=FILE"):
        query_stars("GAIADR3", 10.0, 20.0, 0.1)


def test_answers_of_the_service(monkeypatch):
    asked = []
    table = Table(
        {
            "ra": [10.0, 10.01],
            "dec": [20.0, 20.01],
            "ra_error": [0.1, 0.2],
            "dec_error": [0.1, 0.2],
            "pmra": np.ma.array([1.0, 0.0], mask=[False, True]),
            "pmdec": np.ma.array([2.0, 0.0], mask=[False, True]),
            "ref_epoch": [2016.0, 2016.0],
            "phot_g_mean_mag": [15.0, 21.0],
        }
    )

    def launch(query, **more):
        asked.append(query)
        return types.SimpleNamespace(get_results=lambda: table)

    fake = types.SimpleNamespace(Gaia=types.SimpleNamespace(launch_job=launch))
    monkeypatch.setitem(sys.modules, "astroquery.gaia", fake)
    stars = query_stars("gaiadr2", 10.0, 20.0, 0.1).stars
    assert "gaiadr2.gaia_source" in asked[0]
    assert "CIRCLE('ICRS', 10.00000000, 20.00000000, 0.10000000)" in asked[0]
    assert stars["pmra"][0] == 1.0
    assert np.isnan(stars["pmra"][1])
    assert stars["error"].tolist() == pytest.approx([0.1, 0.2])
