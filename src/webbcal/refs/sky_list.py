"""Sky levels that a user gives as a text file."""

from pathlib import Path

import numpy as np

from webbcal.core.errors import InvalidReference
from webbcal.spec.references.sky import NAME_LENGTH, SkyList

LARGEST_FILE = 16 << 20  # bytes: far more than a list of names


def load_sky_list(path: Path) -> SkyList:
    """Read a name and a number from each line of a text file.

    Empty lines and those that begin with ``#`` are passed over.

    Raises
    ------
    InvalidReference
        If the file cannot be read as text, a line holds something else, or none holds a level.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidReference("the list of sky levels is too long", where=path)
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidReference(
            f"the list of sky levels cannot be read as text ({error})", where=path
        ) from None
    rows = [
        _row(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows:
        raise InvalidReference("the list of sky levels is empty", where=path)
    return SkyList(levels=np.array(rows, [("name", f"S{NAME_LENGTH}"), ("level", "f8")]))


def _row(line: str, where: str) -> tuple[bytes, float]:
    words = line.replace(",", " ").split()
    wrong = InvalidReference(
        "a line of the list of sky levels cannot be read",
        where=where,
        expected="the name of an exposure and a number",
        found=repr(line[:80]),
    )
    if len(words) != 2 or len(words[0].encode()) > NAME_LENGTH:
        raise wrong
    try:
        level = float(words[1])
    except ValueError:
        raise wrong from None
    if not np.isfinite(level):
        raise wrong
    return words[0].encode(), level
