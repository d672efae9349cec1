"""Exposures of a star field whose telescope did not look quite where they say."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from tests.geometry.distortions import distortion

from webbcal.geometry.imaging import Pointing, imaging_wcs, sky_region
from webbcal.geometry.pixel_map import pixel_map
from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._set import Tools
from webbcal.steps.tweakreg import align_exposures
from webbcal.steps.tweakreg.options import TweakregOptions

SCALE = 0.031  # arcsec per pixel
WAVELENGTH = 1.99  # um
RA, DEC, ROLL = 80.49, -69.498, 37.0
SKY, READ_NOISE, GAIN = 0.3, 0.03, 400.0  # MJy/sr, MJy/sr, electron per MJy/sr
HALF = 14  # pixels of a star on each side
TOOLS = Tools(map, lambda shape, dtype: None, pixel_map, lambda what, done, total: None)


@dataclass(frozen=True)
class Observed:
    """Exposures with what is true of them."""

    images: tuple[Cal, ...]
    true_wcs: tuple
    ra: np.ndarray
    dec: np.ndarray
    flux: np.ndarray

    def errors_mas(self, images) -> np.ndarray:
        """Return how far images are off at a grid of pixels, axes (image, point, 2), mas."""
        plane = TangentPlane(RA, DEC)
        off = []
        for image, true in zip(images, self.true_wcs, strict=True):
            rows, columns = image.shape_of("sci")
            grid = np.meshgrid(np.linspace(0, columns - 1, 5), np.linspace(0, rows - 1, 5))
            x, y = (values.ravel() for values in grid)
            says, is_ = (plane.from_sky(*wcs(x, y)) for wcs in (image.wcs, true))
            off.append((says - is_) * 1e3)
        return np.array(off)


def relative_rms(errors: np.ndarray) -> float:
    """Return the rms per coordinate of errors after what all have in common is taken out."""
    return float(np.sqrt(np.mean((errors - errors.mean(axis=(0, 1))) ** 2)))


def pointing(east=0.0, north=0.0, roll=0.0, v2=-120.0):
    """Return a pointing off the middle of the field by arcsec, and turned by arcsec."""
    ra, dec = TangentPlane(RA, DEC).to_sky(np.array([[east, north]]))
    return Pointing(v2, -500.0, float(ra[0]), float(dec[0]), ROLL + roll / 3600.0)


def observe(
    dithers,
    errors,
    *,
    size=400,
    count=60,
    rolls=None,
    brightest=3000.0,
    faintest=30.0,
    wavelength=WAVELENGTH,
    scale=SCALE,
    spread=1.25,
    seed=5,
    cosmic_rays=0,
    names=None,
    places=None,
) -> Observed:
    """Simulate exposures: offsets of the pointing said, and of the true one from that, arcsec."""
    rng = np.random.default_rng(seed)
    half = spread * size * scale / 2
    if places is None:
        places = rng.uniform(-half, half, (count, 2))
    ra, dec = TangentPlane(RA, DEC).to_sky(places)
    flux = brightest * (faintest / brightest) ** rng.uniform(0, 1, len(places))
    psf = oversampled_psf(wavelength, scale, HALF)
    optics = distortion(size, scale)
    images, true = [], []
    for number, (dither, error) in enumerate(zip(dithers, errors, strict=True)):
        roll = 0.0 if rolls is None else rolls[number]
        says = imaging_wcs(optics, pointing(*dither), (size, size))
        is_ = imaging_wcs(optics, pointing(*np.add(dither, error), roll), (size, size))
        sci = SKY + expose(is_, size, ra, dec, flux, psf)
        err = np.sqrt(READ_NOISE**2 + sci / GAIN)
        sci += rng.normal(0, err)
        for _ in range(cosmic_rays):
            sci[tuple(rng.integers(0, size, 2))] += rng.uniform(5, 500)
        name = f"jw{number:03d}_nrcb1_cal.fits" if names is None else names[number]
        images.append(exposure(sci, err, says, dither, name, number if names is None else 0))
        true.append(is_)
    return Observed(tuple(images), tuple(true), ra, dec, flux)


def expose(wcs, size, ra, dec, flux, psf):
    """Return the image of stars."""
    image = np.zeros((size, size))
    x, y = wcs.invert(ra, dec, with_bounding_box=False)
    middle = psf.shape[0] // 2
    for a, b, f in zip(x, y, flux, strict=True):
        columns, rows = (
            np.arange(int(np.rint(c)) - HALF, int(np.rint(c)) + HALF + 1) for c in (a, b)
        )
        columns, rows = (n[(n >= 0) & (n < size)] for n in (columns, rows))
        if not columns.size or not rows.size:
            continue
        grid = np.meshgrid(
            middle + (rows - b) * OVERSAMPLING, middle + (columns - a) * OVERSAMPLING, indexing="ij"
        )
        image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += f * map_coordinates(
            psf, grid, order=3
        )
    return image


def exposure(sci, err, wcs, dither, name, number):
    """Return an exposure with the metadata that the step reads."""
    at = pointing(*dither)
    meta = Meta(
        {
            "filename": name,
            "group_id": f"group {number}",
            "wcs": wcs,
            "wcsinfo": {
                "v2_ref": at.v2_ref,
                "v3_ref": at.v3_ref,
                "roll_ref": at.roll_ref,
                "ra_ref": at.ra_ref,
                "dec_ref": at.dec_ref,
                "s_region": sky_region(wcs),
            },
            "exposure": {"mid_time": 60000.0},
        }
    )
    variance = (err**2).astype(np.float32)
    return Cal(
        sci=sci.astype(np.float32),
        err=err.astype(np.float32),
        dq=np.zeros(sci.shape, np.uint32),
        var_poisson=variance,
        var_rnoise=variance,
        meta=meta,
    )


def run(images, catalog=None, lists=None, tools=TOOLS, *, sip_approx=False, **options):
    return align_exposures(
        tuple(images), catalog, lists, TweakregOptions(sip_approx=sip_approx, **options), tools
    )
