"""``webbcal check``: whether products follow their format."""

import json as json_format
from pathlib import Path
from textwrap import wrap

from rich.console import Console
from rich.progress import track
from rich.text import Text

from webbcal.io.conformance import Finding, Report, Severity, as_document, check_file, exit_code
from webbcal.io.conformance.findings import count

console = Console(highlight=False, soft_wrap=True)
progress = Console(stderr=True)

WIDTH = 80
_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def check(files: list[Path], json: bool) -> int:
    """Check files and print what was found.

    Parameters
    ----------
    files : list of Path
        Products and reference files.
    json : bool
        Print the JSON document of `webbcal.io.conformance.findings`, not text.

    Returns
    -------
    int
        0 if every file conforms, 1 if one does not, 2 if one cannot be read.
    """
    quiet = json or not progress.is_terminal or len(files) < 20
    paths = track(files, "checking", console=progress, transient=True, disable=quiet)
    reports = []
    for path in paths:
        report = check_file(path)
        reports.append(report)
        if not json:
            print_report(report)
    if json:
        print(json_format.dumps(as_document(reports), indent=2))
    else:
        console.print(summary(reports))
    return exit_code(reports)


def print_report(report: Report) -> None:
    """Print the findings of one file."""
    kind = " ".join(part for part in (report.product, report.model) if part)
    head = Text(report.file, style="bold")
    head.append(f"  {kind}" if kind else "", style="not bold")
    head.append(f"  {report.status}", style="green" if report.conforms else "red")
    console.print(head)
    for finding in report.findings:
        for line in lines(finding):
            console.print(line)


def lines(finding: Finding) -> list[Text]:
    """Return a finding as lines of at most 80 columns."""
    place = f"{finding.place}: " if finding.place else ""
    facts = [
        f"{name} {value}"
        for name, value in (("expected", finding.expected), ("found", finding.found))
        if value
    ]
    indent = " " * 11
    words = wrap(place + finding.message, WIDTH - len(indent)) or [""]
    details = wrap("; ".join(facts), WIDTH - len(indent)) if facts else []
    first = Text(f"  {finding.severity:<9}", style=_STYLE[finding.severity])
    first.append(words[0], style="default not bold")
    return [first, *(Text(indent + line) for line in (*words[1:], *details))]


def summary(reports: list[Report]) -> str:
    """Return the last line: how many files and findings."""
    numbers = count(finding for report in reports for finding in report.findings)
    found = ", ".join(f"{number} {word}{'s' * (number != 1)}" for word, number in numbers.items())
    good = sum(report.conforms for report in reports)
    files = f"{len(reports)} file{'s' * (len(reports) != 1)}"
    return f"{good} of {files} conform: {found}"
