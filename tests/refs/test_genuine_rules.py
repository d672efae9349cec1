"""Selection by the observatory's own rules, as published for contexts 0000 to 0567."""

import tarfile
from pathlib import Path

import pytest
from tests.refs.crds_cache import exposure

from webbcal.core.errors import InvalidReference
from webbcal.refs.crds_rules import RulesClient
from webbcal.refs.exposure_keys import exposure_datetime, flat_header
from webbcal.refs.selection_memory import SelectionMemory
from webbcal.spec.meta import Meta

ARCHIVE = Path(__file__).parents[3] / "shared/real/crds/jwst-mappings-0000-0567.tar.gz"

# Made with crds.getrecommendations of the client 14.0.3, in an environment that has the further
# packages this needs. Context, detector, subarray, read pattern and date, then the number of the
# file of each type; N/A for "not applicable", ? for "not found".
RECOMMENDED = """\
dark mask superbias readnoise saturation linearity gain ipc refpix
0567 NRCA1 FULL RAPID 2022-07-01 : 0040 0033 0026 0025 0064 0056 0050 0026 N/A
0567 NRCA1 FULL RAPID 2014-06-01 : 0040 0010 0011 0010 0049 0039 0019 0011 N/A
0567 NRCALONG SUB320 BRIGHT1 2022-07-01 : 0202 0038 0022 0022 0063 0052 0056 0028 N/A
0567 NRCALONG FULL DEEP8 2015-09-30 : 0043 0014 0014 0013 0052 0042 0022 0015 N/A
0567 NRCALONG FULL DEEP8 2015-10-01 : 0043 0038 0022 0022 0063 0052 0056 0028 N/A
0567 NRCB3 SUB160 RAPID 2022-07-01 : 0049 0034 0025 0020 0065 0054 0051 0022 N/A
0567 NRCA1 SUB8FP1A RAPID 2022-07-01 : N/A 0033 0026 0025 0064 0056 0050 0026 N/A
0567 NRCB4 SUB64P SHALLOW4 2017-01-01 : 0164 0037 0028 0027 0062 0050 0057 0027 N/A
0400 NRCA1 FULL RAPID 2022-07-01 : 0040 0026 0026 0025 0064 0056 0045 0026 N/A
0400 NRCB5 FULL RAPID 2022-07-01 : ? ? ? ? ? ? ? ? N/A
0400 NRCBLONG SUB400P RAPID 2016-03-01 : 0067 0023 0021 0023 0066 0049 0044 0023 N/A
0200 NRCA3 FULL RAPID 2022-07-01 : 0041 0012 0012 0011 0050 0040 0020 0013 N/A
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> RulesClient:
    if not ARCHIVE.is_file():
        pytest.skip("the genuine rules are not here")
    root = tmp_path_factory.mktemp("genuine")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(root, filter="data")
    return RulesClient(root)


def recommended() -> list[tuple[str, Meta, dict[str, str]]]:
    first, *rows = RECOMMENDED.strip().splitlines()
    cases = []
    for row in rows:
        given, numbers = row.split(" : ")
        context, detector, subarray, pattern, date = given.split()
        meta = exposure(
            instrument__detector=detector,
            subarray__name=subarray,
            exposure__readpatt=pattern,
            observation__date=date,
        )
        wanted = dict(zip(first.split(), numbers.split(), strict=True))
        cases.append((f"jwst_{context}.pmap", meta, wanted))
    return cases


def test_every_type_is_what_the_whole_client_recommends(client):
    for context, meta, wanted in recommended():
        for reftype, number in wanted.items():
            answer, _ = client.choose(context, "nircam", reftype, flat_header(meta))
            expected = f"jwst_nircam_{reftype}_{number}.fits" if number.isdigit() else None
            assert answer.name == expected, (context, reftype)
            assert answer.missing == (number == "?"), (context, reftype)


def test_memory_answers_as_the_rules_do_on_either_side_of_every_date(client, tmp_path):
    memory = SelectionMemory(tmp_path / "memory.json")
    context, reftype = "jwst_0567.pmap", "superbias"
    _, rules = client.choose(context, "nircam", reftype, flat_header(exposure()))
    dates = sorted({date[:10] for date in rules.dates} | {"1899-12-31", "2022-07-01"})
    assert len(dates) > 3
    checked = 0
    for detector in ("NRCA1", "NRCBLONG"):
        for date in dates:
            for time in ("00:00:00", "23:59:59.5"):
                meta = exposure(
                    instrument__detector=detector,
                    observation__date=date,
                    observation__time=time,
                )
                header, when = flat_header(meta), exposure_datetime(meta)
                answer, _ = client.choose(context, "nircam", reftype, header)
                known = memory.recall([reftype], header, when)
                if reftype in known:
                    assert known[reftype].answer == answer
                    checked += 1
                elif answer.name is None:
                    memory.remember({reftype: (answer, rules, None)}, header, when)
                else:
                    file = tmp_path / answer.name
                    file.touch()
                    memory.remember({reftype: (answer, rules, file)}, header, when)
    assert checked > 3


def test_a_file_that_the_observatory_has_withdrawn_is_refused(client):
    meta = exposure(instrument__detector="NRCALONG", instrument__pupil="CLEAR")
    with pytest.raises(InvalidReference, match="marked as scientifically invalid"):
        client.choose("jwst_0400.pmap", "nircam", "flat", flat_header(meta))


def test_the_context_in_use_is_what_the_server_told_last(client):
    assert client.context(None) == "jwst_0565.pmap"
