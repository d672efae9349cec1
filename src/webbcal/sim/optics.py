"""Point-spread function of a segmented, hexagonal aperture."""

import functools

import numpy as np

APERTURE_M = 6.5
SEGMENT_M = 1.32  # flat to flat
PUPIL_SAMPLES = 192
OVERSAMPLING = 8
DIFFUSION_PIXELS = 0.25  # charge diffusion, pixel
ARCSEC = np.pi / 180 / 3600


def _pupil() -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates in metre and transmission of 18 hexagonal segments."""
    u = (np.arange(PUPIL_SAMPLES) - (PUPIL_SAMPLES - 1) / 2) * APERTURE_M * 1.05 / PUPIL_SAMPLES
    x, y = np.meshgrid(u, u)
    open_area = np.zeros_like(x, dtype=bool)
    for q in range(-2, 3):
        for r in range(-2, 3):
            ring = max(abs(q), abs(r), abs(q + r))
            if ring == 0 or ring > 2:
                continue
            cx = SEGMENT_M * (q + 0.5 * r)
            cy = SEGMENT_M * r * np.sqrt(3) / 2
            open_area |= _in_hexagon(x - cx, y - cy)
    struts = (np.abs(x) < 0.05) & (y < 0)
    for angle in (30.0, 150.0):
        direction = np.deg2rad(angle)
        across = -x * np.sin(direction) + y * np.cos(direction)
        along = x * np.cos(direction) + y * np.sin(direction)
        struts |= (np.abs(across) < 0.05) & (along > 0)
    return u, (open_area & ~struts).astype(float)


def _in_hexagon(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    half = 0.495 * SEGMENT_M
    inside: np.ndarray = (
        (np.abs(x) < half)
        & (np.abs(0.5 * x + np.sqrt(0.75) * y) < half)
        & (np.abs(0.5 * x - np.sqrt(0.75) * y) < half)
    )
    return inside


@functools.lru_cache(maxsize=16)
def oversampled_psf(wavelength_um: float, pixel_scale: float, half_width: int) -> np.ndarray:
    r"""Return the point-spread function, already integrated over a pixel.

    .. math:: P(\theta) \propto |\int A(u) e^{-2\pi i u \theta / \lambda} du|^2

    by a matrix Fourier transform at three wavelengths across the filter.

    Parameters
    ----------
    wavelength_um : float
        Pivot wavelength.
    pixel_scale : float
        Arcsec per pixel.
    half_width : int
        Pixels on each side of the middle one.

    Returns
    -------
    numpy.ndarray
        float64 (y, x), `OVERSAMPLING` samples per pixel; every `OVERSAMPLING`-th sample is the
        part of the light in one pixel. Sums to `OVERSAMPLING` squared.

    Source: [soummer2007] semi-analytic (matrix) Fourier transform.
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    u, aperture = _pupil()
    samples = (2 * half_width + 2) * OVERSAMPLING
    # Half a sample off, because a window of even length is centred between two samples.
    theta = (np.arange(samples) - samples // 2 + 0.5) * pixel_scale / OVERSAMPLING * ARCSEC
    total = np.zeros((samples, samples))
    for factor in (0.96, 1.0, 1.04):
        phase = np.exp(-2j * np.pi * np.outer(theta, u) / (wavelength_um * factor * 1e-6))
        field = phase @ aperture @ phase.T
        total += field.real**2 + field.imag**2
    total = uniform_filter(total, OVERSAMPLING, mode="constant")
    total = gaussian_filter(total, DIFFUSION_PIXELS * OVERSAMPLING, mode="constant")
    psf: np.ndarray = total * (OVERSAMPLING**2 / total.sum())
    psf.flags.writeable = False
    return psf
