"""Let only one run at a time make the products of an exposure in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webbcal.core.errors import CannotWrite


@contextmanager
def only_one(folder: Path, root: str) -> Iterator[None]:
    """Hold the right to write the products of `root` in `folder`.

    The right goes with the process, so a run that was killed leaves nothing to clear away but an
    empty file, which the next one takes over.

    Raises
    ------
    CannotWrite
        If another process holds it.
    """
    path = folder / f".{root}.lock"
    descriptor = _locked(path)
    if descriptor is None:
        raise CannotWrite(
            "another run is making the products of this exposure here",
            where=folder / root,
            advice="Wait for it to end, or choose another --output-dir.",
        )
    try:
        yield
    finally:
        if descriptor >= 0:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make the folder for products, unless it is there.

    Raises
    ------
    CannotWrite
        If it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"cannot make the output folder ({error.strerror})",
            where=folder,
            advice="Choose another --output-dir.",
        ) from None
    if not os.access(folder, os.W_OK):
        raise CannotWrite(
            "cannot write to the output folder",
            where=folder,
            advice="Choose another --output-dir.",
        )


NO_LOCKS = -1


def _locked(path: Path) -> int | None:
    """Return the descriptor of the locked file, None if another process has it.

    Where the file system knows no locks there is none to take: `NO_LOCKS`.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise CannotWrite(
                f"cannot write to the output folder ({error.strerror})",
                where=path.parent,
                advice="Choose another --output-dir.",
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            return NO_LOCKS
        # The one who held it may have removed the file in between; then it is no lock any more.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
