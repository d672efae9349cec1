"""``webbcal report``: one page for a folder of products."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from webbcal.report.run import write_report
from webbcal.report.words import size_in_words

console = Console(highlight=False, soft_wrap=True)
progress_console = Console(stderr=True)


def report(folder: Path, output: Path | None, title: str) -> int:
    """Write the report of a folder, and say where it is; 0.

    Parameters
    ----------
    folder : Path
        Folder of products.
    output : Path or None
        The page; ``report.html`` in the folder if None.
    title : str
        Title of the page; the name of the folder if empty.

    Raises
    ------
    InvalidInput, CannotWrite
        As `webbcal.report.run.write_report`.
    """
    target = output or folder / "report.html"
    quiet = not progress_console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=progress_console, transient=True, disable=quiet) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        written = write_report(folder, target, title, tell)
    console.print(f"Report: {written} ({size_in_words(written.stat().st_size)})", markup=False)
    return 0
