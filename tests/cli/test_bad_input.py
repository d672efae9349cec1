"""Bad input gives one clear line and exit code 2, and leaves nothing behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from webbcal.cli.main import main

HEADERS = Path(__file__).parents[3] / "shared" / "real" / "headers"


def webbcal(monkeypatch, capsys, *words):
    """Run the command line in this process; return exit code and what it printed as errors."""
    monkeypatch.setattr(sys, "argv", ["webbcal", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code or 0, capsys.readouterr().err


def refused(monkeypatch, capsys, folder, *words):
    """Assert that a run is refused properly; return the line that says why."""
    out = folder / "out"
    code, errors = webbcal(monkeypatch, capsys, "run", *words, "--output-dir", out)
    lines = errors.strip().splitlines()
    assert code == 2
    assert len(lines) == 1, errors
    assert lines[0].startswith("webbcal: ")
    assert not out.exists() or not list(out.iterdir())
    return lines[0]


@pytest.fixture
def uncal(programme, environ, tmp_path):
    return Path(shutil.copy(programme.exposures[0], tmp_path))


def edit(path, keyword, value, extension=0):
    with fits.open(path, mode="update") as hdus:
        if value is None:
            del hdus[extension].header[keyword]
        else:
            hdus[extension].header[keyword] = value


def test_missing_file(environ, monkeypatch, capsys, tmp_path):
    assert "no such file" in refused(monkeypatch, capsys, tmp_path, tmp_path / "absent_uncal.fits")


def test_folder_without_exposures(environ, monkeypatch, capsys, tmp_path):
    assert "*_uncal.fits" in refused(monkeypatch, capsys, tmp_path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello\n" * 1000, b"\0" * 5760, b"\x89PNG\r\n" * 999])
def test_not_a_fits_file(uncal, monkeypatch, capsys, tmp_path, content):
    uncal.write_bytes(content)
    assert "FITS" in refused(monkeypatch, capsys, tmp_path, uncal)


@pytest.mark.parametrize("fraction", [0.05, 0.3, 0.6, 0.99])
def test_truncated_file(uncal, monkeypatch, capsys, tmp_path, fraction):
    content = uncal.read_bytes()
    uncal.write_bytes(content[: int(len(content) * fraction)])
    line = refused(monkeypatch, capsys, tmp_path, uncal)
    assert uncal.name in line


def test_no_science_extension(uncal, monkeypatch, capsys, tmp_path):
    with fits.open(uncal) as hdus:
        fits.HDUList([hdus[0], *[h for h in hdus[1:] if h.name != "SCI"]]).writeto(
            tmp_path / "x_uncal.fits"
        )
    assert "SCI" in refused(monkeypatch, capsys, tmp_path, tmp_path / "x_uncal.fits")


def test_science_of_three_axes(uncal, monkeypatch, capsys, tmp_path):
    with fits.open(uncal, mode="update") as hdus:
        hdus["SCI"].data = hdus["SCI"].data[0]
    assert "SCI" in refused(monkeypatch, capsys, tmp_path, uncal)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NGROUPS", 7),
        ("INTEND", 9),
        ("SUBSIZE1", 63),
        ("SUBSIZE2", 2048),
        ("NGROUPS", -6),
        ("NGROUPS", "six"),
        ("NGROUPS", None),
        ("NFRAMES", 0),
        ("NFRAMES", None),
        ("TGROUP", None),
        ("TGROUP", -1.0),
        ("TFRAME", "fast"),
        ("FASTAXIS", 3),
        ("FASTAXIS", None),
        ("SLOWAXIS", 1),
        ("SUBSTRT1", 0),
        ("DETECTOR", None),
        ("DETECTOR", "NRCB9"),
        ("EXP_TYPE", None),
        ("EXP_TYPE", "NRC_PARADE"),
        ("EXP_TYPE", "NRC_PARTY"),
    ],
)
def test_missing_or_nonsense_keyword(uncal, monkeypatch, capsys, tmp_path, keyword, value):
    edit(uncal, keyword, value)
    line = refused(monkeypatch, capsys, tmp_path, uncal)
    assert uncal.name in line
    assert any(word in line for word in (keyword, "NAXIS", "FASTAXIS", "NRCB9"))


@pytest.mark.skipif(not HEADERS.exists(), reason="no genuine headers beside the checkout")
def test_genuine_header_over_one_pixel(environ, monkeypatch, capsys, tmp_path):
    path = HEADERS / "jw01075001001_03105_00009_nrca2_uncal.fits"
    line = refused(monkeypatch, capsys, tmp_path, path)
    assert "SCI" in line
    assert "expected" in line


def rewrite(programme, folder, kind, change):
    """Copy a reference with changed content; return its path."""
    path = folder / f"{kind}.fits"
    with fits.open(programme.references[kind]) as hdus:
        change(hdus)
        hdus.writeto(path)
    return path


def all_nan(hdus):
    hdus["SCI"].data[:] = np.nan


def negative(hdus):
    hdus["SCI"].data *= -1


def zero(hdus):
    hdus["SCI"].data *= 0


def smaller(hdus):
    hdus["SCI"].data = hdus["SCI"].data[..., :60, :60].copy()
    for keyword in ("SUBSIZE1", "SUBSIZE2"):
        if keyword in hdus[0].header:
            hdus[0].header[keyword] = 60
    if "DQ" in hdus:
        hdus["DQ"].data = hdus["DQ"].data[:60, :60].copy()


def other_detector(hdus):
    hdus[0].header["DETECTOR"] = "NRCA1"


def other_type(hdus):
    hdus[0].header["REFTYPE"] = "AREA"


@pytest.mark.parametrize(
    ("kind", "change", "word"),
    [
        ("gain", all_nan, "gain"),
        ("gain", zero, "gain"),
        ("gain", negative, "gain"),
        ("readnoise", all_nan, "readnoise"),
        ("superbias", all_nan, "superbias"),
        ("saturation", all_nan, "saturation"),
        ("dark", all_nan, "dark"),
        ("dark", smaller, "dark"),
        ("gain", smaller, "gain"),
        ("superbias", other_detector, "NRCA1"),
        ("readnoise", other_type, "AREA"),
    ],
)
def test_unfit_reference(programme, uncal, monkeypatch, capsys, tmp_path, kind, change, word):
    path = rewrite(programme, tmp_path, kind, change)
    line = refused(monkeypatch, capsys, tmp_path, uncal, "--reference", f"{kind}={path}")
    assert word in line
    assert path.name in line


def test_reference_that_is_not_there(uncal, monkeypatch, capsys, tmp_path):
    line = refused(monkeypatch, capsys, tmp_path, uncal, "--reference", "dark=absent.fits")
    assert "absent.fits" in line


def test_truncated_reference(programme, uncal, monkeypatch, capsys, tmp_path):
    path = tmp_path / "dark.fits"
    path.write_bytes(programme.references["dark"].read_bytes()[:100_000])
    line = refused(monkeypatch, capsys, tmp_path, uncal, "--reference", f"dark={path}")
    assert "dark.fits" in line


def test_no_references_at_all(uncal, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CRDS_PATH", str(tmp_path / "nothing"))
    line = refused(monkeypatch, capsys, tmp_path, uncal)
    assert "CRDS_PATH" in line or "crds" in line.lower()


@pytest.mark.parametrize(
    "words",
    [
        ("--skip", "jmp"),
        ("--option", "jump.rejection_threshold"),
        ("--option", "jump.rejection_treshold=4"),
        ("--option", "jump.rejection_threshold=-4"),
        ("--reference", "drak=x.fits"),
        ("--config", "absent.toml"),
        ("--save", "everything"),
    ],
)
def test_bad_usage(uncal, monkeypatch, capsys, tmp_path, words):
    refused(monkeypatch, capsys, tmp_path, uncal, *words)


def test_output_folder_that_cannot_be(uncal, monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    words = ("run", uncal, "--output-dir", tmp_path / "file" / "out")
    code, errors = webbcal(monkeypatch, capsys, *words)
    assert code == 2
    assert "output" in errors
    assert len(errors.strip().splitlines()) == 1


def test_disk_full(uncal, tmp_path):
    # A limit on the size of files stops the writer in the middle, as a full disk does.
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000));"
        "from webbcal.cli.main import main; sys.argv[0] = 'webbcal'; main()"
    )
    out = tmp_path / "out"
    run = subprocess.run(
        [sys.executable, "-c", script, "run", str(uncal), "--output-dir", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("webbcal: ")
    assert list(out.iterdir()) == []
