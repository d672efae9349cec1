"""References for images that are larger than the detector: strips put together on board."""

import numpy as np

from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.geometry.stripes import Stripes
from webbcal.io.fits import Constant
from webbcal.spec.fields import Image, Product, Stored, declared
from webbcal.spec.meta import Meta
from webbcal.spec.references import Reference

IRS2_ROWS = 3200


def is_put_together(meta: Meta, frame_shape: tuple[int, int]) -> bool:
    """Tell whether an image has more rows or columns than its detector, though it reads no more.

    The guiders identify stars in strips that overlap; all of them together make such an image.
    """
    larger = max(frame_shape) > DETECTOR_SIZE and IRS2_ROWS not in frame_shape
    return larger and Stripes.of(meta) is None


def averaged(
    product: Product, kind: type[Reference], frame_shape: tuple[int, int]
) -> dict[str, Stored]:
    """Return the arrays of a reference as constants of another shape: means, and no flags.

    Parameters
    ----------
    product : Product
        The reference as it is in its file.
    kind : type
        Its type.
    frame_shape : tuple of int
        Rows and columns of the image.

    Notes
    -----
    The mean is that of the finite values. Arrays without pixel axes are left out.
    """
    arrays: dict[str, Stored] = {}
    for name, spec in declared(kind).items():
        if not isinstance(spec, Image) or not product.has(name) or spec.axes[-2:] != ("y", "x"):
            continue
        shape = (*product.shape_of(name)[:-2], *frame_shape)
        value = 0.0
        if spec.dtype.kind == "f":
            values = getattr(product, name)
            value = float(values[np.isfinite(values)].mean(dtype=np.float64))
        arrays[name] = Constant(shape, spec.dtype, value)
    return arrays
