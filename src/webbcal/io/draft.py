"""A product file whose images are filled window by window, in place."""

import errno
import math
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from webbcal.core.errors import CannotWrite
from webbcal.io.cards import BLOCK
from webbcal.io.hdus import NewHdu, write_data
from webbcal.io.spill import Region
from webbcal.io.write import new_hdus, write_product
from webbcal.spec.fields import Index, Product

P = TypeVar("P", bound=Product)


@dataclass(frozen=True)
class Room:
    """An array that has a place in a file to come, and no values yet."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, index: Index | None = None) -> np.ndarray:
        """Refuse: there is nothing to read yet."""
        raise AssertionError("read before it was written")


class Draft:
    """A file without a name, or under a temporary one, until it is complete.

    The headers come first in a file, but their last values are known last. So room is made for
    them, the images are written where they belong, and the headers are filled in at the end.

    Parameters
    ----------
    path : Path
        Final name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        self._descriptor = -1
        self._nameless = False
        self._headers: list[int] = []

    def place(self, product: Product) -> Mapping[str, Region]:
        """Make room for a product; return the place of each of its arrays that is a `Room`.

        Parameters
        ----------
        product : Product
            Its metadata should have every entry the complete product will have, whatever its
            value: then the headers have their final size.

        Raises
        ------
        CannotWrite
            If the folder cannot be written, or has no space.
        """
        try:
            self._open()
        except OSError as error:
            raise self._cannot_write(error) from None
        regions: dict[int, Region] = {}
        position = 0
        hdus = _fixed(new_hdus(product, self._path))
        self._headers = [len(hdu.header()) for hdu in hdus]
        for hdu, header in zip(hdus, self._headers, strict=True):
            position += header
            if isinstance(hdu.data, Room):
                room = hdu.data
                regions[id(room)] = Region(
                    self._descriptor, position, room.shape, room.dtype, self._path, encoded=True
                )
            position += _padded_size(hdu)
        return {
            name: regions[id(room)]
            for name, room in product.all_stored().items()
            if id(room) in regions
        }

    def complete(self, product: Product) -> None:
        """Fill in headers, tables and the metadata tree, and give the file its name.

        Parameters
        ----------
        product : Product
            What `place` was given, with the regions it returned and the final metadata.

        Raises
        ------
        CannotWrite
            If there is no space left.
        """
        hdus = new_hdus(product, self._path)
        if [len(hdu.header()) for hdu in _fixed(hdus)] != self._headers:
            # The metadata outgrew the room that was made: the rare case, at the price of a copy.
            write_product(product, self._path)
            self.discard()
            return
        try:
            with os.fdopen(os.dup(self._descriptor), "r+b") as file:
                for hdu in hdus:
                    file.write(hdu.header())
                    if isinstance(hdu.data, Region):
                        size = math.prod(hdu.data.shape) * hdu.data.dtype.itemsize
                        file.seek(size, os.SEEK_CUR)
                        file.write(bytes(-size % BLOCK))
                    else:
                        write_data(file, hdu.data)
            if not self._nameless or self._give_name():
                self._temporary.replace(self._path)
            else:
                write_product(product, self._path)
        except OSError as error:
            raise self._cannot_write(error) from None
        self._close()

    def _give_name(self) -> bool:
        """Give the file its temporary name; False where the system cannot."""
        source = f"/proc/self/fd/{self._descriptor}"
        try:
            # The folder is not used with an absolute path, but makes python follow the link.
            os.link(source, self._temporary, src_dir_fd=self._descriptor, follow_symlinks=True)
        except OSError:
            return False
        return True

    def _open(self) -> None:
        """Open a file without a name where the system has such: it goes with the process."""
        flags = os.O_RDWR | os.O_CLOEXEC
        if hasattr(os, "O_TMPFILE"):
            with suppress(OSError):
                self._descriptor = os.open(self._path.parent, flags | os.O_TMPFILE, 0o666)
                self._nameless = True
                return
        self._descriptor = os.open(self._temporary, flags | os.O_CREAT | os.O_EXCL, 0o666)

    def discard(self) -> None:
        """Remove what there is; harmless on a draft that is complete."""
        if self._descriptor >= 0:
            self._temporary.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = -1

    def _cannot_write(self, error: OSError) -> CannotWrite:
        full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        return CannotWrite(
            f"cannot write the file ({error.strerror or error})",
            where=self._path,
            advice="Free some space." if full else "Choose another folder.",
        )


def _fixed(hdus: list[NewHdu]) -> list[NewHdu]:
    """Return the extensions before the metadata tree, which comes last and may grow."""
    return hdus[:-1] if hdus[-1].name == "ASDF" else hdus


def _padded_size(hdu: NewHdu) -> int:
    data = hdu.data
    if data is None:
        return 0
    if isinstance(data, bytes):
        size = len(data)
    elif hasattr(data, "shape"):
        size = math.prod(data.shape) * data.dtype.itemsize
    else:
        size = data.count
    return size + -size % BLOCK
