"""Images as what is drizzled: values less their sky, weights, variances, flags."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput
from webbcal.geometry.mosaic_grid import Grid, Orientation, given_grid, mosaic_grid
from webbcal.geometry.pixel_map import PixelMap
from webbcal.numerics.drizzling import Layer
from webbcal.numerics.typical_weight import typical_weight
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.spec.references.geometry import MosaicWcs
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
    by_variance : bool
        Whether weights are the inverse of the variance by read noise.
    constant : float
        The weight where they are not.
    """

    image: Cal
    by_variance: bool
    constant: float

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
        if not self.by_variance:
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


def sources_of(
    images: Sequence[Cal], weight_type: str | None, *, pixel_weights: bool = False
) -> list[Source]:
    """Return images as what is read of them.

    Weights by exposure time are TMEASURE of every image, or EFFEXPTM if one has none. Weights by
    read noise are those of single pixels or, without `pixel_weights`, one for each image.

    Raises
    ------
    CannotCalibrate
        If an image has no exposure time and weights need it.
    """
    constants = [1.0] * len(images)
    if weight_type == "exptime":
        for path in ("measurement_time", "exposure_time"):
            times = [image.meta.exposure.lookup(path) for image in images]
            if all(isinstance(time, int | float) and time > 0 for time in times):
                constants = [float(time) for time in times]
                break
        else:
            raise CannotCalibrate("an exposure has no exposure time, which its weight would be")
    sources = [
        Source(image, weight_type == "ivm" and image.has("var_rnoise"), constant)
        for image, constant in zip(images, constants, strict=True)
    ]
    return sources if pixel_weights else [_with_one_weight(source) for source in sources]


def _with_one_weight(source: Source) -> Source:
    """Return an image whose weights by read noise are the same for all its pixels."""
    if not source.by_variance:
        return source
    rows, columns = source.image.shape_of("sci")

    def variances(part: slice) -> np.ndarray:
        return source.plane("var_rnoise", part, slice(0, columns))

    return Source(source.image, by_variance=False, constant=typical_weight(variances, rows))


def remaining_sky(meta: Meta) -> float:
    """Return the sky level that is known and still in the values."""
    background = meta.background
    return 0.0 if background.subtracted or background.level is None else float(background.level)


def layer(source: Source, pixel_map: PixelMap, options: ResampleOptions) -> Layer:
    """Return an image as a layer of a mosaic."""
    return Layer(
        pixel_map,
        source.values,
        source.variances if options.enable_err else None,
        source.flags if options.propagate_dq else None,
    )


def grid_of(images: Sequence[Cal], given: MosaicWcs | None, options: ResampleOptions) -> Grid:
    """Return the grid of the mosaic.

    Raises
    ------
    InvalidInput
        If images have no world coordinates, or those of different kinds.
    """
    first = images[0].meta
    names = ("ra_ref", "dec_ref", "roll_ref", "v3yangle", "vparity")
    values = [first.wcsinfo.lookup(name) for name in names]
    for image in images:
        if image.wcs is None:
            raise InvalidInput(
                "no world coordinates",
                where=image.meta.lookup("filename"),
                advice="Calibrate the count rates first: webbcal run RATE.",
            )
    units = {str(image.meta.lookup("bunit_data") or "") for image in images} - {""}
    if len(units) > 1:
        raise InvalidInput(
            "images of different units cannot be combined",
            expected="one BUNIT",
            found=" and ".join(sorted(units)),
        )
    if given is not None:
        return given_grid(given.system, options.shape, images[0].wcs)
    if any(not isinstance(value, int | float) for value in values):
        raise InvalidInput(
            "the first image does not tell how it lies on the sky",
            where=first.lookup("filename"),
            expected="RA_REF, DEC_REF, ROLL_REF, V3I_YANG and VPARITY",
            found=dict(zip(names, values, strict=True)),
        )
    return mosaic_grid([image.wcs for image in images], Orientation(*values), options.request)
