"""``webbcal simulate``: raw exposures, references and truth from a forward model."""

from collections.abc import Sequence
from pathlib import Path

from webbcal.core.errors import InvalidOptions
from webbcal.sim.modes import MODES, options_of

__all__ = ["MODES", "options_help", "print_options", "simulate"]


def simulate(mode: str, output_dir: Path, values: Sequence[str] = (), seed: int = 0) -> int:
    """Simulate a programme and say where its files are.

    Parameters
    ----------
    mode : str
        One of `webbcal.sim.modes.MODES`.
    output_dir : Path
        Where the files go; made if it does not exist.
    values : sequence of str
        Options of `webbcal.sim.ImageSimulation` and `ImagingProgramme`, as ``NAME=VALUE``.
    seed : int
        Seed of all that is random.

    Returns
    -------
    int
        0.

    Raises
    ------
    InvalidOptions
        For an unknown mode or option, or a bad value.
    CannotWrite
        If the folder cannot be written.
    """
    from rich.console import Console

    from webbcal.sim import simulate_files

    options = options_of(mode, dict(_assignment(text) for text in values), where="--option")
    console = Console(highlight=False, soft_wrap=True)
    with console.status("Simulating ..."):
        made = simulate_files(options, output_dir, seed)
    for path in made.exposures:
        console.print(f"exposure    {path}")
    for path in made.truths:
        console.print(f"truth       {path}")
    for path in made.scenes:
        console.print(f"scene       {path}")
    for path in made.catalogues:
        console.print(f"catalogue   {path}")
    for path in made.associations:
        console.print(f"association {path}")
    console.print(f"references  {made.crds} (use it with CRDS_PATH={made.crds.resolve()})")
    return 0


def options_help() -> list[tuple[str, str, str]]:
    """Return name, default and meaning of each option, for the help text and the documents."""
    import dataclasses

    from webbcal.sim import ImagingProgramme

    lines = []
    for field in dataclasses.fields(ImagingProgramme):
        unit = f" [{field.metadata['unit']}]" if field.metadata["unit"] else ""
        choices = field.metadata["choices"]
        allowed = f" One of {', '.join(map(str, choices))}." if choices else ""
        lines.append((field.name, str(field.default), f"{field.metadata['doc']}{unit}{allowed}"))
    return lines


def print_options() -> int:
    """Print the options, one line each where they fit."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("option", "default", "meaning"):
        table.add_column(head)
    for name, default, meaning in options_help():
        table.add_row(name, default, meaning)
    Console(highlight=False, markup=False).print(table)
    return 0


def _assignment(text: str) -> tuple[str, object]:
    from webbcal.sim import ImagingProgramme

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidOptions("option", where="--option", expected="NAME=VALUE", found=text)
    parsed = ImagingProgramme.parse(name, value)
    words = {"detector", "detectors", "filter", "readpatt", "exposure_type"}
    return name, parsed.upper() if name in words and parsed else parsed
