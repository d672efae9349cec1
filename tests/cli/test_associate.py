"""``webbcal associate``: what it writes, prints and refuses."""

import json
import sys

import pytest
from tests.associations.headers import MIRI, NIRCAM, Folder

from webbcal.cli.main import main


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return Folder(tmp_path / "data")


@pytest.fixture
def webbcal(monkeypatch, capsys):
    """Return a function that runs the command; it returns exit code, output and errors."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["webbcal", "associate", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code or 0, printed.out, printed.err

    return run


def names(folder):
    return sorted(path.name for path in folder.glob("*.json"))


WRITTEN = ["jw01234-o001_image2_00001_asn.json", "jw01234-o001_image3_00001_asn.json"]


def test_associations_go_beside_their_members(webbcal, folder):
    for _ in range(2):
        folder.expose(NIRCAM)
    code, out, _ = webbcal(folder.path)
    assert code == 0
    assert names(folder.path) == WRITTEN
    assert "jw01234-o001_t001_nircam_clear-f200w" in out
    assert "2 science" in out
    assert max(map(len, out.splitlines())) <= 80 or str(folder.path) in out
    content = json.loads((folder.path / WRITTEN[1]).read_text())
    assert len(content["products"][0]["members"]) == 2


def test_long_names_fit_the_screen(webbcal, folder):
    setup = {"INSTRUME": "NIRSPEC", "EXP_TYPE": "NRS_FIXEDSLIT", "DETECTOR": "NRS1"}
    folder.expose(setup, FILTER="F170LP", GRATING="G235H", SUBARRAY="SUBS200A1")
    _, out, _ = webbcal(folder.path, "--dry-run")
    lines = out.splitlines()[:-1]  # the last one has a path
    assert all(len(line) <= 80 for line in lines)
    name = "jw01234-o001_t001-{source_id}_nirspec_f170lp-g235h-{slit_name}-subs200a1"
    assert name in map(str.strip, lines)


def test_dry_run_writes_nothing(webbcal, folder, tmp_path):
    folder.expose(NIRCAM)
    code, out, _ = webbcal(folder.path, "--dry-run", "-o", tmp_path / "out")
    assert code == 0
    assert WRITTEN[0] in out
    assert not (tmp_path / "out").exists()


def test_files_may_go_elsewhere(webbcal, folder, tmp_path):
    folder.expose(NIRCAM)
    code, _, _ = webbcal(*folder.path.iterdir(), "--output-dir", tmp_path / "new" / "out")
    assert code == 0
    assert names(tmp_path / "new" / "out") == WRITTEN


def test_what_is_left_out_is_told_with_the_reason(webbcal, folder):
    folder.expose(NIRCAM)
    darks = [folder.expose(NIRCAM, EXP_TYPE="NRC_DARK") for _ in range(6)]
    code, out, _ = webbcal(folder.path)
    assert code == 0
    assert "Left out" in out
    assert f"{darks[0]}_rate.fits" in out
    assert "and 3 more" in out


def test_a_broken_file_is_told_and_the_others_are_grouped(webbcal, folder):
    folder.expose(NIRCAM)
    broken = folder.path / "jw01234001001_02101_00099_nrca1_rate.fits"
    broken.write_bytes(b"hello")
    code, out, _ = webbcal(folder.path)
    assert code == 2
    assert broken.name in out
    assert names(folder.path) == WRITTEN


def test_edited_associations_are_kept(webbcal, folder):
    folder.expose(NIRCAM)
    webbcal(folder.path)
    edited = folder.path / WRITTEN[1]
    edited.write_text("{}")
    (folder.path / WRITTEN[0]).unlink()
    code, _, err = webbcal(folder.path)
    assert code == 2
    assert "--overwrite" in err
    assert edited.read_text() == "{}"
    assert names(folder.path) == WRITTEN[1:]
    assert webbcal(folder.path, "--overwrite")[0] == 0
    assert names(folder.path) == WRITTEN


def test_a_second_run_changes_nothing(webbcal, folder):
    folder.expose(NIRCAM)
    webbcal(folder.path)
    before = {name: (folder.path / name).read_bytes() for name in WRITTEN}
    assert webbcal(folder.path)[0] == 0
    assert {name: (folder.path / name).read_bytes() for name in WRITTEN} == before


def refused(result, word):
    code, _, err = result
    (line,) = err.strip().splitlines()
    assert code == 2
    assert line.startswith("webbcal: ")
    assert word in line


def test_bad_input_is_refused_in_one_line(webbcal, folder, tmp_path):
    refused(webbcal(tmp_path / "absent"), "no such file")
    refused(webbcal(folder.path), "no exposures")
    other = tmp_path / "other"
    other.mkdir()
    folder.expose(NIRCAM)
    Folder(other).expose(MIRI)
    refused(webbcal(folder.path, other), "--output-dir")
    (tmp_path / "file").touch()
    refused(webbcal(folder.path, "-o", tmp_path / "file"), "folder")


def test_observations_are_combined_on_demand(webbcal, folder):
    folder.expose(NIRCAM, obs=1)
    folder.expose(NIRCAM, obs=2)
    webbcal(folder.path, "--across-observations")
    assert "jw01234-a3001_image3_00001_asn.json" in names(folder.path)
