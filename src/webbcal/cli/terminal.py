"""Progress and log on standard error. Most runs show neither, and do not load rich for it."""

import functools
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console


class Bar:
    """A progress bar that shows nothing, and lines of text beside it."""

    def say(self, text: str, *, bold: bool = False, err: bool = False) -> None:
        """Print a line, on standard output or standard error."""
        click.secho(text, bold=bold, err=err)

    def name(self, name: str) -> None:
        """Say what is worked on."""

    def update(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Show a bar on the terminal of standard error until the context ends; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.fields[name]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=_console(),
        transient=True,
        redirect_stdout=False,
    )
    on_screen = sys.stdout.isatty()
    task = bar.add_task("", total=None, name="")

    class OnTerminal(Bar):
        def say(self, text: str, *, bold: bool = False, err: bool = False) -> None:
            if err or on_screen:  # above the bar
                style = "bold" if bold else None
                bar.console.print(text, style=style, markup=False, soft_wrap=True)
            else:
                super().say(text, bold=bold, err=err)

        def name(self, name: str) -> None:
            bar.update(task, name=name)

        def update(self, what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

    with bar:
        yield OnTerminal()


def show_log(verbose: int) -> None:
    """Show what webbcal logs: nothing for 0, what it does for 1, all for 2."""
    logger = logging.getLogger("webbcal")
    if verbose == 0:
        logger.addHandler(logging.NullHandler())
        return
    from rich.logging import RichHandler

    logger.addHandler(RichHandler(console=_console(), show_path=False, markup=False))
    logger.setLevel(logging.INFO if verbose == 1 else logging.DEBUG)


@functools.cache
def _console() -> "Console":
    """Return the one console: lines of the log go above the bar."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
