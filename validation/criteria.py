"""What must hold, what was measured, and whether it holds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


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


def save(path: Path, sections: list[Section], minutes: float) -> None:
    """Write what a part of the validation found."""
    tree = {"minutes": minutes, "sections": [asdict(section) for section in sections]}
    path.write_text(json.dumps(tree, default=lambda value: value.item()))  # numbers of numpy


def joined(paths: Sequence[Path]) -> tuple[list[Section], float]:
    """Return what parts found, in the order given, and the minutes they took together.

    What two parts say in the same words, they say once.
    """
    sections: list[Section] = []
    minutes = 0.0
    for path in paths:
        tree = json.loads(path.read_text())
        minutes += tree["minutes"]
        for found in tree["sections"]:
            criteria = [Criterion(**criterion) for criterion in found["criteria"]]
            section = Section(found["title"], found["text"], criteria)
            if section not in sections:
                sections.append(section)
    return sections, minutes
