"""Parts of an exposure, as the steps are given them."""

import numpy as np

from webbcal.core.dq import GOOD
from webbcal.refs.views import CutOut
from webbcal.spec.fields import Image, Product, Stored, declared
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts, Ramp, Rate, RateInts, Uncal
from webbcal.spec.window import Window

ALL = slice(None)

IMAGE_PLANES = 6
"""Values, errors, flags and three variances."""

Source = Product
"""What steps start from: a raw exposure, or a ramp that was stored between two of them."""


def frame_shape(source: Source) -> tuple[int, int]:
    """Return the rows and columns of an exposure."""
    rows, columns = source.shape_of("sci")[-2:]
    return rows, columns


def bytes_per_pixel(source: Source) -> int:
    """Return the size of one pixel as float32: of all its groups and integrations.

    Of a ramp the signal alone, of images all their planes.
    """
    planes = 1 if source.shape_of("sci")[:-3] else IMAGE_PLANES
    return 4 * planes * int(np.prod(source.shape_of("sci")[:-2], dtype=np.int64))


def as_calibrated(rate: Rate | RateInts) -> Cal | CalInts:
    """Return a count rate as the product that the steps of stage 2 turn it into.

    Its arrays stay on disk.
    """
    kind: type[Cal | CalInts] = CalInts if isinstance(rate, RateInts) else Cal
    rest = {
        name: value
        for name, value in vars(rate).items()
        if name in ("meta", "attributes", "extras", "window", *declared(kind))
    }
    return kind.from_stored(rate.all_stored(), **rest)


def begin(source: Source, window: Window, integrations: slice = ALL) -> Product:
    """Return what the first step is given of a window; only that is read.

    Raw values become float32, with no flags set. Metadata of a part of the integrations say
    which ones it holds.
    """
    part = source.cut(window, integrations)
    if integrations != ALL:
        count = source.shape_of("sci")[0]
        part = part.with_changes(meta=_of_integrations(source.meta, integrations, count))
    return begin_ramp(part) if isinstance(part, Uncal) else part


def begin_ramp(uncal: Uncal) -> Ramp:
    """Turn raw values into a ramp: float32 signal, no flags set.

    The reference output is left out: no step uses it, and it is not on the pixels of the window.
    """
    shape = uncal.sci.shape
    return Ramp(
        meta=uncal.meta,
        attributes=uncal.attributes,
        window=uncal.window,
        extras=uncal.extras,
        sci=uncal.sci.astype(np.float32),
        pixeldq=np.full(shape[-2:], GOOD, np.uint32),
        groupdq=np.full(shape, GOOD, np.uint8),
        zeroframe=None if uncal.zeroframe is None else uncal.zeroframe.astype(np.float32),
        group=uncal.group,
        int_times=uncal.int_times,
        int_times_stripe=uncal.int_times_stripe,
        msa_targ_acq=uncal.msa_targ_acq,
    )


def some_integrations(source: Product, integrations: slice) -> Product:
    """Return whole frames of some integrations; their arrays stay on disk."""
    arrays: dict[str, Stored] = {}
    for name, stored in source.all_stored().items():
        spec = declared(type(source))[name]
        axes = (spec.axes_of(len(stored.shape)) or spec.axes) if isinstance(spec, Image) else ()
        if "integration" in axes:
            cut = tuple(
                integrations if axis == "integration" else slice(0, length)
                for axis, length in zip(axes, stored.shape, strict=True)
            )
            arrays[name] = CutOut(stored, cut)
    meta = _of_integrations(source.meta, integrations, source.shape_of("sci")[0])
    return source.on_disk(arrays, meta=meta)


def _of_integrations(meta: Meta, integrations: slice, count: int) -> Meta:
    """Return metadata that number the integrations of a part as those of a segment."""
    start, stop, _ = integrations.indices(count)
    first = meta.exposure.lookup("integration_start") or 1
    return meta.replace(
        {
            "exposure.integration_start": first + start,
            "exposure.integration_end": first + stop - 1,
        }
    )
