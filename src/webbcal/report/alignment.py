"""How well the exposures were aligned: the figures of tweakreg."""

from collections.abc import Iterator, Mapping
from typing import Any

from webbcal.report.gather import Run
from webbcal.report.mappings import listed, rows_of
from webbcal.report.markup import Markup, section

__all__ = ["alignment", "failures"]


def failures(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the groups that were not aligned, and why."""
    for row in rows_of(figures.get("groups")):
        if row.get("aligned") is False:
            yield str(row.get("name", "a group")), str(row.get("reason") or "")


def alignment(run: Run) -> Markup:
    """Return the section on alignment."""
    return section("alignment", "Alignment", *(listed(one) for one in run.figures("tweakreg")))
