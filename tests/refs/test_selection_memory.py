"""Selections remembered between runs: the same answers, without the client."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.refs.crds_cache import exposure, make_cache, rules, touch_later, write_type

from webbcal.core.errors import InvalidReference, MissingReference
from webbcal.refs.crds_rules import RulesClient
from webbcal.refs.select import ReferenceSource

KEYS = ("META.INSTRUMENT.DETECTOR", "META.SUBARRAY.NAME")
DARK = rules(
    (("NRCA1", "FULL"), {"2014-01-01 00:00:00": "early.fits", "2023-01-01 00:00:00": "late.fits"}),
    (("NRCA1", "SUB64P"), "N/A"),
)
BY_DETECTOR = (
    ("META.INSTRUMENT.DETECTOR",),
    rules((("NRCA1",), {"2014-01-01 00:00:00": "early.fits"})),
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    types = {"dark": (KEYS, DARK), "mask": BY_DETECTOR, "refpix": None}
    return make_cache(tmp_path / "cache", types, ["early.fits", "late.fits", "new.fits"])


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Types for which the client was asked, in order."""
    types: list[str] = []
    genuine = RulesClient.choose

    def choose(self, context, instrument, reftype, header):
        types.append(reftype)
        return genuine(self, context, instrument, reftype, header)

    monkeypatch.setattr(RulesClient, "choose", choose)
    return types


def choose(cache: Path, memory: Path | None, reftype: str = "dark", **changes: object):
    return ReferenceSource(crds_path=cache, memory=memory).select(exposure(**changes), [reftype])[
        reftype
    ]


def test_twenty_exposures_of_one_kind_ask_the_rules_once(cache, tmp_path, asked):
    for day in range(1, 21):
        meta = exposure(observation__date=f"2023-05-{day:02}")
        source = ReferenceSource(crds_path=cache, memory=tmp_path / "memory")
        selected = source.select(meta, ["dark", "mask", "refpix"])
        assert selected["dark"].path == cache / "references/jwst/late.fits"
        assert selected["refpix"].path is None
    assert asked == ["dark", "mask", "refpix"]


def test_the_answer_is_the_same_with_and_without_memory_on_either_side_of_every_date(
    cache, tmp_path
):
    memory = tmp_path / "memory"
    times = [
        ("2014-01-01", "00:00:00"),
        ("2022-12-31", "23:59:59.999"),
        ("2023-01-01", "00:00:00"),
        ("2023-01-01", "00:00:00.001"),
        ("2030-01-01", "00:00:00"),
    ]
    for _ in range(2):
        for date, time in times:
            when = {"observation__date": date, "observation__time": time}
            assert choose(cache, memory, **when) == choose(cache, None, **when)


def test_a_key_that_the_rules_look_at_makes_another_question(cache, tmp_path, asked):
    memory = tmp_path / "memory"
    assert choose(cache, memory).path is not None
    assert choose(cache, memory, subarray__name="SUB64P").path is None
    assert choose(cache, memory, subarray__name="SUB64P").reason
    assert choose(cache, memory, exposure__readpatt="DEEP8").path is not None
    assert asked == ["dark", "dark"]


def test_that_nothing_is_found_is_remembered_too(cache, tmp_path, asked):
    for _ in range(2):
        with pytest.raises(MissingReference, match="no dark reference"):
            choose(cache, tmp_path / "memory", instrument__detector="NRCB1")
    assert asked == ["dark"]


def test_new_rules_under_the_same_name_are_noticed(cache, tmp_path):
    memory = tmp_path / "memory"
    assert choose(cache, memory).path.name == "late.fits"
    new = rules((("NRCA1", "FULL"), {"2014-01-01 00:00:00": "new.fits"}))
    write_type(cache, "dark", KEYS, new)
    assert choose(cache, memory).path.name == "new.fits"


@pytest.mark.parametrize(
    "name",
    [
        "mappings/jwst/jwst_0001.pmap",
        "mappings/jwst/jwst_nircam_0001.imap",
        "mappings/jwst/jwst_nircam_dark_0001.rmap",
    ],
)
def test_a_touched_mapping_file_makes_the_client_be_asked_again(cache, tmp_path, asked, name):
    choose(cache, tmp_path / "memory")
    touch_later(cache / name)
    choose(cache, tmp_path / "memory")
    choose(cache, tmp_path / "memory")
    assert asked == ["dark", "dark"]


def test_a_reference_file_that_has_gone_is_not_answered_from_memory(cache, tmp_path):
    choose(cache, tmp_path / "memory")
    (cache / "references/jwst/late.fits").unlink()
    with pytest.raises(MissingReference, match=r"late\.fits"):
        choose(cache, tmp_path / "memory")


def test_a_file_withdrawn_since_is_not_answered_from_memory(cache, tmp_path):
    choose(cache, tmp_path / "memory")
    config = cache / "config/jwst/server_config"
    config.write_text(config.read_text().replace("[]", "['late.fits']"))
    with pytest.raises(InvalidReference, match=r"late\.fits is marked"):
        choose(cache, tmp_path / "memory")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[1, 2]",
        lambda text: '{"format": 1, "types": {"dark": 3}}',
        lambda text: '{"format": 1, "types": {"dark": {"files": [[1, 2]], "answers": []}}}',
        lambda text: text.replace('"answers"', '"keys"'),
        lambda text: "[" * 100_000,
    ],
)
def test_a_damaged_memory_is_as_good_as_none(cache, tmp_path, damage, asked):
    memory = tmp_path / "memory"
    want = choose(cache, memory)
    (file,) = memory.rglob("*.json")
    file.write_text(damage(file.read_text()))
    assert choose(cache, memory) == want
    assert asked == ["dark", "dark"]
    assert choose(cache, memory) == want
    assert asked == ["dark", "dark"]


def test_a_memory_that_cannot_be_written_changes_nothing(cache, tmp_path):
    blocked = tmp_path / "memory"
    blocked.write_text("a file where the folder should be")
    assert choose(cache, blocked) == choose(cache, None)


def test_two_caches_do_not_share_answers(cache, tmp_path):
    other = make_cache(
        tmp_path / "other",
        {"dark": (KEYS, rules((("NRCA1", "FULL"), {"2014-01-01 00:00:00": "new.fits"})))},
        ["new.fits"],
    )
    memory = tmp_path / "memory"
    assert choose(cache, memory).path.parent == cache / "references/jwst"
    assert choose(other, memory).path == other / "references/jwst/new.fits"


def test_a_second_process_does_not_import_the_client(cache, tmp_path):
    program = """
import json, sys
from pathlib import Path
from tests.refs.crds_cache import exposure
from webbcal.refs.select import ReferenceSource
source = ReferenceSource(crds_path=Path(sys.argv[1]), memory=Path(sys.argv[2]))
chosen = source.select(exposure(), ["dark", "mask", "refpix", "pars-jumpstep"], ["pars-jumpstep"])
print(json.dumps([str(chosen["dark"].path), "crds" in sys.modules, "astropy" in sys.modules]))
"""
    command = [sys.executable, "-c", program, str(cache), str(tmp_path / "memory")]
    root = Path(__file__).parents[2]
    runs = [
        json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
        for _ in range(2)
    ]
    dark = str(cache / "references/jwst/late.fits")
    assert runs == [[dark, True, True], [dark, False, False]]
