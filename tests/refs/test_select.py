"""The choice of reference files, by hand and by rules that the genuine client reads."""

import os
from pathlib import Path

import pytest
from tests.refs.crds_cache import CONTEXT, exposure, make_cache, rules

from webbcal.core.errors import InvalidInput, InvalidReference, MissingReference
from webbcal.refs.select import BY_HAND, ReferenceSource

DETECTOR = ("META.INSTRUMENT.DETECTOR",)
TWO_DARKS = rules(
    (("NRCA1",), {"2014-01-01 00:00:00": "early.fits", "2023-01-01 00:00:00": "late.fits"}),
    (("NRCA3",), "N/A"),
)
FILES = ("early.fits", "late.fits", "flag.fits")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    types = {
        "dark": (DETECTOR, TWO_DARKS),
        "mask": (DETECTOR, rules((("NRCA1",), {"2014-01-01 00:00:00": "flag.fits"}))),
        "gain": (DETECTOR, rules((("NRCA1",), {"2014-01-01 00:00:00": "absent.fits"}))),
        "ipc": None,
    }
    return make_cache(tmp_path / "cache", types, FILES)


def test_the_rules_give_the_file_valid_at_the_time_of_the_exposure(cache):
    source = ReferenceSource(crds_path=cache)
    dates = {"2014-01-01": "early.fits", "2022-12-31": "early.fits", "2023-01-01": "late.fits"}
    for date, name in dates.items():
        meta = exposure(observation__date=date, observation__time="00:00:00")
        selection = source.select(meta, ["dark"])["dark"]
        assert selection.path == cache / "references/jwst" / name
        assert selection.origin == f"crds {CONTEXT}"
        assert selection.keys["DETECTOR"] == "NRCA1"
        assert selection.keys["DATE-OBS"] == date


def test_a_type_may_not_apply_to_an_instrument_or_to_an_exposure(cache):
    source = ReferenceSource(crds_path=cache)
    selected = source.select(exposure(instrument__detector="NRCA3"), ["dark", "ipc"])
    assert [s.path for s in selected.values()] == [None, None]
    assert all("not applicable" in s.reason for s in selected.values())


@pytest.mark.parametrize("reftype", ["dark", "pars-jumpstep"])
def test_a_type_that_the_rules_miss_is_an_error_unless_optional(cache, reftype):
    source = ReferenceSource(crds_path=cache)
    meta = exposure(instrument__detector="NRCB1")
    with pytest.raises(MissingReference, match=rf"no {reftype} reference.*{reftype}=FILE") as error:
        source.select(meta, [reftype])
    assert CONTEXT in str(error.value)
    assert "DATE-OBS=2023-05-01" in str(error.value)
    assert source.select(meta, [reftype], optional=[reftype])[reftype].path is None


def test_a_rule_that_names_an_absent_file_says_how_to_get_it(cache):
    with pytest.raises(MissingReference, match=r"absent\.fits.*crds sync"):
        ReferenceSource(crds_path=cache).select(exposure(), ["gain"])


def test_a_file_marked_as_bad_is_refused_unless_allowed(tmp_path):
    types = {"dark": (DETECTOR, TWO_DARKS)}
    cache = make_cache(tmp_path / "cache", types, FILES, bad=["late.fits"])
    with pytest.raises(InvalidReference, match=r"late\.fits is marked"):
        ReferenceSource(crds_path=cache).select(exposure(), ["dark"])
    allowed = ReferenceSource.from_environment(
        {"CRDS_PATH": str(cache), "CRDS_ALLOW_BAD_REFERENCES": "1"}
    )
    assert allowed.select(exposure(), ["dark"])["dark"].path is not None


def test_what_the_user_names_wins_over_the_rules(cache, tmp_path):
    mine = tmp_path / "mine.fits"
    mine.write_bytes(b"")
    source = ReferenceSource(crds_path=cache, overrides={"dark": mine, "mask": None})
    selected = source.select(exposure(), ["dark", "mask"])
    assert selected["dark"].path == mine
    assert selected["mask"].path is None
    assert {s.origin for s in selected.values()} == {BY_HAND}


def test_a_file_named_by_hand_must_exist(tmp_path):
    source = ReferenceSource(overrides={"dark": tmp_path / "none.fits"})
    with pytest.raises(MissingReference, match=r"none\.fits: no dark reference file"):
        source.select(exposure(), ["dark"])


def test_without_any_source_the_message_says_what_to_set():
    with pytest.raises(MissingReference, match="CRDS_PATH"):
        ReferenceSource().select(exposure(), ["dark"])
    optional = ReferenceSource().select(exposure(), ["dark"], optional=["dark"])
    assert optional["dark"].path is None
    assert ReferenceSource().context is None


def test_the_context_is_what_the_user_asks_for_or_what_the_cache_was_told(cache):
    assert ReferenceSource(crds_path=cache).context == CONTEXT
    assert ReferenceSource(crds_path=cache, requested_context="jwst_0007.pmap").context == (
        "jwst_0007.pmap"
    )


def test_an_unknown_context_is_one_clear_line(cache):
    source = ReferenceSource(crds_path=cache, requested_context="jwst_0999.pmap")
    with pytest.raises(MissingReference, match=r"jwst_0999\.pmap.*CRDS_CONTEXT") as error:
        source.select(exposure(), ["dark"])
    assert "\n" not in str(error.value)


def test_a_cache_that_is_not_there_is_one_clear_line(tmp_path):
    source = ReferenceSource(crds_path=tmp_path / "nowhere", requested_context=CONTEXT)
    with pytest.raises(MissingReference, match="server_config"):
        source.select(exposure(), ["dark"])


@pytest.mark.parametrize("text", ["{'observatory': ", "__import__('os').abort()", "[1]", ""])
def test_a_damaged_configuration_is_refused_and_never_executed(cache, text):
    (cache / "config/jwst/server_config").write_text(text)
    with pytest.raises(MissingReference, match="damaged"):
        ReferenceSource(crds_path=cache).select(exposure(), ["dark"])


@pytest.mark.parametrize(
    "text", ["", "header = {", "header = {}\nselector = __import__('os').abort()\n"]
)
def test_damaged_rules_are_one_clear_line(cache, text):
    (cache / "mappings/jwst/jwst_nircam_dark_0001.rmap").write_text(text)
    with pytest.raises(MissingReference, match="cannot read the rules") as error:
        ReferenceSource(crds_path=cache).select(exposure(), ["dark"])
    assert "\n" not in str(error.value)


def test_an_exposure_without_instrument_or_date_is_refused(cache):
    source = ReferenceSource(crds_path=cache)
    for path in ("instrument__name", "observation__date", "observation__time"):
        with pytest.raises(InvalidInput, match=r"INSTRUME|DATE-OBS"):
            source.select(exposure(**{path: None}), ["dark"])


def test_the_environment_of_the_process_is_left_as_it_was(cache, monkeypatch):
    monkeypatch.setenv("CRDS_PATH", "elsewhere")
    monkeypatch.setenv("CRDS_CONTEXT", "jwst_0042.pmap")
    before = dict(os.environ)
    source = ReferenceSource(crds_path=cache)
    assert source.select(exposure(), ["mask"])["mask"].path is not None
    assert dict(os.environ) == before


def test_a_cache_may_hold_the_files_of_each_instrument_in_a_folder(cache):
    (cache / "config/jwst/ref_cache_subdir_mode").write_text("instrument")
    folder = cache / "references/jwst/nircam"
    folder.mkdir()
    (cache / "references/jwst/late.fits").rename(folder / "late.fits")
    selection = ReferenceSource(crds_path=cache).select(exposure(), ["dark"])["dark"]
    assert selection.path == folder / "late.fits"


def test_a_server_that_does_not_answer_is_not_needed_by_a_filled_cache(cache):
    source = ReferenceSource.from_environment(
        {"CRDS_PATH": str(cache), "CRDS_SERVER_URL": "http://localhost:9"}
    )
    assert source.select(exposure(), ["dark"])["dark"].path is not None
    with pytest.raises(MissingReference, match=r"localhost:9.*absent\.fits") as error:
        source.select(exposure(), ["gain"])
    assert "\n" not in str(error.value)


def test_settings_come_from_the_environment_given():
    source = ReferenceSource.from_environment(
        {"CRDS_PATH": "there", "CRDS_CONTEXT": "jwst_0003.pmap", "CRDS_MODE": "local", "HOME": "x"},
        overrides={"DARK": None},
    )
    assert source.crds_path == Path("there")
    assert source.requested_context == "jwst_0003.pmap"
    assert source.crds_settings == {"CRDS_MODE": "local"}
    assert source.overrides == {"dark": None}
    assert ReferenceSource.from_environment({"CRDS_PATH": ""}).crds_path is None
