"""Make a reference file ready for an exposure: on its pixels, with standard flags, checked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput, InvalidReference
from webbcal.geometry.irs2 import nearest_lines
from webbcal.geometry.stripes import Stripes
from webbcal.io.fits import Constant
from webbcal.io.read import open_product
from webbcal.refs.averages import averaged, is_put_together
from webbcal.refs.disk_memory import amend_json, read_json
from webbcal.refs.sky_list import load_sky_list
from webbcal.refs.star_tables import load_astrometric_catalog, load_source_lists
from webbcal.refs.user_mask import load_user_mask
from webbcal.refs.views import CutOut, Gathered, TranslatedFlags, any_where
from webbcal.spec.fields import Image, Product, Stored, declared, nodes
from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain, Reference, UserMask
from webbcal.spec.references.astrometry import AstrometricCatalog, SourceLists
from webbcal.spec.references.sky import SkyList

IRS2_FRAME = (3200, 2048)
"""Rows and columns read from a NIRSpec detector with interleaved reference pixels."""

FULL_FRAMES = {(2048, 2048), (1024, 1032), IRS2_FRAME}
"""Rows and columns of the whole detectors: near infrared, MIRI, and with IRS2."""

_ANY_DETECTOR = {"ANY", "N/A", "MULTIPLE", "GENERIC"}
_HASHES_KEPT = 4096


def load_reference(
    path: Path, kind: type[Reference], meta: Meta, frame_shape: tuple[int, int]
) -> Reference:
    """Open a reference file for an exposure.

    Parameters
    ----------
    path : Path
        FITS file, or ASDF tree.
    kind : type
        What it must be.
    meta : Meta
        Metadata of the exposure.
    frame_shape : tuple of int
        Rows and columns of the exposure.

    Returns
    -------
    Reference
        Arrays with axes y and x are on the pixels of the exposure: a larger reference is cut to
        the subarray by SUBSTRT and SUBSIZE. For an exposure with interleaved reference pixels
        (IRS2), a reference without them is on the pixels that remain without, or, where its kind
        is used before (`Reference.interleaved`), repeats its lines there. Arrays stay on
        disk until touched; those that no step uses (`Reference.idle`) are left out. Flags are
        those of `webbcal.core.dq`, translated by the table DQ_DEF where the file has one, which
        is left out then; without a DQ extension no pixel is flagged.

    Raises
    ------
    InvalidReference
        The file cannot be read, is of another type, for another instrument or detector, does not
        cover the exposure, or holds no usable value at all.

    Source: JWST User Documentation, reference files: subarrays, DQ_DEF.
    """
    try:
        return _load(path, kind, meta, frame_shape)
    except InvalidReference:
        raise
    except InvalidInput as error:
        raise InvalidReference(
            f"{kind.reftype} reference: {error.what}",
            where=error.where or path,
            expected=error.expected,
            found=error.found,
            advice=error.advice or f"Name another file: --reference {kind.reftype}=FILE.",
        ) from None


def _load(path: Path, kind: type[Reference], meta: Meta, frame_shape: tuple[int, int]) -> Reference:
    if kind is UserMask:
        return load_user_mask(path, frame_shape)
    if kind is SkyList:
        return load_sky_list(path)
    if kind is AstrometricCatalog:
        return load_astrometric_catalog(path)
    if kind is SourceLists:
        return load_source_lists(path)
    product = open_product(path, kind)
    _refuse_other_purpose(path, product.meta, kind, meta)
    if is_put_together(meta, frame_shape):
        return kind.from_stored(averaged(product, kind, frame_shape), meta=product.meta)
    window = _window(path, product, kind, meta, frame_shape)
    arrays = {
        name: _array(product, name, window)
        for name in _present(product, kind)
        if name not in kind.idle
    }
    if "dq" in arrays and "dq_def" in arrays:
        table = arrays.pop("dq_def").read()
        arrays["dq"] = TranslatedFlags.by_table(arrays["dq"], table)
    _complete(path, kind, arrays, _own_shape(arrays, kind) or frame_shape)
    _refuse_empty(path, kind, arrays)
    trees = {name: getattr(product, name) for name in nodes(kind)}
    return kind.from_stored(arrays, meta=product.meta, extras=product.extras, **trees)


def _present(product: Product, kind: type[Reference]) -> list[str]:
    return [name for name in declared(kind) if product.has(name)]


def _array(product: Product, name: str, window: "_Place | None") -> Stored:
    stored = product.stored(name)
    assert stored is not None, "open_product leaves every array on disk"
    spec = declared(type(product))[name]
    if window is None or not isinstance(spec, Image):
        return stored
    axes = spec.axes_of(len(stored.shape)) or ()
    if "y" not in axes:
        return stored
    parts = {"y": window.rows, "x": window.columns}
    cut = tuple(
        parts.get(axis, slice(0, length)) for axis, length in zip(axes, stored.shape, strict=True)
    )
    if not all(part == slice(0, n) for part, n in zip(cut, stored.shape, strict=True)):
        stored = CutOut(stored, cut)
    return (
        stored if window.place is None else Gathered(stored, axes.index(window.slow), window.place)
    )


def _complete(
    path: Path, kind: type[Reference], arrays: dict[str, Stored], frame_shape: tuple[int, int]
) -> None:
    """Add flags that are all zero where a file has none; refuse it if it lacks anything else."""
    for name, spec in declared(kind).items():
        if name in arrays or not isinstance(spec, Image) or not spec.required:
            continue
        if name != "dq" or not arrays:
            raise InvalidReference(
                f"{kind.reftype} reference lacks the extension {spec.extname}", where=path
            )
        arrays[name] = Constant(frame_shape, spec.dtype, 0)


def _refuse_other_purpose(path: Path, own: Meta, kind: type[Reference], exposure: Meta) -> None:
    reftype = own.lookup("reftype")
    if isinstance(reftype, str) and reftype.strip().lower() != kind.reftype:
        raise InvalidReference(
            "wrong type of reference file",
            where=path,
            expected=f"REFTYPE {kind.reftype.upper()}",
            found=reftype,
        )
    for word, keyword in (("name", "INSTRUME"), ("detector", "DETECTOR")):
        wanted = exposure.lookup(f"instrument.{word}")
        has = own.lookup(f"instrument.p_{word}", own.lookup(f"instrument.{word}"))
        if not isinstance(has, str) or not isinstance(wanted, str):
            continue
        names = {part.strip().upper() for part in has.split("|")} - {""}
        if names and not names & _ANY_DETECTOR and wanted.upper() not in names:
            raise InvalidReference(
                f"{kind.reftype} reference is not for {wanted}",
                where=path,
                expected=f"{keyword} {wanted}",
                found=has,
            )


@dataclass(frozen=True)
class _Place:
    """Where the exposure lies on the pixels of the reference."""

    rows: slice
    columns: slice
    place: np.ndarray | None = None  # of each line along the axis `slow`, in these
    slow: str = "y"


def _window(
    path: Path,
    product: Product,
    kind: type[Reference],
    exposure: Meta,
    frame_shape: tuple[int, int],
) -> _Place | None:
    """Return where the exposure lies on the reference, None if it has no pixel axes."""
    own_shape = _pixels(product, kind)
    if own_shape is None:
        return None
    corner = _corner(exposure, frame_shape)
    own_corner = _corner(product.meta, own_shape)
    if frame_shape == IRS2_FRAME and own_shape == (IRS2_FRAME[1], IRS2_FRAME[1]):
        whole = slice(0, own_shape[0])
        return _Place(whole, whole, nearest_lines(exposure)) if kind.interleaved else None
    if corner is None or own_corner is None:
        if own_shape == frame_shape and exposure.subarray.name == product.meta.subarray.name:
            return _Place(slice(0, frame_shape[0]), slice(0, frame_shape[1]))
        raise InvalidReference(
            f"{kind.reftype} reference cannot be placed on the exposure",
            where=path,
            expected="SUBSTRT1 and SUBSTRT2 in both, or the same SUBARRAY and shape",
            found=f"{_describe(product.meta, own_shape)}, exposure "
            f"{_describe(exposure, frame_shape)}",
        )
    stripes = Stripes.of(exposure)
    if stripes is not None and own_shape != frame_shape:
        return _gathered(path, kind, stripes, (corner, own_corner), (frame_shape, own_shape))
    y, x = (mine - its for mine, its in zip(corner, own_corner, strict=True))
    rows, columns = frame_shape
    if y < 0 or x < 0 or y + rows > own_shape[0] or x + columns > own_shape[1]:
        raise InvalidReference(
            f"{kind.reftype} reference does not cover the exposure",
            where=path,
            expected=_describe(exposure, frame_shape),
            found=_describe(product.meta, own_shape),
        )
    return _Place(slice(y, y + rows), slice(x, x + columns))


def _gathered(
    path: Path,
    kind: type[Reference],
    stripes: Stripes,
    corners: tuple[tuple[int, int], tuple[int, int]],
    shapes: tuple[tuple[int, int], tuple[int, int]],
) -> _Place:
    """Return where the lines of an exposure in stripes lie on a reference of the detector."""
    slow, fast = (0, 1) if stripes.along_y else (1, 0)
    (corner, own_corner), (frame_shape, own_shape) = corners, shapes
    place = stripes.place - (own_corner[slow] - 1)
    start = corner[fast] - own_corner[fast]
    stop = start + frame_shape[fast]
    inside = start >= 0 and stop <= own_shape[fast]
    if not inside or place.min() < 0 or place.max() >= own_shape[slow]:
        raise InvalidReference(
            f"{kind.reftype} reference does not cover the stripes of the exposure",
            where=path,
            expected="the whole detector",
            found=f"{own_shape[0]} rows from {own_corner[0]}, {own_shape[1]} columns from "
            f"{own_corner[1]}",
        )
    along, across = slice(0, own_shape[slow]), slice(start, stop)
    rows, columns = (along, across) if stripes.along_y else (across, along)
    return _Place(rows, columns, place, "y" if stripes.along_y else "x")


def _pixels(product: Product, kind: type[Reference]) -> tuple[int, int] | None:
    for name, spec in declared(kind).items():
        if isinstance(spec, Image) and product.has(name):
            shape = product.shape_of(name)
            axes = spec.axes_of(len(shape)) or ()
            if "y" in axes:
                return shape[axes.index("y")], shape[axes.index("x")]
    return None


def _own_shape(arrays: dict[str, Stored], kind: type[Reference]) -> tuple[int, int] | None:
    """Return the rows and columns of the arrays with pixel axes."""
    for name, array in arrays.items():
        spec = declared(kind)[name]
        axes = spec.axes_of(len(array.shape)) if isinstance(spec, Image) else None
        if axes is not None and "y" in axes:
            return array.shape[axes.index("y")], array.shape[axes.index("x")]
    return None


def _corner(meta: Meta, shape: tuple[int, int]) -> tuple[int, int] | None:
    """Return the first row and column (from 1); a whole detector needs no keywords."""
    values = meta.lookup("subarray.ystart"), meta.lookup("subarray.xstart")
    if shape in FULL_FRAMES and None in values:
        return 1, 1
    y, x = values
    if isinstance(y, int) and isinstance(x, int) and y >= 1 and x >= 1:
        return y, x
    return None


def _describe(meta: Meta, shape: tuple[int, int]) -> str:
    name = meta.lookup("subarray.name", "without SUBARRAY")
    y, x = meta.lookup("subarray.ystart", "?"), meta.lookup("subarray.xstart", "?")
    return f"{name}, {shape[0]} rows from {y} and {shape[1]} columns from {x}"


def _refuse_empty(path: Path, kind: type[Reference], arrays: dict[str, Stored]) -> None:
    """Refuse an array without a single usable value, reading next to nothing of a good one."""
    for name in ("sci", "coeffs"):
        if name not in arrays or len(arrays[name].shape) < 2:
            continue
        good: Callable[[np.ndarray], Any] = np.isfinite
        expected = "finite values"
        if kind is Gain:
            good, expected = _positive, "positive values"
        if not any_where(arrays[name], good):
            raise InvalidReference(
                f"{kind.reftype} reference has no usable value on these pixels",
                where=f"{path}[{name.upper()}]",
                expected=expected,
                found="zero, negative or NaN throughout" if kind is Gain else "NaN throughout",
            )


def _positive(values: np.ndarray) -> Any:
    return np.isfinite(values) & (values > 0)


def sha256(path: Path, memory: Path | None = None) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    Parameters
    ----------
    path : Path
        The file.
    memory : Path or None
        JSON file that remembers hashes of files by path, size, time and inode.

    Raises
    ------
    InvalidInput
        The file cannot be read.
    """
    try:
        real = path.resolve(strict=True)
        status = real.stat()
        known = [status.st_size, status.st_mtime_ns, status.st_ino]
        if memory is not None:
            entry = read_json(memory).get(str(real))
            if isinstance(entry, list) and entry[:-1] == known and isinstance(entry[-1], str):
                return entry[-1]
        with real.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror})", where=path) from None

    def add(content: dict[str, Any]) -> dict[str, Any]:
        kept = list(content.items())[-_HASHES_KEPT:]
        return dict(kept) | {str(real): [*known, digest]}

    if memory is not None:
        amend_json(memory, add)
    return digest
