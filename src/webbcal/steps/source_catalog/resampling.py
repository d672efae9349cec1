"""What resampling did to an image: how far it blurs, and how it ties pixels to one another."""

from dataclasses import dataclass

import numpy as np

from webbcal.spec.meta import Meta

_PHASES = 64
REFERENCE_VARIANCE = 3 / 12
"""Blur that aperture corrections count on, in pixels of the detector squared."""


@dataclass(frozen=True)
class Resampling:
    r"""Blur and correlation along one axis of a resampled image, the same along both.

    Attributes
    ----------
    blur : float
        Variance of the blur of an aperture sum, pixel squared, beyond that of the images that
        aperture corrections are for. Three boxes blur, each with a variance :math:`w^2 / 12`: the
        drops (pixfrac), the output pixels they fall on, and the pixels again, over which an
        aperture sum takes the light to be spread evenly. Aperture corrections are for boxes that
        are pixels of the detector, all three: for mosaics at its scale, with whole drops.
    scatter : float
        Standard deviation of the first two, from place to place, of a single exposure: how drops
        lie on output pixels changes. Pixel squared.
    correlation : numpy.ndarray
        float64: of pixels 0, 1, ... apart, such that it sums to 1 over both sides: errors are
        right for sums over many pixels.
    """

    blur: float
    scatter: float
    correlation: np.ndarray


def resampling_of(meta: Meta) -> Resampling:
    r"""Return what drizzling with square drops does, on average over how pixels fall.

    A drop of width p on output pixels of width s (in pixels of the detector): pixel i receives
    from input j the overlap :math:`o_{ij}`, and holds
    :math:`\sum_j o_{ij} f_j / \sum_j o_{ij}`. Of several exposures, whose drops fall differently,
    all inputs count in these sums, which are then taken over all places of a drop.

    Notes
    -----
    Other kernels than the square one, and grids that are turned, differ little. An image whose
    header names no PXSCLRT is taken as it is: pixels that know nothing of each other.

    Source: A. S. Fruchter, R. N. Hook 2002, PASP 114, 144, sections 4 and 7.
    """
    ratio = meta.lookup("resample.pixel_scale_ratio")
    if ratio is None or not float(ratio) > 0:
        return Resampling(0.0, 0.0, np.ones(1))
    scale = float(ratio)
    drop = min(max(float(meta.lookup("resample.pixfrac", 1.0)), 1e-3), 1.0)
    reach = int(np.ceil((drop + scale) / scale)) + 1
    alone = meta.lookup("resample.pointings", 1) == 1
    count = max(round(1 / scale), 1)  # output pixels that see every phase of an input pixel
    outputs = np.arange(-2 * reach, 2 * reach + count + 1) * scale
    inputs = np.arange(np.floor(outputs[0]) - 2, np.ceil(outputs[-1]) + 3)
    middle = 2 * reach
    seen = slice(middle, middle + count)
    covariance = np.zeros(reach + 1)
    variances, received = [], []
    for phase in (np.arange(_PHASES) + 0.5) / _PHASES:
        distance = outputs[:, None] - inputs[None, :] - phase
        overlap = np.clip((drop + scale) / 2 - np.abs(distance), 0.0, min(drop, scale))
        if alone:
            weight = overlap.sum(axis=1, keepdims=True)
            overlap = np.divide(overlap, weight, out=np.zeros_like(overlap), where=weight > 0)
        for lag in range(reach + 1):
            covariance[lag] += (overlap[middle] * overlap[middle + lag]).sum()
        variances.append((overlap[seen] * distance[seen] ** 2).sum())
        received.append(overlap[seen].sum())
    correlation = covariance / (2 * covariance.sum() - covariance[0])
    last = np.flatnonzero(correlation > 1e-9)[-1] + 1
    own = np.sum(variances) / np.sum(received) if alone else (drop**2 + scale**2) / 12
    each = np.divide(variances, received, out=np.zeros(_PHASES), where=np.array(received) > 0)
    return Resampling(
        float((own + scale**2 / 12 - REFERENCE_VARIANCE) / scale**2),
        float(np.std(each) / scale**2),
        correlation[:last].copy(),
    )
