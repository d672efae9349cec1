"""Row noise that filters predict from the reference columns at the sides (SIRS)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidReference, MissingReference
from webbcal.geometry.readout import BORDER, DETECTOR_SIZE, Readout
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import SirsKernel
from webbcal.spec.window import Window
from webbcal.steps.refpix.near_infrared import (
    AMPLIFIERS,
    ReferenceLevels,
    ReferencePixels,
    measure,
    side_strip,
)
from webbcal.steps.refpix.options import RefpixOptions

MAD = 1.48
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class SirsLevels(ReferenceLevels):
    """What to subtract from an exposure, with a level for each row of each amplifier.

    Parameters
    ----------
    noise : array
        Axes (integration, group, row of the detector, amplifier), float32, DN. After the groups
        comes the zero frame, where there is one.
    """

    noise: np.ndarray

    def subtracted_from(self, ramp: Ramp) -> Ramp:
        """Return an exposure, or a window of it, less the levels."""
        result = super().subtracted_from(ramp)
        shape = result.sci.shape
        window = Window.whole((shape[-2], shape[-1])) if ramp.window is None else ramp.window
        row, column = Readout.of(ramp.meta).rows_columns(window)
        noise = self.noise[..., row, column // (DETECTOR_SIZE // AMPLIFIERS)]
        zeroframe = result.zeroframe
        if zeroframe is not None:
            zeroframe = np.where(zeroframe == 0, np.float32(0), zeroframe - noise[:, -1])
        return replace(result, sci=result.sci - noise[:, : shape[1]], zeroframe=zeroframe)


def measure_with_filters(
    parts: Sequence[Ramp], sirskernel: SirsKernel | None, options: RefpixOptions
) -> SirsLevels:
    r"""Return the levels of amplifiers, and of the rows of each as its filters predict them.

    With the means l and m of the four columns at the left and right of each row, the noise of
    amplifier a is

    .. math:: n_{ar} = \sum_k \gamma_{ak} l_{r-k} + \zeta_{ak} m_{r-k}

    where the filters :math:`\gamma, \zeta` are cut to `halfwidth` rows on both sides and smoothed
    by a bell of width `gaussmooth`. Pixels further than `sigreject` deviations from the median of
    their side are left out, and the sums scaled up for them.

    Raises
    ------
    MissingReference
        If there are no filters, or none for this detector.
    CannotCalibrate
        If no reference pixel is usable.

    Source: B. Rauscher et al. 2022, JATIS 8, 028002.
    """
    levels = measure(parts, replace(options, use_side_ref_pixels=False))
    meta = parts[0].meta
    filters = _filters(sirskernel, meta, options)
    readout = Readout.of(meta)
    pixels = ReferencePixels.of(parts, readout)
    by_column = levels.rows if readout.swapped else levels.columns
    by_column = by_column[..., _on_detector(readout)]
    noise = np.zeros((*by_column.shape[:2], DETECTOR_SIZE, AMPLIFIERS))
    for side, start in enumerate((0, DETECTOR_SIZE - BORDER)):
        strip = side_strip(pixels, by_column, start)
        for i, g in np.ndindex(*strip.shape[:2]):
            noise[i, g] += _filtered(strip[i, g], filters[side], options.sigreject)
    return SirsLevels(levels.columns, levels.rows, noise.astype(np.float32))


def _on_detector(readout: Readout) -> np.ndarray:
    """Return where the columns of the detector lie along the fast axis of the image."""
    _, column = readout.rows_columns(Window.whole((DETECTOR_SIZE, DETECTOR_SIZE)))
    along: np.ndarray = column[:, 0] if readout.swapped else column[0]
    return np.argsort(along)


def _filters(
    sirskernel: SirsKernel | None, meta: Meta, options: RefpixOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Return the filters of left and right in time, axes (amplifier, lag)."""
    detector = str(meta.instrument.lookup("detector", "")).lower()
    found = None if sirskernel is None else sirskernel.detectors.get(detector)
    if not isinstance(found, Mapping):
        raise MissingReference(
            "no sirskernel reference applies",
            where=meta.lookup("filename"),
            expected=f"filters for {detector.upper()}",
            advice="Set the option refpix_algorithm to median.",
        )
    return _in_time(found, "gamma", options), _in_time(found, "zeta", options)


def _in_time(found: Mapping[str, Any], name: str, options: RefpixOptions) -> np.ndarray:
    spectrum = np.asarray(found.get(name))
    if spectrum.ndim != 2 or spectrum.shape[0] != AMPLIFIERS or spectrum.shape[1] < 2:
        raise InvalidReference(
            f"sirskernel reference: {name}",
            expected="axes (4 amplifiers, frequency)",
            found=f"shape {spectrum.shape}",
        )
    kernel = np.fft.fftshift(np.fft.irfft(spectrum, axis=1), axes=1)
    centre = spectrum.shape[1] - 1
    half = min(options.halfwidth, centre)
    kernel = kernel[:, centre - half : centre + half + 1]
    if options.gaussmooth == 0:
        return kernel
    reach = min(int(4 * options.gaussmooth + 0.5), half)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / options.gaussmooth) ** 2)
    return np.stack([np.convolve(row, bell / bell.sum(), "same") for row in kernel])


def _filtered(strip: np.ndarray, filters: np.ndarray, limit: float) -> np.ndarray:
    """Return the noise (row, amplifier) that one side (row, column) tells; NaN is left out."""
    known = np.isfinite(strip)
    if not known.any():
        return np.zeros((strip.shape[0], filters.shape[0]))
    middle = np.median(strip[known])
    reach = limit * MAD * np.median(np.abs(strip[known] - middle))
    known &= np.abs(np.where(known, strip, middle) - middle) <= reach
    count = known.sum(axis=1) / strip.shape[1]
    mean = np.where(known, strip, 0).sum(axis=1, dtype=np.float64) / strip.shape[1]
    result = np.empty((strip.shape[0], filters.shape[0]))
    for amplifier, weights in enumerate(filters):
        magnitude = np.abs(weights)
        full = np.convolve(np.ones_like(count), magnitude, "same")
        part = np.convolve(count, magnitude, "same")
        scale = full / np.where(part > 0, part, np.inf)
        result[:, amplifier] = np.convolve(mean, weights, "same") * scale
    return result
