"""Guider images: count rates from correlated double samples."""

from dataclasses import dataclass, fields

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.modes import Guiding, mode_of
from webbcal.spec.products.guiding import GuiderCal, GuiderRaw
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import positive
from webbcal.steps._step import Needs, Step

READS = 4
"""Reads that are averaged at each end of an integration in fine guiding."""


@dataclass(frozen=True)
class GuiderCdsOptions(Options):
    """Options of `make_guider_images`."""

    variances: str = option(
        "exact",
        "Variances of the reads used; or 'prescribed': those of the published description, with "
        "twice the variance of a pair of reads, and the photon noise in DN.",
        choices=("exact", "prescribed"),
    )


def make_guider_images(
    raw: GuiderRaw, gain: Gain, readnoise: ReadNoise, options: GuiderCdsOptions
) -> GuiderCal:
    r"""Turn the reads of a guider into count rates.

    With the signal s of the reads of integration i, the time T between groups, the gain G and the
    noise R of the difference of two reads:

    .. math:: r_i = \frac{s_{i1} - s_{i0}}{T}, \qquad
              \sigma_i^2 = \frac{R^2}{T^2} + \frac{r_i}{G T}

    in acquisition and tracking. In identification the result is one image, the smallest of these
    rates, which no cosmic ray has hit. In fine guiding r is the difference of the means of the
    last four and the first four reads, and

    .. math:: \sigma_i^2 = \frac{R^2}{4 T^2} + \frac{r_i}{G T}
              \left(1 - \frac{4^2 - 1}{3 \cdot 4} \frac{\delta}{T}\right)

    with the time :math:`\delta` between two reads of the four, of which the photon noise does not
    average out.

    Parameters
    ----------
    raw : GuiderRaw
        Signal, DN, axes (integration, group, y, x).
    gain : Gain
        Electrons per DN, axes (y, x).
    readnoise : ReadNoise
        Noise of the difference of two reads, DN, axes (y, x).
    options : GuiderCdsOptions
        Which variances.

    Returns
    -------
    GuiderCal
        Count rates and their errors, DN/s, axes (integration, y, x); flags and tables of `raw`.

    Raises
    ------
    CannotCalibrate
        If an integration has too few reads.
    UnsupportedMode, InvalidProduct
        If the exposure type is none of a guider, or the time between groups is not known.

    Notes
    -----
    Flags used: none. Flags set: none.
    NaN in the signal or in a reference becomes NaN in rate or error; a rate that is not positive
    has no photon noise; the error of another is NaN where the gain is not positive. The smallest
    of n rates is lower than their mean by chance, by :math:`0.56 \sigma` for two; it is not
    corrected, and its error is that of one rate.
    Assumes that a read takes no time.

    Source: JWST User Documentation, calwebb_guider, guider CDS; Fowler and Gatley 1990, ApJ 353,
    L33 (several reads at both ends); Garnett and Forrest 1993, Proc. SPIE 1946, 395 (their noise).
    """
    guiding = mode_of(raw.meta.exposure.type, where=raw.meta.lookup("filename")).guiding
    reads = READS if guiding is Guiding.FOURS else 1
    if raw.sci.shape[1] < 2 * reads:
        raise CannotCalibrate(
            f"{raw.sci.shape[1]} reads per integration, {2 * reads} are needed for their difference"
        )
    interval = positive(raw.meta, "group_time")
    first, last = (slice(None, READS), slice(-READS, None)) if reads > 1 else (0, 1)
    signal = raw.sci.astype(np.float64)
    begin, end = signal[:, first], signal[:, last]
    if reads > 1:
        begin, end = begin.mean(axis=1), end.mean(axis=1)
    rate = (end - begin) / interval
    if guiding is Guiding.SMALLER:
        rate = rate.min(axis=0, keepdims=True)
    variance = _read_variance(readnoise, interval, reads, options)
    variance = variance + _photon_variance(raw, gain, rate, interval, reads, options)
    passed = {
        f.name: getattr(raw, f.name) for f in fields(raw) if f.name not in ("sci", "err", "meta")
    }
    return GuiderCal(
        sci=rate.astype(np.float32),
        err=np.sqrt(variance).astype(np.float32),
        meta=raw.meta.replace({"bunit_data": "DN/s", "bunit_err": "DN/s"}),
        **passed,
    )


def _read_variance(
    readnoise: ReadNoise, interval: float, reads: int, options: GuiderCdsOptions
) -> np.ndarray:
    """Return the variance of a rate by read noise, axes (y, x)."""
    factor = 2.0 if options.variances == "prescribed" else 1.0 / reads
    return factor * (readnoise.sci.astype(np.float64) / interval) ** 2


def _photon_variance(
    raw: GuiderRaw,
    gain: Gain,
    rate: np.ndarray,
    interval: float,
    reads: int,
    options: GuiderCdsOptions,
) -> np.ndarray:
    """Return the variance of each rate by photon noise, axes (integration, y, x)."""
    factor = 1.0
    if options.variances == "prescribed":
        factor = interval
    elif reads > 1:
        overlap = (reads**2 - 1) / (3 * reads)
        factor -= overlap * positive(raw.meta, "frame_time") / interval
    electrons_per_dn = np.where(gain.sci > 0, gain.sci, np.nan)
    variance: np.ndarray = factor * rate / (electrons_per_dn * interval)
    return np.where(rate > 0, variance, np.where(np.isnan(rate), np.nan, 0.0))


STEP = Step(
    "guider_cds",
    make_guider_images,
    GuiderCdsOptions,
    references={"gain": Needs(Gain), "readnoise": Needs(ReadNoise)},
    status="guider_cds",
)
