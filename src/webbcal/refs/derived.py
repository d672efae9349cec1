"""References computed from others, kept on disk for the next exposure."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from webbcal.core.errors import CannotWrite, InvalidInput
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.fields import Product

P = TypeVar("P", bound=Product)

SHARE = 0.2
"""Of a disk's free space that results may take."""


def derived(key: str, make: Callable[[], P], kind: type[P], folder: Path, limit_bytes: int) -> P:
    """Return a derived reference, made now or found on disk.

    Parameters
    ----------
    key : str
        Says all that the result depends on: hash of the source, parameters.
    make : callable
        Computes it.
    kind : type
        What it is.
    folder : Path
        Where results are kept. A folder that cannot be written to keeps nothing.
    limit_bytes : int
        Size the folder may have, and not more than `SHARE` of what would be free on its disk
        without it; the results longest unused are removed first.

    Returns
    -------
    Product
        Its arrays on disk where possible.

    Notes
    -----
    Several processes may do this at once: a file appears complete or not at all, and one that is
    removed stays readable for whoever has opened it.
    """
    digest = hashlib.sha256(f"{kind.__name__} {key}".encode()).hexdigest()[:24]
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", key)[:80].strip(".-")
    path = folder / f"{name}-{digest}.fits"
    found = _open(path, kind)
    if found is not None:
        return found
    product = make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_product(product, path)
    except (OSError, CannotWrite):
        return product
    found = _open(path, kind)
    _evict(folder, limit_bytes)
    return product if found is None else found


def _open(path: Path, kind: type[P]) -> P | None:
    """Return what a file holds, marked as used just now; None if it cannot be used."""
    if not path.is_file():
        return None
    try:
        product = open_product(path, kind)
    except InvalidInput:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    assert isinstance(product, kind)
    return product


def _evict(folder: Path, limit_bytes: int) -> None:
    files = []
    for path in folder.glob("*.fits"):
        with contextlib.suppress(OSError):  # another process may be removing it
            status = path.stat()
            files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in files)
    with contextlib.suppress(OSError):
        limit_bytes = min(limit_bytes, int(SHARE * (shutil.disk_usage(folder).free + total)))
    for _, size, path in sorted(files):
        if total <= limit_bytes:
            return
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size
