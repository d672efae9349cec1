"""What the kernels of the ramp fit take and give."""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels.arrays import frozen
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise


class Fitted(NamedTuple):
    """Rates of all integrations and, as one more at the end, of the exposure.

    `values`: rate, error, variances by photons and by read noise, DN/s, float32, axes (value,
    integration, pixel). `flags`: uint32, axes (integration, pixel). `chi_square` (float32) and
    `freedom` (int32): axis (pixel), None where the fit has none.
    """

    values: np.ndarray
    flags: np.ndarray
    chi_square: np.ndarray | None = None
    freedom: np.ndarray | None = None


def arrays_of(ramp: Ramp, readnoise: ReadNoise, gain: Gain) -> tuple[Any, Any]:
    """Return the ramps, and what is known of their pixels, with the pixels on one axis."""
    from webbcal.kernels.ramp import Detector, Ramps

    nints, ngroups = ramp.sci.shape[:2]
    none = np.zeros((0, 0), np.float32)
    zeroframe = none if ramp.zeroframe is None else ramp.zeroframe.reshape(nints, -1)
    dark = none if ramp.average_dark_current is None else ramp.average_dark_current
    ramps = Ramps(
        frozen(ramp.sci).reshape(nints, ngroups, -1),
        frozen(ramp.groupdq).reshape(nints, ngroups, -1),
        frozen(ramp.pixeldq).reshape(-1),
        frozen(zeroframe),
    )
    detector = Detector(
        frozen(gain.sci).reshape(-1), frozen(readnoise.sci).reshape(-1), frozen(dark).reshape(-1)
    )
    return ramps, detector
