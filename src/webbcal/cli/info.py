"""``webbcal info``: what a file is, in one screen."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from webbcal.io.conformance.findings import printable
from webbcal.report.file_info import FileInfo, file_info
from webbcal.report.words import size_in_words

console = Console(highlight=False)


def info(file: Path) -> int:
    """Print what a file is: product, mode, extensions, steps, references.

    Parameters
    ----------
    file : Path
        FITS or ASDF product or reference, or an ECSV table.

    Returns
    -------
    int
        0.

    Raises
    ------
    InvalidInput
        The file cannot be read.
    """
    found = file_info(file)
    _print_head(found)
    _print_extensions(found)
    _print_processing(found)
    return 0


def _print_head(found: FileInfo) -> None:
    words = ", ".join(w for w in (found.product, found.model, found.layout) if w)
    console.print(f"[bold]{escape(found.path.name)}[/bold]  {size_in_words(found.size)}")
    lines = {"What": f"{found.kind}{': ' if words else ''}{words}"}
    for title, values in found.facts.items():
        lines[title] = ", ".join(f"{name} {_value(value)}" for name, value in values.items())
    _print_lines(lines)


def _print_lines(lines: dict[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    for title, text in lines.items():
        if text:
            table.add_row(f"{title:<10}", escape(printable(text, 2000)))
    console.print(table)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.8g}"
    return printable(str(value), 60)


def _print_extensions(found: FileInfo) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("extension", "kind", "shape (FITS order)", "type", "memory"):
        table.add_column(name, justify="right" if name == "memory" else "left")
    for line in found.extensions:
        memory = size_in_words(line.size) if line.size else ""
        table.add_row(escape(line.name), line.kind, escape(line.shape), line.dtype, memory)
    if found.extensions:
        console.print(table)


def _print_processing(found: FileInfo) -> None:
    recipe = found.provenance.get("recipe")
    version = found.provenance.get("version")
    lines = {
        "Steps done": ", ".join(found.done),
        "Skipped": ", ".join(found.skipped),
        "References": ", ".join(name.removeprefix("crds://") for name in found.references.values()),
        "Made by": f"webbcal {version}, recipe {recipe}" if found.provenance else "",
        "WCS": "yes" if found.wcs else "no",
        "History": f"{found.history} entries" if found.history else "",
        "Damage": " ".join(found.damage),
    }
    _print_lines(lines)
