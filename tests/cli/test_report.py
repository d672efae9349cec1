"""The commands report and view: what they print, and how they refuse bad input."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.report.runs import exposure_meta, rate

from webbcal.cli.main import main
from webbcal.io.write import write_product


def webbcal(monkeypatch, capsys, *words):
    """Run the command line in this process; return exit code, output, errors."""
    monkeypatch.setattr(sys, "argv", ["webbcal", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr()
    return stop.value.code or 0, told.out, told.err


@pytest.fixture
def product(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / "jw1_rate.fits"
    write_product(rate(exposure_meta(1, "NRCA1", 80.0, -69.0), np.random.default_rng(0)), path)
    return path


def test_report_is_written_into_the_folder_or_where_it_is_asked_for(product, monkeypatch, capsys):
    code, out, err = webbcal(monkeypatch, capsys, "report", "run")
    assert (code, err) == (0, "")
    assert (product.parent / "report.html").is_file()
    assert out.startswith("Report: run/report.html (")
    code, out, _ = webbcal(monkeypatch, capsys, "report", "run", "-o", "a.html", "--title", "Mine")
    assert code == 0
    assert "<title>Mine</title>" in Path("a.html").read_text("utf-8")
    assert all(len(line) <= 80 for line in out.splitlines())


def test_view_draws_into_the_current_folder_or_where_it_is_asked_for(product, monkeypatch, capsys):
    code, out, err = webbcal(monkeypatch, capsys, "view", "run/jw1_rate.fits")
    assert (code, err) == (0, "")
    assert out == "jw1_rate.png: jw1_rate.fits\n"
    assert Path("jw1_rate.png").read_bytes().startswith(b"\x89PNG")
    code, _, _ = webbcal(
        monkeypatch, capsys, "view", product, "-o", "a.pdf", "--ext", "dq", "--pixels"
    )
    assert code == 0
    assert Path("a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "words",
    [
        ("report", "nosuch"),
        ("report", "."),
        ("report", "run/jw1_rate.fits"),
        ("report", "run", "-o", "nosuch/a.html"),
        ("view", "nosuch.fits"),
        ("view", "run"),
        ("view", "run/jw1_rate.fits", "-o", "a.xyz"),
        ("view", "run/jw1_rate.fits", "-o", "nosuch/a.png"),
        ("view", "run/jw1_rate.fits", "--ext", "FOO"),
        ("view", "run/jw1_rate.fits", "-i", "9"),
        ("view", "run/jw1_rate.fits", "-g", "2"),
        ("view", "run/jw1_rate.fits", "--limits", "a,b"),
        ("view", "run/jw1_rate.fits", "--stretch", "x"),
        ("view", "run/jw1_rate.fits", "--cmap", "x"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_exit_code_2(product, monkeypatch, capsys, words):
    before = sorted(product.parent.parent.rglob("*"))
    code, out, err = webbcal(monkeypatch, capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("webbcal: ")
    assert len(err.splitlines()) == 1
    assert sorted(product.parent.parent.rglob("*")) == before


def test_help_imports_no_plotting():
    code = (
        "import sys; sys.argv = ['webbcal', '--help']\n"
        "from webbcal.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "slow = ('numpy', 'matplotlib', 'PIL', 'webbcal.report.run')\n"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
