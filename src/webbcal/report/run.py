"""The report of a run: one page for a folder of products."""

import math
import os
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from webbcal.core.errors import CannotWrite
from webbcal.report.alignment import alignment
from webbcal.report.background import background
from webbcal.report.catalogue import catalogue
from webbcal.report.flags import flagged, flags
from webbcal.report.gather import Entry, Progress, Run, gather
from webbcal.report.looks import Look, look_at
from webbcal.report.markup import Markup, join
from webbcal.report.overview import overview, subtitle
from webbcal.report.page import document
from webbcal.report.processing import other_figures, processing, references
from webbcal.report.quicklook import quicklook
from webbcal.report.sky import sky

__all__ = ["render", "write_report"]

_BUDGET = 9_000_000
"""Pixels of all small pictures together: they take 0.85 bytes each in the page."""

_LARGEST = 1000  # side of the picture of a mosaic
_LARGE = 420  # and of an exposure
_LEAST = 64
_THREADS = 4


def write_report(
    folder: Path,
    output: Path,
    title: str = "",
    progress: Progress | None = None,
    further: Sequence[Markup] = (),
) -> Path:
    """Write the report of a folder of products: one HTML file that needs no other.

    Parameters
    ----------
    folder : Path
        Where the products are; folders below it are left alone. Any products of the observatory
        do, whoever made them; those of webbcal tell more.
    output : Path
        The page. It is complete or absent.
    title : str
        Its title; the name of the folder if empty.
    progress : callable, optional
        ``progress(what, done, total)``.
    further : sequence of Markup
        Sections that the products do not tell, put before the pictures.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidInput
        There is no such folder, or no product in it.
    CannotWrite
        The page cannot be written.

    Notes
    -----
    Images are read once, band by band: memory holds a few bands and the small pictures. Their
    size follows from their number, so that the page stays below 15 MB.
    """
    run = gather(folder, title, progress)
    text = render(run, look_at_all(run, progress), further)
    _write(text, output)
    return output


def render(run: Run, looks: Mapping[Path, Look], further: Sequence[Markup] = ()) -> str:
    """Return the page of a run."""
    sections = [
        overview(run, looks),
        *further,
        quicklook(run, looks),
        sky(run),
        flags(run, looks),
        alignment(run),
        background(run),
        catalogue(run, looks),
        other_figures(run),
        processing(run),
        references(run),
    ]
    body: Markup = join(sections)
    return document(run.title, subtitle(run), body)


def look_at_all(run: Run, progress: Progress | None = None) -> dict[Path, Look]:
    """Look at every image of a run."""
    images = _images(run)
    counted = {entry.path for entry in flagged(run)}
    sides = _sides(images)
    found: dict[Path, Look] = {}
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        seen = pool.map(lambda e: look_at(e.path, sides[e.path], flags=e.path in counted), images)
        for number, (entry, look) in enumerate(zip(images, seen, strict=True)):
            if look is not None:
                found[entry.path] = look
            if progress is not None:
                progress("looking at images", number + 1, len(images))
    return found


def _images(run: Run) -> list[Entry]:
    """Return the products that have a picture: all images but raw ones that were calibrated."""
    raw = {
        entries[-1].path
        for entries in run.exposures.values()
        if len(entries) > 1 and entries[-1].suffix == "uncal"
    }
    return [
        entry
        for entry in run.entries
        if len(entry.shape) >= 2 and not entry.error and entry.path not in raw
    ]


def _sides(images: list[Entry]) -> dict[Path, int]:
    """Return the side of each picture, so that all of them fit into one page."""
    wanted = {
        entry.path: min(_LARGE if entry.exposure else _LARGEST, max(entry.shape[-2:]))
        for entry in images
    }
    pixels = sum(side**2 for side in wanted.values())
    shrink = min(1.0, math.sqrt(_BUDGET / pixels)) if pixels else 1.0
    return {path: max(int(side * shrink), _LEAST) for path, side in wanted.items()}


def _write(text: str, output: Path) -> None:
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(output)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise CannotWrite(
            f"cannot write the report ({error.strerror})",
            where=output,
            advice="Choose another place with --output.",
        ) from None
