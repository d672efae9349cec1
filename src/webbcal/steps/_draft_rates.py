"""Count rates before their time: from which steps tell background from sources."""

import numpy as np

from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import positive


def draft_rates(ramp: Ramp, readnoise: ReadNoise, gain: Gain) -> np.ndarray:
    """Return the count rates of the integrations and, at the end, of the exposure.

    They are those of `ramp_fit` with its usual options: weighted, from all segments between
    jumps.

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x), of any window.
    readnoise, gain : ReadNoise, Gain
        Of the same pixels.

    Returns
    -------
    array
        float32, DN/s, axes (integration + 1, y, x); NaN where there is none.

    Raises
    ------
    InvalidProduct
        If the exposure lacks its group time, frame time or number of frames.

    Notes
    -----
    Flags used: all of `groupdq`, and DO_NOT_USE of `pixeldq`; set: none. A signal that is NaN
    counts as DO_NOT_USE.

    Source: JWST User Documentation, calwebb_detector1, slope fitting; D. Fixsen et al. 2000,
    PASP 112, 1350 (weights).
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.ramp import Detector, Ramps, Timing, fit_ramps

    nints, ngroups, rows, columns = ramp.sci.shape
    none = np.zeros((0, 0), np.float32)
    seconds, frame = positive(ramp.meta, "group_time"), positive(ramp.meta, "frame_time")
    frames = positive(ramp.meta, "nframes")
    values, _ = fit_ramps(
        Ramps(
            frozen(ramp.sci).reshape(nints, ngroups, -1),
            frozen(ramp.groupdq).reshape(nints, ngroups, -1),
            frozen(ramp.pixeldq).reshape(-1),
            frozen(none),
        ),
        Detector(
            frozen(gain.sci).reshape(-1),
            frozen(readnoise.sci).reshape(-1),
            frozen(none).reshape(-1),
        ),
        Timing(seconds, frame * (frames + 1) / 2, frame, frames),
        ngroups > 1,
        True,
    )
    rates: np.ndarray = values[0].reshape(nints + 1, rows, columns)
    return rates
