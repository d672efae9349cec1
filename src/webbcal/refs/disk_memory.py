"""Small answers remembered on disk between runs: JSON files that may vanish or be damaged.

Nothing here may make a run fail: a file that cannot be read is empty, one that cannot be
written stays unwritten. What is lost is worked out again.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Stamp = tuple[int, int]


def stamp(path: Path) -> Stamp | None:
    """Return size and modification time (ns) of a file, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one where the file is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> bool:
    """Replace a JSON file at once, so that a reader sees the old or the new one.

    Returns
    -------
    bool
        Whether it was written; a folder that cannot be written to is not an error.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".json", dir=path.parent)
    except OSError:
        return False
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, separators=(",", ":"))
        os.replace(name, path)  # noqa: PTH105 - same file system, atomic
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        return False
    return True


def amend_json(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Write a changed version of what the file holds now.

    Two processes that amend at the same moment may lose one of the changes, never the file.
    """
    return write_json(path, change(read_json(path)))
