"""Catalogues and light curves."""

import numpy as np
import pytest
from tests.io.examples import random_values

from webbcal.core.errors import InvalidInput, InvalidProduct
from webbcal.io.ecsv import column_of
from webbcal.io.ecsv_text import TextColumn, render
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.fields import declared
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cat, Phot, Whtlt


def table_product(kind, seed=0, rows=3):
    """Return a table product with finite values; right ascensions and declinations allowed."""
    rng = np.random.default_rng(seed)
    ((name, spec),) = declared(kind).items()
    columns = [(c.name, c.dtype) for c in spec.columns]
    table = np.empty(rows, np.dtype(columns))
    for column, dtype in columns:
        values = random_values(dtype, (rows,), rng)
        if dtype.kind == "f":
            values = rng.uniform(0, 80, rows)
        table[column] = values
    attributes = Meta({"instrument": "NIRCAM", "target_name": "it's", "n": 3}, "")
    return kind(**{name: table, "attributes": attributes}), name


@pytest.mark.parametrize("kind", [Cat, Phot, Whtlt])
def test_tables_come_back_as_they_were(kind, tmp_path):
    product, name = table_product(kind)
    path = tmp_path / f"jw01_{kind.suffixes[0]}.ecsv"
    write_product(product, path)
    found = open_product(path)
    assert type(found) is kind
    expected, got = getattr(product, name), getattr(found, name)
    assert got.dtype.names == expected.dtype.names
    for column in expected.dtype.names:
        assert got[column].dtype == expected[column].dtype
        np.testing.assert_allclose(got[column], expected[column], rtol=1e-12)
    assert found.attributes.as_dict() == product.attributes.as_dict()


def test_units_and_coordinates_are_those_of_astropy(tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    product, _ = table_product(Cat)
    path = tmp_path / "jw01_cat.ecsv"
    write_product(product, path)
    table = QTable.read(path, format="ascii.ecsv")
    assert isinstance(table["sky_centroid"], SkyCoord)
    assert str(table["aper30_flux"].unit) == "Jy"
    assert str(table["isophotal_area"].unit) == "pix2"
    assert table["is_extended"].dtype == bool
    assert table["label"].dtype.kind == "i"


def test_the_text_is_that_of_astropy(tmp_path):
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    product, name = table_product(Cat, rows=5)
    records = getattr(product, name)
    table = QTable(meta=product.attributes.as_dict())
    ((_, spec),) = declared(Cat).items()
    for column in records.dtype.names:
        base, _, part = column.rpartition(".")
        if part == "ra":
            table[base] = SkyCoord(records[column], records[f"{base}.dec"], unit="deg")
        elif part != "dec":
            known = column_of(column, spec)
            unit = known.unit if known else ""
            table[column] = records[column] * units.Unit(unit) if unit else records[column]
            if known and known.format:
                table[column].info.format = known.format
    table.write(tmp_path / "theirs.ecsv", format="ascii.ecsv")
    write_product(product, tmp_path / "ours_cat.ecsv")
    theirs, ours = (
        QTable.read(tmp_path / file, format="ascii.ecsv")
        for file in ("theirs.ecsv", "ours_cat.ecsv")
    )
    assert ours.colnames == theirs.colnames
    assert ours.meta == theirs.meta
    for column in ours.colnames:
        assert type(ours[column]) is type(theirs[column])
        assert ours[column].info.unit == theirs[column].info.unit
        assert ours[column].info.format == theirs[column].info.format
        assert np.all(ours[column] == theirs[column])
    rows = [
        [line for line in (tmp_path / file).read_text().splitlines() if not line.startswith("#")]
        for file in ("theirs.ecsv", "ours_cat.ecsv")
    ]
    assert rows[0] == rows[1]


def test_words_and_narrow_numbers(tmp_path):
    from astropy.table import Table

    words = ["two words", "a  b", 'a "quote"', "#", "plain", "nan"]
    columns = [
        TextColumn("word", np.array(words)),
        TextColumn("number", np.array([0.1, np.nan, -np.inf, 1e-30, 3, 1e20], np.float32), "Jy"),
        TextColumn("good", np.array([True, False] * 3)),
    ]
    (tmp_path / "a.ecsv").write_text(render(columns, {"list": [1, 2.5], "none": None}))
    found = Table.read(tmp_path / "a.ecsv", format="ascii.ecsv")
    assert found["word"].tolist() == words
    assert found["number"].dtype == np.float32
    np.testing.assert_array_equal(found["number"], columns[1].values)
    assert found["good"].tolist() == [True, False] * 3
    assert found.meta == {"list": [1, 2.5], "none": None}
    with pytest.raises(InvalidProduct, match="plain columns"):
        render([TextColumn("pair", np.zeros((3, 2)))], {})


def test_a_missing_column_is_named(tmp_path):
    product, name = table_product(Phot)
    table = getattr(product, name)
    kept = [n for n in table.dtype.names if n != "annulus_sum"]
    with pytest.raises(InvalidProduct, match="column annulus_sum is missing"):
        write_product(Phot(photometry=table[kept].copy()), tmp_path / "jw01_phot.ecsv")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "label flux\n1 2\n",
        "# %ECSV 1.0\n# ---\n# datatype: nonsense\nlabel\n1\n",
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\na\nnot-a-number\n",
        "# %ECSV 1.0\n# ---\n# datatype: !!python/object/apply:os.getcwd []\na\n1\n",
        "# %ECSV 1.0\n# ---\n# " + "[" * 5000 + "\na\n1\n",
    ],
)
def test_damaged_tables_are_one_line(text, tmp_path):
    path = tmp_path / "jw01_cat.ecsv"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        open_product(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_suffix_is_refused(tmp_path):
    path = tmp_path / "jw01_other.ecsv"
    path.write_text("# %ECSV 1.0\n")
    with pytest.raises(InvalidInput, match="unknown kind of table"):
        open_product(path)
