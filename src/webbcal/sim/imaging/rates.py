"""Count rates as a perfect stage 1 would leave them, but for some cosmic rays that it missed."""

from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.sim.cosmic_rays import strike
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.pixels import UNUSABLE_RATE, Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator

MISSED_DTYPE = np.dtype(
    [
        ("event", "i4"),
        ("y", "i4"),
        ("x", "i4"),
        ("electrons", "f4"),
        ("rate", "f4"),
        ("sigma", "f4"),
    ]
)
"""Cosmic rays left in a rate by event and pixel: charge, change of the rate (DN/s), and that
over the standard error without it."""


@dataclass(frozen=True)
class RateArrays:
    """Arrays (y, x) of a rate product, DN/s, and what is left in them of cosmic rays."""

    sci: np.ndarray
    err: np.ndarray
    dq: np.ndarray
    var_poisson: np.ndarray
    var_rnoise: np.ndarray
    missed: np.ndarray


def measure(
    options: ImagingProgramme,
    readout: Readout,
    pixels: Pixels,
    light: np.ndarray,
    seed: int,
    exposure: int,
) -> RateArrays:
    r"""Measure the rate of every pixel.

    With n groups below saturation, a time t between groups and m integrations, the variances of
    the slope are

    .. math:: V_p = \frac{r}{m (n - 1) t g^2}, \qquad V_r = \frac{12 R^2}{m n (n^2 - 1) t^2 g^2}

    for a rate r (electron/s, dark included), gain g and read noise R of a group (electron). The
    noise that is added has exactly these variances, which are computed from the true rate. The
    dark is subtracted.

    Parameters
    ----------
    options : ImagingProgramme
        Which effects to include.
    readout, pixels
        Of the detector.
    light : numpy.ndarray
        float32 (y, x), electron/s on pixels of response one, sky included.
    seed, exposure : int
        Same numbers: same noise.

    Returns
    -------
    RateArrays
        Unusable pixels are NaN with DO_NOT_USE.

    Source: Fixsen et al. 2000 for the slope's variances in both limits.
    """
    signal = light * pixels.response
    total = signal + pixels.dark_rate
    groups = _usable_groups(readout, pixels, total)
    fitted = np.maximum(groups, 2).astype(np.float32)
    step, repeats = np.float32(readout.group_time_s), np.float32(readout.integrations)
    time_s = repeats * (fitted - 1) * step
    read = pixels.read_noise**2 / np.float32(readout.frames_averaged)
    var_rnoise = 12 * read / (repeats * fitted * (fitted**2 - 1) * step**2)
    var_poisson = total / (time_s * pixels.gain**2)
    sci = signal / pixels.gain
    rng = generator(seed, "rates", options.detector, exposure)
    if options.photon_noise:
        caught = rng.poisson(np.maximum(total * time_s, 0)).astype(np.float32)
        sci += (caught / time_s - total) / pixels.gain
    else:
        var_poisson[:] = 0
    sci += np.sqrt(var_rnoise) * rng.standard_normal(sci.shape, dtype=np.float32)
    err = np.sqrt(var_poisson + var_rnoise)
    dq = _flags(pixels, groups)
    missed = _missed(
        options, readout, pixels, err, generator(seed, "missed", options.detector, exposure)
    )
    np.add.at(sci, (missed["y"], missed["x"]), missed["rate"])
    unusable = (dq & np.uint32(DQ.DO_NOT_USE)) != 0
    missed = missed[~unusable[missed["y"], missed["x"]]]
    for plane in (sci, err, var_poisson, var_rnoise):
        plane[unusable] = np.nan
    return RateArrays(sci, err, dq, var_poisson, var_rnoise, missed)


def _usable_groups(readout: Readout, pixels: Pixels, total: np.ndarray) -> np.ndarray:
    """Return the number of groups of an integration before a pixel is full, int16 (y, x)."""
    full = pixels.full_well * pixels.gain  # electron; infinite where switched off
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = full / total
    first = readout.mean_group_times()[0]
    number = (reached - first) / readout.group_time_s + 1
    usable = np.clip(np.nan_to_num(number, nan=1e4, posinf=1e4), 0, readout.groups)
    whole: np.ndarray = usable.astype(np.int16)
    return whole


def _flags(pixels: Pixels, groups: np.ndarray) -> np.ndarray:
    dq = np.zeros(groups.shape, np.uint32)
    dq[pixels.reference] |= np.uint32(DQ.REFERENCE_PIXEL | DQ.DO_NOT_USE)
    dq[pixels.dead] |= np.uint32(DQ.DEAD | DQ.DO_NOT_USE)
    dq[pixels.hot] |= np.uint32(DQ.HOT)
    dq[pixels.dark_rate > UNUSABLE_RATE] |= np.uint32(DQ.DO_NOT_USE)
    dq[(groups < groups.max()) & ~pixels.reference] |= np.uint32(DQ.SATURATED)
    dq[(groups < 2) & ~pixels.reference] |= np.uint32(DQ.DO_NOT_USE)
    return dq


def _missed(
    options: ImagingProgramme,
    readout: Readout,
    pixels: Pixels,
    err: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the cosmic rays that were not found, each at some moment of an integration.

    A step at the fraction f of a ramp of length T changes the slope of a straight fit by
    6 f (1 - f) / T of it.
    """
    instrument = readout.instrument
    time_s = readout.integrations * readout.integration_time_s
    hits = strike(
        err.shape,
        time_s,
        options.cosmic_rays * options.missed_cosmic_rays,
        0.0,
        0.0,
        rng,
        instrument.pixel_um,
        instrument.thickness_um,
    )
    moments = rng.random(int(hits.event.max()) + 1 if hits.event.size else 0)
    lit = ~pixels.reference[hits.y, hits.x]
    missed = np.zeros(int(lit.sum()), MISSED_DTYPE)
    for name in ("event", "y", "x", "electrons"):
        missed[name] = getattr(hits, name)[lit]
    fraction = moments[missed["event"]]
    where = missed["y"], missed["x"]
    slope = 6 * fraction * (1 - fraction) / time_s
    missed["rate"] = missed["electrons"] * slope / pixels.gain[where]
    with np.errstate(divide="ignore"):  # without noise, everything stands out
        missed["sigma"] = missed["rate"] / err[where]
    return missed
