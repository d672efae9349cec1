"""What there is to do: exposures to calibrate, and sets of them to combine."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """One exposure of a set: its file, and what an association says of it."""

    path: Path
    group: str | None = None
    catalog: Path | None = None


@dataclass(frozen=True)
class ExposureJob:
    """One exposure to calibrate; `members` show its background, as the association `table` says."""

    path: Path
    members: tuple[Path, ...] = ()
    table: str = "singleton"

    @property
    def input(self) -> Path:
        """What results are reported for."""
        return self.path


@dataclass(frozen=True)
class SetJob:
    """A set of exposures to combine.

    Attributes
    ----------
    name : str
        Root of the names of its products.
    members : tuple of Member
        Its exposures.
    recipe : str
        Name of the recipe.
    output_dir : Path
        Where products go.
    identifier : str
        Of the association.
    table : str
        Name of the association file.
    """

    name: str
    members: tuple[Member, ...]
    recipe: str
    output_dir: Path
    identifier: str = ""
    table: str = "singleton"

    @property
    def input(self) -> Path:
        """What results are reported for."""
        return self.output_dir / self.name


Job = ExposureJob | SetJob
