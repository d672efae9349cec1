"""The choice among the files of a folder, by their headers."""

import asdf
import pytest
from tests.refs.crds_cache import exposure
from tests.refs.reference_files import write_fits

from webbcal.core.errors import InvalidReference, MissingReference
from webbcal.refs.folder import selection_keys
from webbcal.refs.select import FROM_FOLDER, ReferenceSource


def chosen(folder, reftype="dark", **changes):
    source = ReferenceSource(folder=folder)
    return source.select(exposure(**changes), [reftype])[reftype]


def test_the_file_for_the_detector_is_taken(tmp_path):
    for detector in ("NRCA1", "NRCA2"):
        write_fits(tmp_path / f"{detector}.fits", "dark", DETECTOR=detector)
    write_fits(tmp_path / "gain.fits", "gain")
    for detector in ("NRCA1", "NRCA2"):
        selection = chosen(tmp_path, instrument__detector=detector)
        assert selection.path == tmp_path / f"{detector}.fits"
        assert selection.origin == FROM_FOLDER
        assert selection.keys["DETECTOR"] == detector


def test_the_latest_file_not_newer_than_the_exposure_is_taken(tmp_path):
    for year in (2014, 2022, 2024):
        write_fits(tmp_path / f"{year}.fits", "dark", USEAFTER=f"{year}-03-01T00:00:00")
    write_fits(tmp_path / "sub.fits", "dark", SUBARRAY="SUB64P")
    assert chosen(tmp_path).path.name == "2022.fits"
    assert chosen(tmp_path, observation__date="2024-03-01").path.name == "2024.fits"
    assert chosen(tmp_path, observation__date="2024-02-29").path.name == "2022.fits"


def test_the_most_specific_file_wins_over_a_later_one(tmp_path):
    write_fits(tmp_path / "sub.fits", "dark", SUBARRAY="SUB64P")
    write_fits(tmp_path / "full.fits", "dark", USEAFTER="2022-01-01T00:00:00")
    write_fits(tmp_path / "any.fits", "dark", SUBARRAY="GENERIC", USEAFTER="2023-01-01")
    assert chosen(tmp_path, subarray__name="SUB64P").path.name == "sub.fits"
    assert chosen(tmp_path, subarray__name="SUB160").path.name == "full.fits"
    assert chosen(tmp_path).path.name == "full.fits"


def test_a_subarray_file_does_not_serve_another_subarray(tmp_path):
    write_fits(tmp_path / "sub.fits", "dark", SUBARRAY="SUB64P")
    with pytest.raises(MissingReference, match=r"SUBARRAY=SUB160.*found sub\.fits"):
        chosen(tmp_path, subarray__name="SUB160")


def test_a_list_of_values_takes_the_place_of_one(tmp_path):
    write_fits(tmp_path / "fast.fits", "readnoise", READPATT="RAPID", P_READPA="RAPID|BRIGHT1|")
    write_fits(tmp_path / "slow.fits", "readnoise", READPATT="RAPID", P_READPA="DEEP8 | DEEP2")
    assert chosen(tmp_path, "readnoise", exposure__readpatt="BRIGHT1").path.name == "fast.fits"
    assert chosen(tmp_path, "readnoise", exposure__readpatt="DEEP2").path.name == "slow.fits"


def test_keys_that_do_not_select_a_type_are_ignored(tmp_path):
    write_fits(tmp_path / "dark.fits", "dark", FILTER="F444W", EXP_TYPE="NRC_DARK")
    assert chosen(tmp_path).path.name == "dark.fits"


def test_two_equally_good_files_are_not_guessed_between(tmp_path):
    write_fits(tmp_path / "one.fits", "dark")
    write_fits(tmp_path / "two.fits", "dark")
    with pytest.raises(InvalidReference, match=r"one\.fits, two\.fits.*--reference dark=FILE"):
        chosen(tmp_path)


def test_files_that_cannot_be_read_are_named_when_nothing_is_found(tmp_path):
    good = write_fits(tmp_path / "dark.fits", "dark", DETECTOR="NRCB1")
    (tmp_path / "torn.fits").write_bytes(good.read_bytes()[:500])
    (tmp_path / "notes.txt").write_text("not a reference")
    with pytest.raises(MissingReference, match=r"dark\.fits, and unreadable files: torn\.fits"):
        chosen(tmp_path)


def test_a_useafter_that_is_no_date_is_an_error(tmp_path):
    write_fits(tmp_path / "dark.fits", "dark", USEAFTER="yesterday")
    with pytest.raises(InvalidReference, match=r"USEAFTER.*yesterday"):
        chosen(tmp_path)


def test_an_asdf_file_is_chosen_like_a_fits_file(tmp_path):
    for name, listed in (("image", "NRC_IMAGE|NRC_TACQ|"), ("grism", "NRC_WFSS|")):
        meta = {
            "reftype": "regions",
            "instrument": {"name": "NIRCAM", "detector": "NRCA1"},
            "exposure": {"type": "NRC_IMAGE", "p_exptype": listed},
            "useafter": "2014-01-01T00:00:00",
        }
        asdf.AsdfFile({"meta": meta}).write_to(tmp_path / f"{name}.asdf")
    assert chosen(tmp_path, "regions").path.name == "image.asdf"
    assert chosen(tmp_path, "regions", exposure__type="NRC_WFSS").path.name == "grism.asdf"


def test_shifts_of_filters_are_chosen_by_subarray(tmp_path):
    for name, listed in (("full", "FULL|BRIGHTSKY|SUB64|"), ("mask", "MASK1550|")):
        meta = {
            "reftype": "filteroffset",
            "instrument": {"name": "MIRI", "detector": "MIRIMAGE"},
            "exposure": {"p_exptype": "MIR_IMAGE|MIR_4QPM|"},
            "subarray": {"name": "FULL", "p_subarray": listed},
            "useafter": "2022-05-01T00:00:00",
        }
        asdf.AsdfFile({"meta": meta}).write_to(tmp_path / f"{name}.asdf")
    miri = {"instrument__name": "MIRI", "instrument__detector": "MIRIMAGE"}
    for subarray, exposure_type, expected in (
        ("SUB64", "MIR_IMAGE", "full.asdf"),
        ("MASK1550", "MIR_4QPM", "mask.asdf"),
    ):
        keys = {**miri, "subarray__name": subarray, "exposure__type": exposure_type}
        assert chosen(tmp_path, "filteroffset", **keys).path.name == expected


def test_a_type_without_a_file_is_missing_or_optional(tmp_path):
    write_fits(tmp_path / "gain.fits", "gain")
    with pytest.raises(MissingReference, match="no dark reference"):
        chosen(tmp_path)
    source = ReferenceSource(folder=tmp_path)
    assert source.select(exposure(), ["dark"], ["dark"])["dark"].path is None


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(MissingReference, match="nowhere"):
        chosen(tmp_path / "nowhere")


def test_the_table_of_keys_holds_what_the_observatory_publishes():
    assert selection_keys("superbias", "nircam") == ("DETECTOR", "READPATT", "SUBARRAY")
    assert selection_keys("saturation", "nircam") == ("DETECTOR",)
