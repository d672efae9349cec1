"""The folder for what is worth keeping between runs."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """Name the folders that may hold the cache, the best one first.

    ``WEBBCAL_CACHE`` where the user chose one, then ``$XDG_CACHE_HOME/webbcal``,
    ``~/.cache/webbcal``, and a folder for temporary files.
    """
    chosen = environ.get("WEBBCAL_CACHE")
    if chosen:
        yield Path(chosen)
    general = Path(environ.get("XDG_CACHE_HOME", ""))
    if general.is_absolute():
        yield general / "webbcal"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is no home
    if home.is_absolute():
        yield home / ".cache" / "webbcal"
    user = os.getuid() if hasattr(os, "getuid") else 0
    yield Path(tempfile.gettempdir()) / f"webbcal-{user}"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the first candidate that can be written to."""
    folder = Path(tempfile.gettempdir())
    for folder in candidates(environ):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return folder
