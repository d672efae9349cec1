"""Files that are not what they should be: one clear line, or an answer as late as possible."""

import numpy as np
import pytest
from astropy.io import fits
from tests.io.examples import example

from webbcal.core.errors import InvalidInput, InvalidProduct, WebbcalError
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.fields import Elements, declared
from webbcal.spec.products import (
    AmiOi,
    CalInts,
    CalMultiSlit,
    I2d,
    Ramp,
    Rate,
    S3d,
    Uncal,
    WfsCombined,
)


def rewritten(path, change):
    with fits.open(path) as hdus:
        hdus = fits.HDUList([hdu.copy() for hdu in hdus])
        change(hdus)
        hdus.writeto(path, overwrite=True)
    return path


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "jw01_rate.fits"
    write_product(example(Rate, np.random.default_rng(3)), path)
    return path


def test_no_science_array(path):
    rewritten(path, lambda hdus: hdus.pop("SCI"))
    with pytest.raises(InvalidInput, match="extension SCI is missing"):
        open_product(path)


def test_science_in_a_table(path):
    def change(hdus):
        hdus["SCI"] = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1])], name="SCI")

    rewritten(path, change)
    with pytest.raises(InvalidInput, match=r"\[SCI\].*not an image"):
        open_product(path)


def test_another_missing_array_is_reported_when_it_is_needed(path):
    rewritten(path, lambda hdus: hdus.pop("ERR"))
    product = open_product(path)
    assert product.sci.ndim == 2
    assert not product.has("err")
    with pytest.raises(InvalidProduct, match="extension ERR is missing"):
        _ = product.err


def test_arrays_of_different_shape(path):
    def change(hdus):
        hdus["ERR"].data = np.zeros((30, 31), "f4")

    rewritten(path, change)
    with pytest.raises(InvalidInput, match=r"\[ERR\]: arrays of different shape"):
        open_product(path)


def test_wrong_number_of_axes(path):
    with pytest.raises(InvalidInput, match="wrong number of axes"):
        open_product(path, Ramp)


def test_unknown_kind(tmp_path):
    path = tmp_path / "other.fits"
    fits.PrimaryHDU().writeto(path)
    with pytest.raises(InvalidInput, match="unknown kind of product"):
        open_product(path)


def test_a_file_without_datamodl_is_judged_by_its_shape(path):
    def change(hdus):
        del hdus[0].header["DATAMODL"]

    other = path.with_name("anything.fits")
    path.rename(other)
    rewritten(other, change)
    assert type(open_product(other)) is Rate


def test_kinds_with_one_datamodl_are_told_apart_by_content(tmp_path):
    for kind in (Rate, I2d, WfsCombined):
        path = tmp_path / "no-suffix.fits"
        write_product(example(kind, np.random.default_rng(1)), path)
        assert type(open_product(path)) is kind


@pytest.mark.parametrize(
    "tree",
    [
        b"nonsense",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- [1, 2\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- [1, 2]\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {a: *nobody}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n---\n" + b"[" * 50_000 + b"\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n---\nmeta: {time: !!int text}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n---\na: &a [*a]\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n---\na: 1\n...\n\xd3BLK\x00\x30" + b"\xff" * 48,
    ],
)
def test_a_damaged_tree_is_one_line(tree, path):
    def change(hdus):
        column = fits.Column("ASDF_METADATA", f"{len(tree)}B", array=[np.frombuffer(tree, "u1")])
        hdus["ASDF"] = fits.BinTableHDU.from_columns([column], name="ASDF")

    rewritten(path, change)
    with pytest.raises(InvalidInput, match=r"\[ASDF\]") as caught:
        open_product(path)
    assert "\n" not in str(caught.value)


def test_a_tree_cannot_execute_anything(path, tmp_path):
    victim = tmp_path / "victim"
    tree = (
        "#ASDF 1.0.0\n%YAML 1.1\n---\nmeta:\n"
        f"  wcs: !!python/object/apply:os.mkdir ['{victim}']\n"
        f"  other: !!python/object/apply:os.mkdir ['{victim}']\n...\n"
    ).encode()

    def change(hdus):
        column = fits.Column("ASDF_METADATA", f"{len(tree)}B", array=[np.frombuffer(tree, "u1")])
        hdus["ASDF"] = fits.BinTableHDU.from_columns([column], name="ASDF")

    rewritten(path, change)
    product = open_product(path)
    with pytest.raises(InvalidInput):
        _ = product.wcs
    assert not victim.exists()


def test_links_to_other_files_are_refused(path):
    tree = (
        b"#ASDF 1.0.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n---\nmeta:\n"
        b"  wcs: !core/ndarray-1.0.0 {source: 'file:///etc/passwd', datatype: uint8, shape: [3]}\n"
        b"...\n"
    )

    def change(hdus):
        column = fits.Column("ASDF_METADATA", f"{len(tree)}B", array=[np.frombuffer(tree, "u1")])
        hdus["ASDF"] = fits.BinTableHDU.from_columns([column], name="ASDF")

    rewritten(path, change)
    with pytest.raises(InvalidInput, match="links to another file"):
        _ = open_product(path).wcs


def test_huge_extver_does_not_make_a_huge_list(tmp_path):
    path = tmp_path / "jw01_cal.fits"
    write_product(example(CalMultiSlit, np.random.default_rng(1)), path)

    def change(hdus):
        hdus["SCI"].header["EXTVER"] = 2_000_000_000

    rewritten(path, change)
    with pytest.raises(InvalidInput, match="EXTVER"):
        open_product(path)


def test_columns_of_an_older_table_are_cast_and_completed(tmp_path):
    product = example(CalInts, np.random.default_rng(5))
    path = tmp_path / "jw01_calints.fits"
    write_product(product, path)

    def change(hdus):
        columns = [
            fits.Column("INTEGRATION_NUMBER", "I", array=[1, 2]),
            fits.Column("int_mid_MJD_UTC", "D", array=[3.0, 4.0]),
            fits.Column("new", "5A", array=["a", "b"]),
        ]
        hdus["INT_TIMES"] = fits.BinTableHDU.from_columns(columns, name="INT_TIMES")

    rewritten(path, change)
    table = open_product(path).int_times
    assert table["integration_number"].dtype == np.int32
    np.testing.assert_array_equal(table["int_mid_MJD_UTC"], [3.0, 4.0])
    assert np.isnan(table["int_end_MJD_UTC"]).all()
    assert table["new"].tolist() == [b"a", b"b"]


def test_columns_that_do_not_fill_the_rows(tmp_path):
    path = tmp_path / "jw01_calints.fits"
    write_product(example(CalInts, np.random.default_rng(5)), path)
    content = path.read_bytes()
    at = content.index(b"TFORM1  = 'J")
    path.write_bytes(content[:at] + b"TFORM1  = 'K" + content[at + 12 :])
    product = open_product(path)
    if product.has("int_times"):
        with pytest.raises(InvalidInput, match="do not fill the rows"):
            _ = product.int_times


@pytest.mark.parametrize("kind", [Uncal, CalMultiSlit, S3d, AmiOi], ids=lambda kind: kind.__name__)
def test_random_damage_is_an_error_of_ours_or_none(kind, tmp_path):
    rng = np.random.default_rng(11)
    path = tmp_path / f"jw01_{kind.suffixes[0]}.fits"
    write_product(example(kind, rng, metadata=0.1), path)
    good = np.frombuffer(path.read_bytes(), "u1")
    outcomes = {"read": 0, "refused": 0}
    for _ in range(60):
        bad = good.copy()
        places = rng.integers(0, len(bad) // 80, 4) * 80 + rng.integers(0, 30, 4)
        bad[places] = rng.choice(np.frombuffer(b"0123456789'TF -=/\xff", "u1"), 4)
        path.write_bytes(bad.tobytes()[: len(bad) if rng.random() < 0.9 else len(bad) // 2])
        try:
            touch(open_product(path))
            outcomes["read"] += 1
        except WebbcalError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0


def touch(product):
    """Read every array of a product and its elements."""
    for name, spec in declared(type(product)).items():
        if isinstance(spec, Elements):
            for part in getattr(product, name):
                touch(part)
        elif product.has(name):
            getattr(product, name)
