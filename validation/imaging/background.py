"""Levels of the sky, and the noise of mosaics where there is nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy.ndimage import maximum_filter

from validation.imaging.products import Image
from validation.measures import robust_width
from webbcal.io.read import open_product

BLOCK = 8
FAINT = 0.1  # of the error of a pixel: light of sources that does not count
HALO_PIXELS = 3
FACTOR_OF_PIXELS = "resample.noise_factor_pixel"


@dataclass(frozen=True)
class SkyLevels:
    """Levels that were found, minus the true ones, MJy/sr, the mean removed."""

    groups: tuple[str, ...]
    differences: np.ndarray

    @property
    def largest(self) -> float:
        """Largest difference."""
        return float(np.abs(self.differences).max()) if self.differences.size else np.nan


def measure_sky(images: Sequence[Image]) -> SkyLevels:
    """Compare the sky levels of the exposures, as skymatch found them, with the truth.

    Only differences between exposures are defined: one level is free.
    """
    found: dict[str, list[float]] = {}
    for image in images:
        level = image.header().get("BKGLEVEL")
        if level is not None:
            found.setdefault(image.group, []).append(level - image.truth.keywords["SKY"])
    names = tuple(found)
    means = np.array([np.mean(found[name]) for name in names])
    return SkyLevels(names, means - means.mean() if means.size else means)


@dataclass(frozen=True)
class BlankSky:
    """Pulls of a mosaic where no source is.

    Attributes
    ----------
    blocks : int
        Blocks of 8 x 8 pixels.
    block_width : float
        Robust width of (mean of a block - level) over its error, from ERR.
    pixel_width : float
        Robust width of (pixel - level) over ERR.
    factor : float or None
        From ERR to the scatter of single pixels, as the product records it.
    """

    blocks: int
    block_width: float
    pixel_width: float
    factor: float | None

    @property
    def corrected_width(self) -> float:
        """Width of the pulls of pixels with the recorded factor."""
        return np.nan if self.factor is None else self.pixel_width / self.factor


def measure_blank_sky(mosaic: Path, images: Sequence[Image]) -> BlankSky:
    """Measure the noise of a mosaic where its sources leave nothing but sky.

    The light of the sources is known from the true scenes of the exposures, put on the nearest
    pixels of the mosaic.
    """
    product = open_product(mosaic)
    factor = product.meta.lookup(FACTOR_OF_PIXELS)
    with fits.open(mosaic, memmap=False) as units:
        sci, err = (units[name].data.astype(np.float32) for name in ("SCI", "ERR"))
    light = source_light(product.wcs, sci.shape, images)
    good = np.isfinite(sci) & np.isfinite(err) & (err > 0)
    typical = float(np.median(err[good]))
    crowded = maximum_filter(light > FAINT * typical, 2 * HALO_PIXELS + 1)
    blank = good & ~crowded & np.isfinite(light)
    rows, columns = (size // BLOCK for size in sci.shape)
    cut = (slice(rows * BLOCK), slice(columns * BLOCK))

    def sums(values: np.ndarray) -> np.ndarray:
        total: np.ndarray = (
            values[cut].astype(float).reshape(rows, BLOCK, columns, BLOCK).sum((1, 3))
        )
        return total

    whole = sums(blank) == BLOCK**2
    rest = np.where(blank, sci - light, 0.0)
    level = float(np.median((sci - light)[blank]))
    mean = sums(rest)[whole] / BLOCK**2 - level
    error = np.sqrt(sums(np.where(blank, err, 0) ** 2)[whole]) / BLOCK**2
    pixels = ((sci - light - level) / err)[blank]
    return BlankSky(
        int(whole.sum()),
        robust_width(mean / error) if mean.size else np.nan,
        robust_width(pixels) if pixels.size else np.nan,
        float(factor) if factor is not None else None,
    )


def source_light(wcs: object, shape: tuple[int, int], images: Sequence[Image]) -> np.ndarray:
    """Return the mean light of sources on the pixels of a mosaic, MJy/sr; NaN where none looked."""
    total, number = np.zeros(shape), np.zeros(shape, np.int32)
    for image in images:
        if image.truth.scene is None:
            raise SystemExit("the simulation kept no scenes: simulate with scene_truth=yes")
        scene = image.truth.scene - np.float32(image.truth.keywords["SKY"])
        x, y = _positions(wcs, image)
        inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
        np.add.at(total, (y[inside], x[inside]), scene[inside])
        np.add.at(number, (y[inside], x[inside]), 1)
    filled = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return _without_holes(filled)


def _without_holes(light: np.ndarray) -> np.ndarray:
    """Fill pixels that no centre of a pixel fell on from those around them."""
    holes = np.isnan(light)
    spread = maximum_filter(np.where(holes, -np.inf, light), 3)
    return np.where(holes & np.isfinite(spread), spread, light)


def _positions(wcs: object, image: Image) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest pixel of the mosaic to each pixel of an image.

    Through the product's own world coordinates: where they are wrong, the light still belongs
    to the pixels that it was put on.
    """
    from scipy.interpolate import RectBivariateSpline

    rows, columns = image.shape
    knots_y, knots_x = np.linspace(0, rows - 1, 33), np.linspace(0, columns - 1, 33)
    grid_x, grid_y = np.meshgrid(knots_x, knots_y)
    sky = image.wcs(grid_x, grid_y, with_bounding_box=False)
    at = wcs.invert(*sky, with_bounding_box=False)  # type: ignore[attr-defined]
    x, y = (
        np.rint(
            RectBivariateSpline(knots_y, knots_x, np.asarray(part))(
                np.arange(rows), np.arange(columns)
            )
        ).astype(int)
        for part in at
    )
    return x, y
