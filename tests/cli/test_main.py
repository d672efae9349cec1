"""What the command line says of itself, and the exit codes of what is typed wrong."""

import os
import subprocess
import sys

import pytest

from webbcal.cli.main import app, main


def webbcal(monkeypatch, *words):
    """Run the command line in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["webbcal", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


@pytest.mark.parametrize("words", [(), *((name,) for name in app.commands)], ids=" ".join)
def test_help_fits_80_columns(monkeypatch, capsys, words):
    assert webbcal(monkeypatch, *words, "--help") == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_help_says_all_of_every_command(monkeypatch, capsys):
    webbcal(monkeypatch, "--help")
    out = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {command.help}" in out for name, command in app.commands.items())


def test_help_lists_commands_in_the_order_of_use(monkeypatch, capsys):
    webbcal(monkeypatch, "-h")
    out = capsys.readouterr().out
    listed = [
        line.split()[0] for line in out.splitlines() if line[:2] == "  " and line[2:3].strip()
    ]
    assert [name for name in listed if name in app.commands] == list(app.commands)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Usage: webbcal [OPTIONS] COMMAND"),
        (("nonsense",), "No such command 'nonsense'"),
        (("run",), "Missing argument 'INPUTS...'"),
        (("run", "a_uncal.fits", "--nope"), "No such option '--nope'"),
        (("run", "a_uncal.fits", "--threads", "-1"), "'--threads': -1 is not in the range"),
        (("run", "a_uncal.fits", "--through", "4"), "'--through': 4 is not in the range"),
        (("view", "a_rate.fits", "--group", "one"), "'one' is not a valid integer"),
        (("simulate", "nircam-image"), "--output-dir: say where files go"),
    ],
)
def test_wrong_usage_is_exit_code_2(monkeypatch, capsys, words, told):
    assert webbcal(monkeypatch, *words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert told in printed.err


def test_an_interrupt_is_exit_code_130_and_a_line(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("webbcal.cli.describe.describe", interrupt)
    assert webbcal(monkeypatch, "describe") == 130
    assert capsys.readouterr().err.strip() == "webbcal: interrupted; nothing half-written was left"


def test_a_run_away_from_a_terminal_loads_what_it_needs(programme, environ, tmp_path):
    script = (
        "import sys; sys.argv[0] = 'webbcal'\n"
        "from webbcal.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "slow = ('rich', 'scipy', 'astropy', 'asdf', 'gwcs', 'crds', 'matplotlib', 'distributed')\n"
        "print([name for name in slow if name in sys.modules])"
    )
    words = ["run", str(programme.exposures[0]), "--output-dir", str(tmp_path)]
    command = [sys.executable, "-c", script, *words]
    subprocess.run(command, check=True, capture_output=True)  # chooses references, by the client
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def on_terminal(script, **streams):
    """Run a script with a terminal as its streams; return what the terminal got."""
    master, slave = os.openpty()
    streams = {"stdout": slave, "stderr": slave} | streams
    environ = os.environ | {"TERM": "xterm"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environ, **streams)
    os.close(slave)
    seen = os.read(master, 1 << 16).decode()
    os.close(master)
    return seen


SCRIPT = (
    "from webbcal.cli.terminal import progress_bar\n"
    "with progress_bar() as bar:\n"
    "    bar.name('exposure'); bar.update('calibrating', 1, 2); bar.say('told')"
)


def test_lines_on_a_terminal_stand_above_the_bar():
    seen = on_terminal(SCRIPT)
    assert "calibrating" in seen
    assert "\x1b[2Ktold\r\n" in seen


def test_lines_of_standard_output_go_to_a_file_without_the_bar(tmp_path):
    with (tmp_path / "log").open("w") as log:
        seen = on_terminal(SCRIPT, stdout=log)
    assert "calibrating" in seen
    assert "told" not in seen
    assert (tmp_path / "log").read_text() == "told\n"
