"""What is written is read back the same, has the keys that others expect, and destroys nothing."""

import json
from dataclasses import replace

import pytest

from webbcal.associations import (
    AsnProduct,
    Association,
    Member,
    read_association,
    write_association,
)
from webbcal.core.errors import CannotWrite

KEYS = [
    "asn_type",
    "asn_rule",
    "version_id",
    "code_version",
    "degraded_status",
    "program",
    "constraints",
    "asn_id",
    "target",
    "asn_pool",
    "products",
]

MADE = Association(
    kind="image3",
    rule="Asn_Lv3Image",
    program="01234",
    identifier="o001",
    target="001",
    products=(
        AsnProduct(
            "jw01234-o001_t001_miri_f770w",
            (
                Member("a_cal.fits", candidate="(o001, observation)"),
                Member("b_cal.fits", group="2", catalog="b_cat.ecsv"),
                Member("c_cal.fits", "background", error="guide star lost"),
            ),
        ),
    ),
    code_version="webbcal",
)


def test_it_is_read_back_as_it_was(tmp_path):
    path = write_association(MADE, tmp_path / "x_asn.json")
    assert read_association(path) == MADE


def test_keys_are_those_of_the_archive(tmp_path):
    tree = json.loads(write_association(MADE, tmp_path / "x_asn.json").read_text())
    assert list(tree) == KEYS
    first, second, _ = tree["products"][0]["members"]
    assert list(first) == ["expname", "exptype", "exposerr", "asn_candidate"]
    assert set(second) - set(first) == {"group_id", "tweakreg_catalog"}


def test_a_file_that_somebody_edited_is_kept(tmp_path):
    path = write_association(MADE, tmp_path / "x_asn.json")
    write_association(MADE, path)
    edited = path.read_text().replace("a_cal", "d_cal")
    path.write_text(edited)
    with pytest.raises(CannotWrite, match="--overwrite"):
        write_association(MADE, path)
    assert path.read_text() == edited
    write_association(MADE, path, overwrite=True)
    assert read_association(path) == MADE


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    (tmp_path / "x_asn.json").mkdir()
    with pytest.raises(CannotWrite):
        write_association(MADE, tmp_path / "x_asn.json", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x_asn.json"]
    with pytest.raises(CannotWrite):
        write_association(MADE, tmp_path / "absent" / "x_asn.json")


@pytest.mark.parametrize(("kind", "level"), [("image2", 2), ("tso-spec2", 2), ("coron3", 3)])
def test_the_type_tells_the_level(kind, level):
    assert replace(MADE, kind=kind).level == level
