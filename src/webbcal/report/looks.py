"""Look at an image once, from top to bottom: a small picture of it, and counts of its flags.

An image is read by bands of rows, and averaged in blocks as it comes, so that memory holds one
band and the small picture, whatever the size of the image.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidInput, WebbcalError
from webbcal.io.read import open_product
from webbcal.spec.fields import Elements, Image, Product, declared
from webbcal.spec.products import Segm

__all__ = ["Limits", "Look", "Plane", "bin_plane", "limits_of", "look_at", "plane_of", "stretched"]

BAND = 1 << 21  # pixels read at once
MAX_PIXELS = 1 << 32  # a larger image is not looked at
MOST_PLANES = 24  # of a cube that are averaged
COUNTED = (DQ.JUMP_DET, DQ.SATURATED, DQ.OUTLIER, DQ.DO_NOT_USE)


@dataclass(frozen=True)
class Limits:
    """What is black and white, and where the scale turns from linear to logarithmic."""

    low: float
    high: float
    soft: float


@dataclass(frozen=True)
class Plane:
    """A plane of a product, still on disk.

    Attributes
    ----------
    read : callable
        ``read(rows)``: these rows of the plane, axes (y, x).
    flags : callable or None
        The same for its flags.
    label : str
        Which plane it is, in words; empty where there is only one.
    limits : Limits or None
        What to show, where that does not follow from the values.
    """

    shape: tuple[int, int]
    read: Callable[[slice], np.ndarray]
    flags: Callable[[slice], np.ndarray] | None = None
    label: str = ""
    limits: Limits | None = None


@dataclass(frozen=True)
class Look:
    """What was seen of an image.

    Attributes
    ----------
    small : array
        Means of blocks of `factor` by `factor` pixels, NaN where at most half of them can be used.
        Axes (y, x), float32, in the unit of the image.
    counts : mapping
        Name of a flag to the number of pixels that have it; empty where there are no flags.
    invalid : int
        Pixels that are NaN or infinite.
    pixels : int
        Pixels of the image.
    """

    small: np.ndarray
    factor: int
    limits: Limits
    label: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    invalid: int = 0
    pixels: int = 0


def look_at(path: Path, side: int, *, flags: bool = True) -> Look | None:
    """Look at a product file; None where it holds no image, or cannot be read.

    Parameters
    ----------
    path : Path
        The file.
    side : int
        Longest side of the small picture in pixels.
    flags : bool
        Whether to count flags.
    """
    try:
        plane = plane_of(open_product(path))
        if plane is None:
            return None
        return bin_plane(plane, side, count_flags=flags)
    except WebbcalError:
        return None  # the page says what is wrong with the file where it lists it


def plane_of(product: Product, integration: int = 0, group: int | None = None) -> Plane | None:
    """Return the plane of a product that shows best what it is; None where there is none.

    Of many slits or sources it is that of the first.

    Parameters
    ----------
    product : Product
        Any.
    integration, group : int
        Which plane of several, from 0. Without a group a ramp shows what it gained from its first
        to its last group, and a spectral cube the mean of its planes.
    """
    if isinstance(product, Segm):
        return _covered(product)
    for name, spec in declared(type(product)).items():
        if isinstance(spec, Elements):
            elements = getattr(product, name)
            first = plane_of(elements[0], integration, group) if elements else None
            if first is not None:
                words = (f"{name} 1 of {len(elements)}", first.label)
                return replace(first, label=", ".join(word for word in words if word))
        elif isinstance(spec, Image) and product.has(name):
            shape = product.shape_of(name)
            if len(shape) < 2 or 0 in shape or shape[-1] * shape[-2] > MAX_PIXELS:
                return None
            flags = "dq" if "dq" in declared(type(product)) and product.has("dq") else ""
            return plane_of_array(product, name, spec, flags, (integration, group))
    return None


def _covered(product: Segm) -> Plane:
    """Return where a source is, 1, and where none, 0: the numbers of sources are no amounts."""
    reader = _reader(product, "sci")
    rows, columns = product.shape_of("sci")
    return Plane(
        (rows, columns),
        lambda band: (reader((band,)) > 0).astype("f4"),
        label="pixels of sources",
        limits=Limits(0.0, 1.0, 1.0),
    )


def plane_of_array(
    product: Product, name: str, spec: Image, flags: str, at: tuple[int, int | None]
) -> Plane:
    """Return a plane of one array of a product, with flags where they have its shape.

    Raises
    ------
    InvalidInput
        There is no such integration or group.
    """
    shape = product.shape_of(name)
    axes = spec.axes_of(len(shape)) or tuple(spec.axes)
    integration, group = at
    plane = (shape[-2], shape[-1])
    _check_index("integration", integration, shape[0] if len(shape) > 2 else 1)
    _check_index("group", group or 0, shape[1] if len(shape) == 4 else 1)
    reader = _reader(product, name)
    if len(shape) == 2:
        flagged = _reader(product, flags) if flags and product.shape_of(flags) == shape else None
        return Plane(plane, lambda rows: reader((rows,)), flagged and _of(flagged))
    if len(shape) == 4:
        if group is None and shape[1] > 1:
            last = shape[1] - 1
            return Plane(
                plane,
                lambda rows: _difference(reader, integration, last, rows),
                label=f"integration {integration + 1}, last group minus first",
            )
        return Plane(
            plane,
            lambda rows: reader(_at(integration, group or 0, rows))[0, 0],
            label=f"integration {integration + 1}, group {(group or 0) + 1}",
        )
    if "wavelength" in axes[0] or axes[0] not in ("integration", "group"):
        if group is None and integration == 0:
            step = -(-shape[0] // MOST_PLANES)
            chosen = range(0, shape[0], step)
            words = f"mean of {len(chosen)} of {shape[0]} planes" if shape[0] > 1 else ""
            return Plane(plane, lambda rows: _mean_plane(reader, chosen, rows), label=words)
        return Plane(
            plane, lambda rows: reader(_at(integration, rows))[0], label=f"plane {integration + 1}"
        )
    flagged = _reader(product, flags) if flags and product.shape_of(flags) == shape else None
    return Plane(
        plane,
        lambda rows: reader(_at(integration, rows))[0],
        flagged and (lambda rows: flagged(_at(integration, rows))[0]),
        f"{axes[0]} {integration + 1} of {shape[0]}",
    )


_Reader = Callable[[tuple[slice, ...]], np.ndarray]


def _of(reader: _Reader) -> Callable[[slice], np.ndarray]:
    return lambda rows: reader((rows,))


def _at(*index: int | slice) -> tuple[slice, ...]:
    return tuple(slice(i, i + 1) if isinstance(i, int) else i for i in index)


def _check_index(what: str, index: int, count: int) -> None:
    if not 0 <= index < count:
        raise InvalidInput(f"no such {what}", expected=f"1 to {count}", found=index + 1)


def _reader(product: Product, name: str) -> _Reader:
    stored = product.stored(name)
    if stored is None:
        array: np.ndarray = getattr(product, name)
        return lambda index: array[index]
    return stored.read


def _difference(reader: _Reader, integration: int, last: int, rows: slice) -> np.ndarray:
    first, end = (reader(_at(integration, n, rows))[0, 0].astype("f4") for n in (0, last))
    return np.asarray(end - first)


def _mean_plane(reader: _Reader, chosen: range, rows: slice) -> np.ndarray:
    total: Any = 0.0
    count: Any = 0
    for number in chosen:
        values = reader(_at(number, rows))[0].astype("f8")
        good = np.isfinite(values)
        total = total + np.where(good, values, 0.0)
        count = count + good
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count, "f4")


def bin_plane(plane: Plane, side: int, *, count_flags: bool = True) -> Look:
    """Average a plane in blocks so that neither side has more than `side` pixels.

    Pixels that are not finite or flagged DO_NOT_USE do not count.
    """
    rows, columns = plane.shape
    factor = max(-(-max(rows, columns) // side), 1)
    starts = np.arange(0, columns, factor)
    widths = np.diff(np.append(starts, columns))
    counts = dict.fromkeys((flag.name or "" for flag in COUNTED), 0)
    parts: list[np.ndarray] = []
    invalid = 0
    for band in _bands(rows, columns, factor):
        values = plane.read(band).astype("f4", copy=False)
        usable = np.isfinite(values)
        invalid += values.size - int(np.count_nonzero(usable))
        if plane.flags is not None:
            dq = plane.flags(band)
            for flag in COUNTED if count_flags else ():
                counts[flag.name or ""] += int(np.count_nonzero(dq & flag))
            usable &= (dq & DQ.DO_NOT_USE) == 0
        steps = np.arange(0, len(values), factor)
        heights = np.diff(np.append(steps, len(values)))
        cleaned = np.where(usable, values, np.float32(0))
        total = _blocks(cleaned, steps, starts)
        number = _blocks(usable.astype("u1"), steps, starts)
        enough = 2 * number > heights[:, None] * widths
        with np.errstate(divide="ignore", invalid="ignore"):
            parts.append(np.where(enough, total / number, np.nan).astype("f4"))
    small = np.concatenate(parts)
    counted = counts if plane.flags is not None and count_flags else {}
    return Look(
        small,
        factor,
        plane.limits or limits_of(small),
        plane.label,
        counted,
        invalid,
        rows * columns,
    )


def _bands(rows: int, columns: int, factor: int) -> Iterator[slice]:
    height = max(BAND // columns // factor, 1) * factor
    for first in range(0, rows, height):
        yield slice(first, min(first + height, rows))


def _blocks(values: np.ndarray, steps: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the sums of blocks that begin at these rows and columns."""
    kind: Any = "f8" if values.dtype.kind == "f" else "i8"
    sums = np.add.reduceat(values, steps, axis=0, dtype="f4" if kind == "f8" else "u2")
    return np.asarray(np.add.reduceat(sums, starts, axis=1, dtype=kind))


def limits_of(values: np.ndarray) -> Limits:
    """Return limits that show noise faintly and stars brightly.

    Black is two standard deviations of the noise below the median, white the 99.8th percentile or
    ten above it; noise is measured by the lower quartile, which sources hardly touch. NaN and
    infinite values do not count.
    """
    good = values[np.isfinite(values)].astype("f8")
    if good.size == 0:
        return Limits(0.0, 1.0, 1.0)
    quarter, median, high = np.percentile(good, [25.0, 50.0, 99.8])
    noise = float(median - quarter) / 0.6744898
    if noise <= 0:
        noise = float(good.std()) or abs(float(median)) or 1.0
    low = float(median) - 2.0 * noise
    return Limits(low, max(float(high), float(median) + 10.0 * noise), 3.0 * noise)


def stretched(values: np.ndarray, limits: Limits, stretch: str = "asinh") -> np.ndarray:
    """Return values from 0 at black to 1 at white; NaN stays NaN.

    `stretch` is asinh, linear, sqrt or log.
    """
    span = limits.high - limits.low
    scaled = np.clip((values.astype("f8") - limits.low) / span, 0.0, 1.0)
    if stretch == "asinh":
        steep = span / limits.soft
        return np.asarray(np.arcsinh(scaled * steep) / np.arcsinh(steep))
    if stretch == "sqrt":
        return np.sqrt(scaled)
    if stretch == "log":
        return np.asarray(np.log1p(1000.0 * scaled) / np.log(1001.0))
    return scaled
