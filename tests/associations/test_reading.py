"""Association files from anywhere are read, or refused in one line; nothing leaves its folder."""

import json
import os
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webbcal.associations import locate, read_association
from webbcal.associations._association import ROLES
from webbcal.core.errors import InvalidInput


def association(**changes):
    """Return an association of the archive: two dithers of one filter, and a background."""
    members = [
        {"expname": f"jw01234001001_02101_0000{n}_nrca1_cal.fits", "exptype": "science"}
        for n in (1, 2)
    ]
    return {
        "asn_type": "image3",
        "asn_rule": "candidate_Asn_Lv3Image",
        "version_id": "20240101t000000",
        "code_version": "1.12.5",
        "degraded_status": "No known degraded exposures in association.",
        "program": "01234",
        "constraints": "DMSAttrConstraint({'name': 'program'})",
        "asn_id": "o001",
        "target": "t001",
        "asn_pool": "jw01234_20240101t000000_pool.csv",
        "products": [{"name": "jw01234-o001_t001_nircam_clear-f200w", "members": members}],
    } | changes


def written(folder, content, name="x_asn.json"):
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def with_member(**changes):
    content = association()
    content["products"][0]["members"][0] |= changes
    return content


def refused(folder, content):
    path = written(folder, content)
    with pytest.raises(InvalidInput) as error:
        read_association(path)
    line = str(error.value)
    assert path.name in line
    assert "\n" not in line
    assert len(line) < 900
    return line


def test_what_the_archive_writes_is_understood(tmp_path):
    found = read_association(written(tmp_path, association()))
    assert (found.kind, found.level, found.identifier, found.program) == (
        "image3",
        3,
        "o001",
        "01234",
    )
    (product,) = found.products
    assert [m.name for m in product.science] == [
        f"jw01234001001_02101_0000{n}_nrca1_cal.fits" for n in (1, 2)
    ]


def test_what_a_list_of_files_became_is_understood(tmp_path):
    content = {
        "asn_type": "None",
        "asn_rule": "DMSLevel2bBase",
        "version_id": None,
        "asn_id": "a3001",
        "products": [
            {
                "name": "a",
                "members": [
                    {"expname": "a_rate.fits", "exptype": "SCIENCE"},
                    {"expname": "b_rate.fits", "exptype": "background", "exposerr": None},
                ],
            }
        ],
    }
    found = read_association(written(tmp_path, content))
    assert found.level == 2
    assert [m.role for m in found.products[0].members] == ["science", "background"]


def test_byte_order_mark_and_unknown_keys_do_no_harm(tmp_path):
    text = "\ufeff" + json.dumps(association(colour="blue"))
    assert read_association(written(tmp_path, text)).identifier == "o001"


OUTSIDE = [
    "../secret_cal.fits",
    "a/../../secret_cal.fits",
    "/etc/passwd",
    "~/x_cal.fits",
    "..\\x_cal.fits",
    "C:\\x_cal.fits",
    "file:///etc/passwd",
    "https://example.org/x_cal.fits",
    "a//b_cal.fits",
    "./a_cal.fits",
    "",
    " ",
    "a\0b_cal.fits",
    "a\nb_cal.fits",
    "\x1b[2J_cal.fits",
    "x" * 300,
    "..",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_member_lies_outside_the_folder(tmp_path, name):
    line = refused(tmp_path, with_member(expname=name))
    assert "outside the folder" in line
    assert "member 1" in line
    assert line.isprintable()


@pytest.mark.parametrize("name", ["../c.ecsv", "/etc/passwd"])
def test_no_catalogue_lies_outside_the_folder(tmp_path, name):
    line = refused(tmp_path, with_member(tweakreg_catalog=name))
    assert "tweakreg_catalog" in line


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", None, 3, "x" * 201, "a b", "-o"])
def test_a_product_has_a_plain_name(tmp_path, name):
    content = association()
    content["products"][0]["name"] = name
    assert "product 1" in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "JSON"),
        ("{", "line 1"),
        (b"\xff\xfe", "JSON"),
        ("[" * 100_000, "deeply"),
        ("1" * 10_000, "JSON"),
        ("[]", "products"),
        ("3", "products"),
        ({}, "products"),
        (association(products=[]), "products"),
        (association(products={}), "products"),
        (association(products=[3]), "product 1"),
        (association(products=[{"name": "a"}]), "no members"),
        (association(products=[{"name": "a", "members": []}]), "no members"),
        (association(products=[{"name": "a", "members": ["x"]}]), "member 1"),
        (association(products=[{"name": "a", "members": [{}]}]), "expname"),
        (association(asn_id="../x"), "asn_id"),
        (association(asn_type=[]), "asn_type"),
        (with_member(exptype="sience"), "sience"),
        (with_member(exptype=None), "exptype"),
        ('{"products": [], "products": []}', "twice"),
        (with_member(expname="other_asn.json"), "no exposure"),
        (with_member(expname="x_asn.json"), "its own member"),
        (association(products=association()["products"] * 2), "two products"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, content, words):
    assert words in refused(tmp_path, content)


def test_deep_structures_in_odd_places_are_refused_or_passed_over(tmp_path):
    nest = "[" * 900 + "]" * 900
    for text in (
        json.dumps(with_member(asn_candidate="@")).replace('"@"', nest),
        json.dumps(association(products="@")).replace('"@"', nest),
        json.dumps(association(program="@")).replace('"@"', nest),
    ):
        try:
            read_association(written(tmp_path, text))
        except InvalidInput as error:
            assert "x_asn.json" in str(error)


def test_an_exposure_counts_once(tmp_path):
    name = association()["products"][0]["members"][1]["expname"]
    assert "twice" in refused(tmp_path, with_member(expname=name))
    assert "both" in refused(tmp_path, with_member(expname=name, exptype="background"))


def test_a_product_without_science_is_refused(tmp_path):
    content = association()
    for member in content["products"][0]["members"]:
        member["exptype"] = "psf"
    assert "science" in refused(tmp_path, content)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x_asn.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidInput, match="too large"):
        read_association(path)


def test_folders_pipes_and_missing_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path, tmp_path / "pipe.json", tmp_path / "absent.json"):
        with pytest.raises(InvalidInput):
            read_association(path)


@pytest.fixture
def there(tmp_path):
    """Return a folder with an association and its members, and a file outside of it."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = written(folder, association())
    for member in association()["products"][0]["members"]:
        (folder / member["expname"]).touch()
    (tmp_path / "secret_cal.fits").touch()
    return path


def test_members_are_found_beside_the_association(there):
    found = locate(read_association(there))
    assert [path.parent for path in found.values()] == [there.parent] * 2
    assert all(path.name == name for name, path in found.items())


def test_members_are_found_in_further_folders(there, tmp_path):
    (tmp_path / "out").mkdir()
    name = association()["products"][0]["members"][0]["expname"]
    (there.parent / name).rename(tmp_path / "out" / name)
    found = locate(read_association(there), tmp_path / "out")
    assert found[name] == tmp_path / "out" / name


def test_every_missing_member_is_named(there):
    names = [member["expname"] for member in association()["products"][0]["members"]]
    for name in names:
        (there.parent / name).unlink()
    with pytest.raises(InvalidInput) as error:
        locate(read_association(there))
    assert all(name in str(error.value) for name in names)
    assert "2 members are missing" in str(error.value)


def test_a_link_out_of_the_folder_is_refused_unless_its_target_is_allowed(there, tmp_path):
    name = association()["products"][0]["members"][0]["expname"]
    (there.parent / name).unlink()
    (there.parent / name).symlink_to(tmp_path / "secret_cal.fits")
    with pytest.raises(InvalidInput, match="link that leads out"):
        locate(read_association(there))
    assert name in locate(read_association(there), tmp_path)


def test_a_linked_folder_does_not_help(there, tmp_path):
    (there.parent / "up").symlink_to(tmp_path)
    content = with_member(expname="up/secret_cal.fits")
    with pytest.raises(InvalidInput, match="link that leads out"):
        locate(read_association(written(there.parent, content)))


def test_a_link_to_the_association_itself_is_refused(there):
    name = association()["products"][0]["members"][0]["expname"]
    (there.parent / name).unlink()
    (there.parent / name).symlink_to(there.name)
    with pytest.raises(InvalidInput, match="own member"):
        locate(read_association(there))


def test_links_in_a_circle_and_folders_are_refused(there):
    name = association()["products"][0]["members"][0]["expname"]
    (there.parent / name).unlink()
    (there.parent / name).symlink_to(name)
    with pytest.raises(InvalidInput):
        locate(read_association(there))
    (there.parent / name).unlink()
    (there.parent / name).mkdir()
    with pytest.raises(InvalidInput, match="not a file"):
        locate(read_association(there))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    SCALARS | st.sampled_from(OUTSIDE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.text(alphabet=string.ascii_letters + "./\\~:_-{}\0", max_size=30)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_mutation_gets_through_or_breaks_the_reader(data, tmp_path_factory):
    content = association()
    member = content["products"][0]["members"][0]
    for node in (content, content["products"][0], member):
        if data.draw(st.booleans()):
            node[data.draw(st.sampled_from(sorted(node)))] = data.draw(TREES)
    if data.draw(st.booleans()):
        member["expname"] = data.draw(NAMES)
    folder = tmp_path_factory.mktemp("mutated", numbered=True)
    check(written(folder, json.dumps(content)))


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, 900), length=st.integers(0, 40), replacement=st.binary(max_size=20))
def test_no_damage_breaks_the_reader(start, length, replacement, tmp_path_factory):
    text = json.dumps(association()).encode()
    folder = tmp_path_factory.mktemp("damaged", numbered=True)
    check(written(folder, text[:start] + replacement + text[start + length :]))


def check(path):
    """Assert that a file is refused in one line, or is harmless."""
    try:
        found = read_association(path)
    except InvalidInput as error:
        assert path.name in str(error)
        assert "\n" not in str(error)
        return
    for product, member in found.members:
        target = Path(os.path.normpath(path.parent / member.name))
        assert target.is_relative_to(path.parent)
        assert target != path.parent
        assert member.role in ROLES
        assert Path(product.name).name == product.name
    with pytest.raises(InvalidInput):
        locate(found)
