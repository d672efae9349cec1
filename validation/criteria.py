"""What must hold, what was measured, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """One line of the verdict."""

    name: str
    measured: str
    wanted: str
    holds: bool

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'} {self.name}: {self.measured} ({self.wanted})"


@dataclass
class Section:
    """A part of the report: its text and its criteria."""

    title: str
    text: list[str]
    criteria: list[Criterion]
