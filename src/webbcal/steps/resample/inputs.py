"""Images as what is drizzled: values less their sky, weights, variances, flags."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidInput
from webbcal.geometry.mosaic_grid import Grid, given_grid
from webbcal.geometry.pixel_map import PixelMap
from webbcal.numerics.drizzling import Layer
from webbcal.spec.products import Cal
from webbcal.spec.references.geometry import MosaicWcs
from webbcal.steps._drizzled import check_places, grid_of, remaining_sky, weights_of
from webbcal.steps.resample.options import ResampleOptions

BAD = np.uint32(DQ.DO_NOT_USE | DQ.NON_SCIENCE)
VARIANCES = ("var_rnoise", "var_poisson", "var_flat")


@dataclass(frozen=True)
class Source:
    """An image that is read part by part.

    Attributes
    ----------
    image : Cal
        Its arrays may lie on disk.
    constant : float or None
        The weight of all its pixels; None where it is the inverse of the variance by read noise
        of each.
    """

    image: Cal
    constant: float | None

    def plane(self, name: str, rows: slice, columns: slice) -> np.ndarray:
        """Return a part of an array of the image."""
        stored = self.image.stored(name)
        if stored is None:
            return np.asarray(getattr(self.image, name)[rows, columns])
        return stored.read((rows, columns))

    def weight(self, rows: slice, columns: slice, sci: np.ndarray | None = None) -> np.ndarray:
        """Return the weights of some pixels, float32; 0 for those that must not be used."""
        sci = self.plane("sci", rows, columns) if sci is None else sci
        good = np.isfinite(sci) & (self.plane("dq", rows, columns) & BAD == 0)
        if self.constant is not None:
            return np.where(good, np.float32(self.constant), np.float32(0.0))
        variance = self.plane("var_rnoise", rows, columns)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            weight = np.float32(1.0) / variance
        return np.where(good & np.isfinite(weight) & (weight > 0), weight, np.float32(0.0))

    def values(self, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return values without sky, and weights."""
        sci = self.plane("sci", rows, columns)
        weight = self.weight(rows, columns, sci)
        level = remaining_sky(self.image.meta)
        return (sci - np.float32(level) if level else sci), weight

    def variances(self, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return the three variances, 0 where the image has none of a kind, and weights."""
        planes = [
            self.plane(name, rows, columns) if self.image.has(name) else None for name in VARIANCES
        ]
        weight = self.weight(rows, columns)
        found = np.stack([np.zeros_like(weight) if plane is None else plane for plane in planes])
        return found, weight

    def flags(self, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return flags and weights."""
        return self.plane("dq", rows, columns), self.weight(rows, columns)


def sources_of(images: Sequence[Cal], options: ResampleOptions) -> list[Source]:
    """Return images as what is read of them."""
    weights = weights_of(images, options.weight_type, pixel_weights=options.pixel_weights)
    return [Source(image, weight) for image, weight in zip(images, weights, strict=True)]


def layer(source: Source, pixel_map: PixelMap, options: ResampleOptions) -> Layer:
    """Return an image as a layer of a mosaic."""
    return Layer(
        pixel_map,
        source.values,
        source.variances if options.enable_err else None,
        source.flags if options.propagate_dq else None,
    )


def grid_for(images: Sequence[Cal], given: MosaicWcs | None, options: ResampleOptions) -> Grid:
    """Return the grid of the mosaic.

    Raises
    ------
    InvalidInput
        If images have no world coordinates, or different units.
    """
    units = {str(image.meta.lookup("bunit_data") or "") for image in images} - {""}
    if len(units) > 1:
        raise InvalidInput(
            "images of different units cannot be combined",
            expected="one BUNIT",
            found=" and ".join(sorted(units)),
        )
    if given is None:
        return grid_of(images, options.request)
    check_places(images)
    return given_grid(given.system, options.shape, images[0].world)
