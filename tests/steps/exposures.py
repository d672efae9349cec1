"""Count rates of small exposures of known truth, for the steps of stage 2."""

import numpy as np

from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts

SHAPE = (60, 80)
READ_NOISE = 0.4
"""Standard deviation by read noise, DN/s; that by photon noise is sqrt(rate / 20)."""

META = Meta(
    {
        "filename": "image_rate.fits",
        "bunit_data": "DN/s",
        "bunit_err": "DN/s",
        "exposure": {"type": "NRC_IMAGE", "mid_time": 59800.0},
        "instrument": {"name": "NIRCAM", "detector": "NRCB1", "filter": "F200W", "pupil": "CLEAR"},
        "subarray": {"name": "FULL", "xstart": 1, "ystart": 1, "xsize": 80, "ysize": 60},
    }
)


def exposure(rng, truth, integrations=0, meta=META):
    """Return an exposure of a rate, with its noise; variances are those of the true rate."""
    shape = (integrations, *SHAPE) if integrations else SHAPE
    rate = np.broadcast_to(np.asarray(truth, np.float64), shape)
    photons = rate / 20
    sci = rate + rng.normal(0, 1, shape) * np.sqrt(photons + READ_NOISE**2)
    return (CalInts if integrations else Cal)(
        sci=sci.astype(np.float32),
        err=np.sqrt(photons + READ_NOISE**2).astype(np.float32),
        dq=np.zeros(shape, np.uint32),
        var_poisson=photons.astype(np.float32),
        var_rnoise=np.full(shape, READ_NOISE**2, np.float32),
        meta=meta,
    )


def pulls(image, truth):
    """Return how far the values are from the truth, in units of their error."""
    return (image.sci - truth) / image.err
