"""Write the report of a validation as Markdown."""

import datetime
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from validation.criteria import Section

OWN_PACKAGES = ("webbcal", "numpy", "numba", "astropy", "asdf", "crds")
PEER_PACKAGES = ("jwst", "stcal", "stdatamodels", "crds", "numpy")


def write_report(
    path: Path, sections: list[Section], peer: Path | None, *, small: bool, minutes: float
) -> None:
    """Write verdict, then every section with its tables."""
    arguments = [*(["--small"] if small else []), *(["--peer PYTHON"] if peer else [])]
    lines = [
        "# Validation",
        "",
        f"Made by `python -m validation {' '.join(arguments)} --report {path.name}` "
        f"(`make {'validate' if small else 'validate-full'}`) on {datetime.date.today()}, "
        f"in {minutes:.0f} minutes.",
        "",
        f"Python {platform.python_version()} with "
        + ", ".join(f"{name} {version(name)}" for name in OWN_PACKAGES)
        + ".",
    ]
    if peer is not None:
        lines.append(f"The peer, the observatory's pipeline: {_peer_versions(peer)}.")
    lines += ["", "## Verdict", "", "| | criterion | measured | wanted |", "|---|---|---|---|"]
    for section in sections:
        for item in section.criteria:
            sign = "holds" if item.holds else "**fails**"
            lines.append(f"| {sign} | {item.name} | {item.measured} | {item.wanted} |")
    for section in sections:
        lines += ["", f"## {section.title}", "", *section.text]
    text = "\n".join(lines).rstrip() + "\n"
    path.write_text(text, encoding="utf-8")


def _peer_versions(python: Path) -> str:
    code = (
        "from importlib.metadata import version\n"
        f"print(', '.join(f'{{n}} {{version(n)}}' for n in {PEER_PACKAGES!r}))"
    )
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or f"unknown ({sys.platform})"
