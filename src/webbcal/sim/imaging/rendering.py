"""Put stars and galaxies on the pixels of a detector.

Source: [graham2005] for the Sersic profile.
"""

import numpy as np

from webbcal.sim.imaging.field import GALAXY
from webbcal.sim.imaging.photometry import STAMP_HALF_WIDTH
from webbcal.sim.imaging.pointing import View
from webbcal.sim.instruments import Detector, instrument_of
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf

TAPS = np.arange(-2, 4)
LAGRANGE_DENOMINATORS = np.where(np.eye(len(TAPS)), 1, TAPS[:, None] - TAPS).prod(axis=1)
FAINTEST_EDGE = 2e-3  # electron/s per pixel: dimmer wings than that are cut off
HALF_WIDTHS = (12, 24, 40, STAMP_HALF_WIDTH)
GALAXY_SAMPLES = 2  # per pixel and axis
FINE = 5  # finer samples of a galaxy's core
FINE_HALF_WIDTH = 4  # pixels on each side of it that are sampled so
TRUNCATION = 5.0  # in half-light radii
GALAXY_WINGS = 20  # pixels of the point-spread function around a galaxy


class StarStamps:
    """Images of a star of rate one anywhere between pixels.

    The oversampled point-spread function, which is already integrated over a pixel, is
    interpolated with polynomials of degree five in both directions.
    """

    def __init__(self, detector: Detector, filter_name: str) -> None:
        wavelength = instrument_of(detector).wavelengths(detector)[filter_name]
        psf = oversampled_psf(wavelength, detector.pixel_scale, STAMP_HALF_WIDTH)
        n = OVERSAMPLING
        self.phases = np.ascontiguousarray(
            psf.reshape(psf.shape[0] // n, n, psf.shape[1] // n, n).transpose(1, 3, 0, 2)
        )
        self.middle = psf.shape[0] // 2
        centre = self.phases[0, 0]
        row = centre.shape[0] // 2
        self.edges = [
            float(max(centre[row - h :: 2 * h, row - h : row + h + 1].mean(), 1e-12))
            for h in HALF_WIDTHS[:-1]
        ]

    def half_width(self, rate: float) -> int:
        """Return how far from a star of some rate its light still matters, pixel."""
        for edge, half in zip(self.edges, HALF_WIDTHS, strict=False):
            if rate * edge < FAINTEST_EDGE:
                return half
        return HALF_WIDTHS[-1]

    def stamp(self, x: float, y: float, half: int) -> tuple[np.ndarray, int, int]:
        """Return the image of a star at x, y, and the first row and column of it."""
        column, row = round(x), round(y)
        tap_x, k_x, weight_x = self._taps(column - x, half)
        tap_y, k_y, weight_y = self._taps(row - y, half)
        size = 2 * half + 1
        image = np.zeros((size, size))
        part = np.empty((size, size))
        for ty, ky, wy in zip(tap_y, k_y, weight_y, strict=True):
            for tx, kx, wx in zip(tap_x, k_x, weight_x, strict=True):
                block = self.phases[ty, tx, ky : ky + size, kx : kx + size]
                image += np.multiply(block, wx * wy, out=part)
        return image, row - half, column - half

    def _taps(self, offset: float, half: int) -> tuple[list[int], list[int], np.ndarray]:
        position = self.middle + OVERSAMPLING * (offset - half)
        whole = int(np.floor(position))
        samples = whole + TAPS
        weights = _lagrange(position - whole)
        n = OVERSAMPLING
        return [int(s) % n for s in samples], [int(s) // n for s in samples], weights


def _lagrange(fraction: float) -> np.ndarray:
    """Return the weights of samples at -2 ... 3 for a position between 0 and 1."""
    differences = np.where(np.eye(len(TAPS), dtype=bool), 1.0, fraction - TAPS[None, :])
    weights: np.ndarray = differences.prod(axis=1) / LAGRANGE_DENOMINATORS
    return weights


def render(
    sources: np.ndarray, view: View, shape: tuple[int, int], stamps: StarStamps, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the light of sources on the pixels of an image, and where they are.

    Parameters
    ----------
    sources : numpy.ndarray
        `field.SOURCE_DTYPE`.
    view : View
        Where the detector truly looks.
    shape : tuple of int
        Rows and columns.
    stamps : StarStamps
        Of the detector and filter.
    scale : float
        Rate on this detector over that in the table.

    Returns
    -------
    rate : numpy.ndarray
        float32 (y, x), electron/s, without the sky.
    positions : numpy.ndarray
        float64 (2, source): x and y of all sources, on the image or not.
    """
    x, y = view.pixels(sources["ra"], sources["dec"])
    rate = np.zeros(shape, np.float32)
    rows, columns = shape
    reach = STAMP_HALF_WIDTH
    near = (x > -reach) & (x < columns + reach) & (y > -reach) & (y < rows + reach)
    transforms: dict[int, np.ndarray] = {}
    for n in np.flatnonzero(near):
        source = sources[n]
        flux = float(source["rate"]) * scale
        if source["kind"] == GALAXY:
            image, row, column = galaxy_stamp(
                source, view, float(x[n]), float(y[n]), stamps, transforms
            )
        else:
            image, row, column = stamps.stamp(float(x[n]), float(y[n]), stamps.half_width(flux))
        add_stamp(rate, image, row, column, flux)
    return rate, np.stack([x, y])


def add_stamp(rate: np.ndarray, image: np.ndarray, row: int, column: int, flux: float) -> None:
    """Add an image that may stick out."""
    y0, x0 = max(row, 0), max(column, 0)
    y1 = min(row + image.shape[0], rate.shape[0])
    x1 = min(column + image.shape[1], rate.shape[1])
    if y0 < y1 and x0 < x1:
        rate[y0:y1, x0:x1] += flux * image[y0 - row : y1 - row, x0 - column : x1 - column]


def galaxy_stamp(
    source: np.void,
    view: View,
    x: float,
    y: float,
    stamps: StarStamps,
    transforms: dict[int, np.ndarray],
) -> tuple[np.ndarray, int, int]:
    """Return the image of a galaxy of rate one, and its first row and column.

    Its profile ends at five half-light radii and is sampled twice per pixel, its core ten times;
    the sum is one.
    """
    from scipy import fft

    to_sky = _jacobian(view, x, y)
    scale = float(np.sqrt(abs(np.linalg.det(to_sky))))
    reach = int(np.ceil(TRUNCATION * float(source["radius"]) / scale)) + 2
    half = min(reach, 3 * STAMP_HALF_WIDTH) + GALAXY_WINGS
    column, row = round(x), round(y)
    size = GALAXY_SAMPLES * (2 * half + 1)
    length = fft.next_fast_len(size + 2 * GALAXY_SAMPLES * GALAXY_WINGS, real=True)
    # Sample k lies at (k / samples) - half pixels from the nearest pixel.
    grid = np.arange(GALAXY_SAMPLES * 2 * half + 1) / GALAXY_SAMPLES - half
    profile = _sersic(source, to_sky, grid + (column - x), grid + (row - y))
    middle = GALAXY_SAMPLES * half
    core = GALAXY_SAMPLES * FINE_HALF_WIDTH
    inner = slice(middle - core, middle + core + 1)
    fine = (np.arange(FINE) - (FINE - 1) / 2) / (FINE * GALAXY_SAMPLES)
    near = (grid[inner][:, None] + fine).ravel()
    cells = _sersic(source, to_sky, near + (column - x), near + (row - y))
    cells = cells.reshape(2 * core + 1, FINE, 2 * core + 1, FINE).mean(axis=(1, 3))
    profile[inner, inner] = cells
    profile /= profile.sum()
    if length not in transforms:
        transforms[length] = _transform(stamps, length)
    blurred = fft.irfft2(fft.rfft2(profile, (length, length)) * transforms[length])
    image = blurred[: len(grid) : GALAXY_SAMPLES, : len(grid) : GALAXY_SAMPLES]
    return image, row - half, column - half


def _transform(stamps: StarStamps, length: int) -> np.ndarray:
    """Return the Fourier transform of the point-spread function on the grid of galaxies."""
    from scipy import fft

    step = OVERSAMPLING // GALAXY_SAMPLES
    reach = GALAXY_SAMPLES * GALAXY_WINGS
    n = OVERSAMPLING
    kernel = np.zeros((length, length))
    samples = stamps.middle + step * np.arange(-reach, reach + 1)
    part = stamps.phases[
        (samples % n)[:, None], (samples % n)[None, :], (samples // n)[:, None], samples // n
    ]
    kernel[: 2 * reach + 1, : 2 * reach + 1] = part / part.sum() * GALAXY_SAMPLES**2
    kernel = np.roll(kernel, (-reach, -reach), axis=(0, 1))
    out: np.ndarray = fft.rfft2(kernel)
    return out


def _jacobian(view: View, x: float, y: float) -> np.ndarray:
    """Return arcsec east and north (rows) per pixel in x and y (columns)."""
    at_x = np.array([x, x + 1, x, x - 1, x])
    at_y = np.array([y, y, y + 1, y, y - 1])
    ra, dec = view.sky(at_x, at_y)
    east = ((ra - ra[0] + 180) % 360 - 180) * np.cos(np.deg2rad(dec[0])) * 3600
    north = (dec - dec[0]) * 3600
    return np.array(
        [
            [(east[1] - east[3]) / 2, (east[2] - east[4]) / 2],
            [(north[1] - north[3]) / 2, (north[2] - north[4]) / 2],
        ]
    )


def _sersic(source: np.void, to_sky: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    r"""Return :math:`\exp(-b (r / r_e)^{1/n})` on a grid of offsets in pixels (y, x)."""
    east = to_sky[0, 0] * dx[None, :] + to_sky[0, 1] * dy[:, None]
    north = to_sky[1, 0] * dx[None, :] + to_sky[1, 1] * dy[:, None]
    angle = np.deg2rad(float(source["angle"]))
    major = north * np.cos(angle) + east * np.sin(angle)
    minor = east * np.cos(angle) - north * np.sin(angle)
    index = float(source["index"])
    scaled = np.hypot(major, minor / float(source["ratio"])) / float(source["radius"])
    b = 2 * index - 1 / 3 + 4 / (405 * index)
    profile: np.ndarray = np.exp(-b * scaled ** (1 / index))
    profile[scaled > TRUNCATION] = 0
    return profile
