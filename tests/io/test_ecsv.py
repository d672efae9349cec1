"""Catalogues and light curves."""

import numpy as np
import pytest
from tests.io.examples import random_values

from webbcal.core.errors import InvalidInput, InvalidProduct
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
