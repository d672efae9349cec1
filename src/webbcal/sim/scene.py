"""The sky as a detector sees it: stars and a uniform background."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.sim.instruments import Detector, Subarray, instrument_of
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf

PIXELS_PER_STAR = 2500
DITHER_PIXELS = 12
CATALOGUE_DTYPE = np.dtype(
    [("id", "i4"), ("x", "f8"), ("y", "f8"), ("rate", "f8"), ("ra", "f8"), ("dec", "f8")]
)
POINTING = (80.4903, -69.4978)  # right ascension and declination of the field, degree


@dataclass(frozen=True)
class Scene:
    """Electrons per second on every pixel, and the stars that make them.

    Attributes
    ----------
    rate : numpy.ndarray
        float64 (y, x), electron/s for a pixel of response one.
    catalogue : numpy.ndarray
        Structured: id, x and y (0-based science pixels of the subarray), rate (electron/s,
        whole point-spread function), ra, dec (degree).
    variable : numpy.ndarray or None
        float64 (y, x), electron/s, the first star at a relative flux of one, if it varies.
    flux : numpy.ndarray or None
        float64 (integration,), its relative flux; `rate` has the mean of it.
    """

    rate: np.ndarray
    catalogue: np.ndarray
    variable: np.ndarray | None = None
    flux: np.ndarray | None = None

    def at(self, integration: int) -> np.ndarray:
        """Return the rate during an integration, float64 (y, x), electron/s."""
        if self.variable is None or self.flux is None:
            return self.rate
        change = float(self.flux[integration] - self.flux.mean())
        return self.rate + self.variable * change


def star_field(
    window: Subarray,
    count: int | None,
    faintest: float,
    brightest: float,
    rng: np.random.Generator,
) -> np.ndarray:
    r"""Draw stars on the subarray and a margin, with :math:`N(>f) \propto f^{-0.6}`.

    Positions fall on the grid of the oversampled point-spread function, so that the catalogue
    is exact.

    Returns
    -------
    numpy.ndarray
        Catalogue without sky coordinates; positions of the first, undithered exposure.
    """
    number = window.rows * window.columns // PIXELS_PER_STAR if count is None else count
    stars = np.zeros(number, CATALOGUE_DTYPE)
    stars["id"] = np.arange(1, number + 1)
    for name, size in (("x", window.columns), ("y", window.rows)):
        margin = min(DITHER_PIXELS, size // 8)
        where = rng.uniform(-0.5 - margin, size - 0.5 + margin, number)
        stars[name] = np.round(where * OVERSAMPLING) / OVERSAMPLING
    slope = -0.6
    low, high = max(faintest, 1e-3) ** slope, max(brightest, 1e-3) ** slope
    stars["rate"] = rng.uniform(high, low, number) ** (1 / slope)
    return stars


def observe(
    stars: np.ndarray,
    window: Subarray,
    detector: Detector,
    filter_name: str,
    sky: float,
    offset: tuple[float, float] = (0.0, 0.0),
    flux: np.ndarray | None = None,
) -> Scene:
    """Put the stars, moved by a dither offset (x, y; pixel), and the sky on the pixels.

    The first star varies, if its relative flux is given by integration.
    A star's light outside the computed stamp is lost; the catalogue's rate is that inside a
    stamp that reaches at least 64 pixels, or the size of a small subarray.
    """
    half_width = int(min(64, max(8, max(window.rows, window.columns) // 2)))
    wavelength_um = instrument_of(detector).wavelengths(detector)[filter_name]
    psf = oversampled_psf(wavelength_um, detector.pixel_scale, half_width)
    moved = stars.copy()
    moved["x"] += np.round(offset[0] * OVERSAMPLING) / OVERSAMPLING
    moved["y"] += np.round(offset[1] * OVERSAMPLING) / OVERSAMPLING
    rate = np.full((window.rows, window.columns), float(sky))
    for star in moved:
        _add_star(rate, star, psf, half_width)
    moved["ra"], moved["dec"] = sky_coordinates(stars["x"], stars["y"], window, detector)
    if flux is None or not len(moved):
        return Scene(rate, moved)
    variable = np.zeros_like(rate)
    _add_star(variable, moved[0], psf, half_width)
    return Scene(rate + variable * (flux.mean() - 1), moved, variable, flux)


def follow(stars: np.ndarray, window: Subarray, rate: float) -> np.ndarray:
    """Return the stars with the first one in the middle of the subarray, of the rate given."""
    stars = stars.copy()
    stars["x"][:1] = (window.columns - 1) // 2
    stars["y"][:1] = (window.rows - 1) // 2
    stars["rate"][:1] = rate
    return stars


def _add_star(rate: np.ndarray, star: Any, psf: np.ndarray, half_width: int) -> None:
    column, x_phase = _split(float(star["x"]))
    row, y_phase = _split(float(star["y"]))
    middle = psf.shape[0] // 2
    # Pixel k of the stamp lies at k - half_width from the star's nearest pixel.
    first = middle - half_width * OVERSAMPLING
    stamp = psf[first - y_phase :: OVERSAMPLING, first - x_phase :: OVERSAMPLING]
    stamp = stamp[: 2 * half_width + 1, : 2 * half_width + 1]
    y0, x0 = row - half_width, column - half_width
    y_low, y_high = max(y0, 0), min(y0 + stamp.shape[0], rate.shape[0])
    x_low, x_high = max(x0, 0), min(x0 + stamp.shape[1], rate.shape[1])
    if y_low >= y_high or x_low >= x_high:
        return
    part = stamp[y_low - y0 : y_high - y0, x_low - x0 : x_high - x0]
    rate[y_low:y_high, x_low:x_high] += float(star["rate"]) * part


def _split(position: float) -> tuple[int, int]:
    """Return the nearest pixel and the remainder in samples of the oversampled grid."""
    samples = round(position * OVERSAMPLING)
    pixel = (samples + OVERSAMPLING // 2) // OVERSAMPLING
    return pixel, samples - pixel * OVERSAMPLING


def dither(exposure: int) -> tuple[float, float]:
    """Return the offset of an exposure (numbered from 0) in pixels, x and y."""
    if exposure == 0:
        return 0.0, 0.0
    angle = 2.399963 * exposure  # golden angle: no two exposures fall on one line
    radius = DITHER_PIXELS * np.sqrt(exposure / (exposure + 4.0))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return round(x * OVERSAMPLING) / OVERSAMPLING, round(y * OVERSAMPLING) / OVERSAMPLING


def sky_coordinates(
    x: np.ndarray, y: np.ndarray, window: Subarray, detector: Detector
) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension and declination, degree, of undithered pixels (tangent plane).

    North is up and east to the left; the middle of the subarray points at `POINTING`.
    """
    ra0, dec0 = np.deg2rad(POINTING)
    xi = -(np.asarray(x) - (window.columns - 1) / 2) * detector.pixel_scale / 3600
    eta = (np.asarray(y) - (window.rows - 1) / 2) * detector.pixel_scale / 3600
    xi, eta = np.deg2rad(xi), np.deg2rad(eta)
    below = np.cos(dec0) - eta * np.sin(dec0)
    ra = ra0 + np.arctan2(xi, below)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, below))
    return np.rad2deg(ra) % 360, np.rad2deg(dec)
