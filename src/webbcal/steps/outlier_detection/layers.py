"""Exposures as what is drizzled: values less their sky, and weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webbcal.core.usable import unusable
from webbcal.geometry.pixel_map import PixelMap
from webbcal.numerics.drizzling import Layer
from webbcal.numerics.typical_weight import sample_bands
from webbcal.spec.fields import Stored
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._drizzled import remaining_sky, weights_of
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions
from webbcal.steps.outlier_detection.views import stored_plane

CLIP_SIGMA, CLIP_ROUNDS = 3.0, 5


@dataclass(frozen=True)
class Source:
    """An exposure whose values and weights are read part by part.

    Attributes
    ----------
    sci, dq : Stored
        Values and flags, axes (y, x).
    variance : Stored or None
        Variance by read noise, where weights follow it.
    constant : float or None
        Weight where they do not.
    level : float
        Sky that the values still contain, and that is taken away.
    bad : int
        Flags of pixels that are left out.
    """

    sci: Stored
    dq: Stored
    variance: Stored | None
    constant: float | None
    level: float
    bad: int

    def read(self, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return values and weights of some pixels, float32; weight 0: to be left out."""
        part = rows, columns
        sci = self.sci.read(part)
        good = np.isfinite(sci) & (self.dq.read(part) & np.uint32(self.bad) == 0)
        if self.variance is None:
            weight: np.ndarray = np.full(sci.shape, self.constant, np.float32)
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                weight = np.float32(1.0) / self.variance.read(part)
            good &= np.isfinite(weight) & (weight > 0)
        if self.level:
            sci = (sci - self.level).astype(np.float32)
        return sci, np.where(good, weight, np.float32(0.0))


def sources_of(images: Sequence[Cal], options: OutlierDetectionOptions) -> list[Source]:
    """Return what is drizzled of exposures."""
    weights = weights_of(images, options.weight_type, pixel_weights=options.pixel_weights)
    bad = unusable(options.good_bits)
    return [
        Source(
            stored_plane(image, "sci"),
            stored_plane(image, "dq"),
            stored_plane(image, "var_rnoise") if weight is None else None,
            weight,
            remaining_sky(image.meta),
            bad,
        )
        for image, weight in zip(images, weights, strict=True)
    ]


def sky_offset(meta: Meta, options: OutlierDetectionOptions) -> float:
    """Return what an exposure has and the median of all has not."""
    background = meta.background
    known = background.level is not None and not background.subtracted
    return float(background.level) if known else options.backg


def mean_weight(weights: np.ndarray) -> float | None:
    """Return the mean of the weights above 0 after clipping; None without any.

    Source: JWST User Documentation, calwebb_image3, outlier detection (maskpt).
    """
    kept = weights[weights > 0].astype(np.float64)
    for _ in range(CLIP_ROUNDS):
        if kept.size == 0:
            return None
        inside = np.abs(kept - np.median(kept)) <= CLIP_SIGMA * kept.std()
        if inside.all():
            break
        kept = kept[inside]
    return float(kept.mean()) if kept.size else None


def sampled_weights(of: Source) -> np.ndarray:
    """Return the weights in rows spread over an exposure."""
    rows, columns = of.sci.shape
    whole = slice(0, columns)
    return np.concatenate([of.read(band, whole)[1] for band in sample_bands(rows)])


def least_weight(sources: Sequence[Source], layers: Sequence[Layer], maskpt: float) -> float | None:
    r"""Return the weight that a pixel of the mosaic of a group needs; None if it has no pixels.

    A pixel of the mosaic gets as many input pixels as fit into it: with the mean weight w of the
    input and the width s of an input pixel, in pixels of the mosaic, :math:`w / s^2` on average,
    whatever the shape of the drops.

    Source: Fruchter and Hook 2002, section 3.
    """
    mean = mean_weight(np.concatenate([sampled_weights(of) for of in sources]))
    if mean is None:
        return None
    return maskpt * mean / float(np.mean([layer.sizes[0] ** 2 for layer in layers]))


def layers_of(sources: Sequence[Source], maps: Sequence[PixelMap]) -> list[Layer]:
    """Return what is drizzled."""
    return [Layer(pixel_map, of.read) for of, pixel_map in zip(sources, maps, strict=True)]
