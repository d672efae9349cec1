"""Dithered images of one field through distorted coordinates: stars, noise, sky, cosmic rays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erf
from tests.geometry.distortions import distortion

from webbcal.core.dq import DQ
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.pixel_map import pixel_map
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._set import Tools

ARCSEC = 1 / 3600
READ_NOISE = 0.03  # MJy/sr
ELECTRONS = 400.0  # per MJy/sr
DETECTOR = distortion(2048, curvature=0.02)


class Memory:
    """A scratch array in memory."""

    def __init__(self, shape, dtype):
        self.array = np.zeros(shape, dtype)
        self.shape, self.dtype = self.array.shape, self.array.dtype

    def write(self, index, values):
        self.array[index] = values

    def read(self, index=None):
        return self.array[index or ()].copy()


def tools(parallel=map):
    return Tools(
        parallel=parallel,
        scratch=Memory,
        pixel_map=pixel_map,
        progress=lambda what, done, total: None,
    )


@dataclass
class Dithers:
    """Images, and what is true of them: charge of cosmic rays in standard deviations of noise."""

    images: tuple[Cal, ...]
    struck: list[np.ndarray]
    stars: list[np.ndarray]  # flux of the stars alone


def wcs_at(dx, dy, size, roll=40.0, corner=(900, 900)):
    """Return coordinates of an image whose pointing is offset by so many pixels."""
    turn = np.radians(roll)
    step = 0.031 * ARCSEC
    ra = 80.0 + (dx * np.cos(turn) + dy * np.sin(turn)) * step / np.cos(np.radians(-69.4))
    dec = -69.4 + (dy * np.cos(turn) - dx * np.sin(turn)) * step
    return imaging_wcs(
        DETECTOR, Pointing(-120.0, -500.0, ra, dec, roll, 1.00005), (size, size), corner
    )


def star_field(size, count, rng, reach=1.1, brightest=1000.0):
    """Return right ascension, declination and flux (MJy/sr, summed over pixels) of stars."""
    wcs = wcs_at(0, 0, size)
    x, y = rng.uniform(-0.5 * (reach - 1) * size, size * (1 + 0.5 * (reach - 1)), (2, count))
    ra, dec = wcs(x, y, with_bounding_box=False)
    return ra, dec, brightest * 10 ** rng.uniform(-3.5, 0.0, count)


def draw(wcs, size, field, width):
    """Return the image of stars: a Gaussian core in pixels, and a wing three times as wide."""
    image = np.zeros((size, size))
    x, y = wcs.invert(*field[:2], with_bounding_box=False)
    reach = int(15 * width) + 2
    for a, b, flux in zip(x, y, field[2], strict=True):
        top, left = (max(int(c) - reach, 0) for c in (b, a))
        bottom, right = (min(int(c) + reach, size) for c in (b, a))
        if top >= bottom or left >= right:
            continue
        for share, sigma in ((0.85, width), (0.15, 3 * width)):
            down, across = (
                np.diff(erf((np.arange(start, stop + 1) - 0.5 - c) / (np.sqrt(2) * sigma))) / 2
                for start, stop, c in ((top, bottom, b), (left, right, a))
            )
            image[top:bottom, left:right] += share * flux * np.outer(down, across)
    return image


def strikes(size, count, noise, rng):
    """Return charge of cosmic rays: power law of amplitudes, one to a few pixels each."""
    charge = np.zeros((size, size))
    y, x = rng.integers(0, size, (2, count))
    amplitude = 3.0 * rng.pareto(0.8, count) + 3.0
    for b, a, height in zip(y, x, np.minimum(amplitude, 3000.0), strict=True):
        length = rng.integers(1, 4)
        direction = rng.uniform(0, np.pi)
        for k in range(length):
            q, p = int(b + k * np.sin(direction)), int(a + k * np.cos(direction))
            if 0 <= q < size and 0 <= p < size:
                charge[q, p] += height * rng.uniform(0.3, 1.0) * noise[q, p]
    return charge


def dithers(
    offsets: Sequence[tuple[float, float]],
    size: int = 160,
    stars: int = 60,
    hits: int = 0,
    width: float = 0.9,
    sky: Sequence[float] | None = None,
    seed: int = 5,
    rolls: Sequence[float] | None = None,
    group: Sequence[str] | None = None,
    depth: Sequence[float] | None = None,
    brightest: float = 1000.0,
) -> Dithers:
    """Observe one field with offsets in pixels; `depth` multiplies the noise."""
    rng = np.random.default_rng(seed)
    field = star_field(size, stars, rng, 1.4, brightest)
    images, struck, truths = [], [], []
    for k, (dx, dy) in enumerate(offsets):
        wcs = wcs_at(dx, dy, size, 40.0 if rolls is None else rolls[k])
        truth = draw(wcs, size, field, width)
        level = 0.0 if sky is None else sky[k]
        factor = 1.0 if depth is None else depth[k]
        read = np.full((size, size), (factor * READ_NOISE) ** 2)
        poisson = (truth + max(level, 0.3)) / ELECTRONS * factor**2
        noise = np.sqrt(read + poisson)
        charge = strikes(size, hits, noise, rng)
        dq = np.where(rng.random((size, size)) < 0.003, np.uint32(DQ.DO_NOT_USE), np.uint32(0))
        sci = truth + level + charge + noise * rng.standard_normal((size, size))
        bad = dq != 0

        def plane(values, bad=bad):
            return np.where(bad, np.nan, values).astype(np.float32)

        meta = {
            "filename": f"jw00001_{k:05d}_nrcb1_cal.fits",
            "group_id": f"g{k}" if group is None else group[k],
            "wcs": wcs,
            "exposure": {"exposure_time": 100.0, "measurement_time": 100.0},
            "wcsinfo": {
                "s_region": "",
                "ra_ref": 80.0,
                "dec_ref": -69.4,
                "roll_ref": 40.0,
                "v3yangle": 0.0,
                "vparity": -1,
            },
            "photometry": {"pixelarea_steradians": (0.031 * ARCSEC * np.pi / 180) ** 2},
        }
        images.append(
            Cal(
                sci=plane(sci),
                err=plane(noise),
                dq=dq,
                var_poisson=plane(poisson),
                var_rnoise=plane(read),
                meta=Meta(meta),
            )
        )
        struck.append(np.where(bad, 0.0, charge / noise))
        truths.append(truth)
    return Dithers(tuple(images), struck, truths)
