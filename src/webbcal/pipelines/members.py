"""Other exposures that a step takes, on the pixels of the exposure it works on."""

from pathlib import Path
from typing import TypeVar

from webbcal.core.errors import InvalidInput
from webbcal.refs.views import CutOut
from webbcal.spec.fields import Image, Product, Stored, declared

P = TypeVar("P", bound=Product)


def on_pixels_of(exposure: Product, member: P, path: Path) -> P:
    """Return the part of another exposure that lies on the pixels of an exposure.

    Parameters
    ----------
    exposure : Product
        The exposure; its subarray counts.
    member : P
        The other one, its arrays on disk; they stay there.
    path : Path
        Its file, for messages.

    Raises
    ------
    InvalidInput
        If it is of another detector, or does not cover the exposure.
    """
    detectors = [p.meta.lookup("instrument.detector") for p in (exposure, member)]
    if detectors[0] != detectors[1]:
        raise InvalidInput(
            "a background exposure of another detector",
            where=path,
            expected=detectors[0],
            found=detectors[1],
        )
    rows, columns = exposure.shape_of("sci")[-2:]
    height, width = member.shape_of("sci")[-2:]
    y, x = (
        (exposure.meta.subarray.lookup(name) or 1) - (member.meta.subarray.lookup(name) or 1)
        for name in ("ystart", "xstart")
    )
    if y < 0 or x < 0 or y + rows > height or x + columns > width:
        raise InvalidInput(
            "a background exposure that does not cover the exposure",
            where=path,
            expected=f"{rows} x {columns} pixels from row {y}, column {x} of it",
            found=f"{height} x {width} pixels",
        )
    if (y, x, rows, columns) == (0, 0, height, width):
        return member
    arrays: dict[str, Stored] = {}
    for name, stored in member.all_stored().items():
        spec = declared(type(member))[name]
        axes = (spec.axes_of(len(stored.shape)) or spec.axes) if isinstance(spec, Image) else ()
        inner = {"y": slice(y, y + rows), "x": slice(x, x + columns)}
        if "y" in axes:
            cut = tuple(
                inner.get(axis, slice(0, length))
                for axis, length in zip(axes, stored.shape, strict=True)
            )
            arrays[name] = CutOut(stored, cut)
    return member.on_disk(arrays)
