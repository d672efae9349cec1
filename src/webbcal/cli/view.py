"""``webbcal view``: a picture of one product."""

from pathlib import Path

from rich.console import Console

from webbcal.report.view import Choice, save

console = Console(highlight=False, soft_wrap=True)


def view(file: Path, output: Path | None, choice: Choice) -> int:
    """Draw a product into a file, and say where it is; 0.

    Parameters
    ----------
    file : Path
        The product.
    output : Path or None
        The picture; its ending says which kind. ``<name of the product>.png`` in the current
        folder if None.
    choice : Choice
        What of it, and how.

    Raises
    ------
    InvalidInput, InvalidOptions, CannotWrite
        As `webbcal.report.view.save`.
    """
    target = output or Path(f"{file.stem}.png")
    words = save(file, target, choice)
    console.print(f"{target}: {words}", markup=False)
    return 0
