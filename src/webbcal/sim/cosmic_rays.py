"""Charge that particles leave in the detector: tracks and snowballs."""

from dataclasses import dataclass

import numpy as np

PIXEL_UM = 18.0
THICKNESS_UM = 8.0
TRACKS_PER_CM2_S = 5.0
SNOWBALLS_PER_CM2_S = 4e-4
CHARGE_PER_UM = 130.0  # electron, most probable for a minimum-ionising particle in HgCdTe
DIFFUSION_PIXELS = 0.25
LONGEST_TRACK_PIXELS = 200.0
SAMPLES_PER_PIXEL = 8

TRACK, SNOWBALL, SHOWER = 1, 2, 3


@dataclass(frozen=True)
class Deposits:
    """Charge by pixel: one entry per event and pixel; electrons are whole numbers."""

    event: np.ndarray
    kind: np.ndarray
    y: np.ndarray
    x: np.ndarray
    electrons: np.ndarray


def strike(
    shape: tuple[int, int],
    time_s: float,
    track_scale: float,
    snowball_scale: float,
    snowball_charge: float,
    rng: np.random.Generator,
    pixel_um: float = PIXEL_UM,
    thickness_um: float = THICKNESS_UM,
) -> Deposits:
    r"""Draw the events of a time interval.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    time_s : float
        Length of the interval.
    track_scale, snowball_scale : float
        Rates relative to the usual ones.
    snowball_charge : float
        Charge that saturates a pixel, electron.
    rng : numpy.random.Generator
        Source of randomness.
    pixel_um, thickness_um : float
        Size of a pixel, and depth of the layer that is crossed.

    Returns
    -------
    Deposits
        Inside the array only.

    Notes
    -----
    Tracks: particles arrive from all sides (:math:`p(\theta) \propto \cos\theta\sin\theta`)
    and cross a layer; the charge is proportional to the path times a Moyal
    (approximate Landau) factor, spread evenly along the projected path and diffused.
    Snowballs: a saturated disc with an exponential halo.

    Source: JWST User Documentation, "Cosmic rays", "Snowballs and shower artifacts";
    [moyal1955] for the energy loss.
    """
    area_cm2 = shape[0] * shape[1] * (pixel_um * 1e-4) ** 2
    exposure = area_cm2 * time_s
    tracks = int(rng.poisson(TRACKS_PER_CM2_S * exposure * track_scale))
    balls = int(rng.poisson(SNOWBALLS_PER_CM2_S * exposure * snowball_scale))
    parts = [_tracks(shape, tracks, rng, pixel_um, thickness_um)]
    for ball in range(balls):
        parts.append(_snowball(shape, tracks + ball, snowball_charge, rng))
    return Deposits(
        *(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0]))
    )


def _tracks(
    shape: tuple[int, int],
    count: int,
    rng: np.random.Generator,
    pixel_um: float,
    thickness_um: float,
) -> Deposits:
    cosine = np.sqrt(1 - rng.random(count))
    length = thickness_um / pixel_um * np.sqrt(1 / cosine**2 - 1)
    length = np.minimum(length, LONGEST_TRACK_PIXELS)
    path_um = np.hypot(length * pixel_um, thickness_um)
    # Moyal variate: minus the logarithm of a squared normal one.
    moyal = -np.log(np.maximum(rng.standard_normal(count) ** 2, 1e-12))
    charge = CHARGE_PER_UM * path_um * np.maximum(1 + 0.2 * moyal, 0.1)
    angle = rng.uniform(0, 2 * np.pi, count)
    y0 = rng.uniform(-0.5, shape[0] - 0.5, count)
    x0 = rng.uniform(-0.5, shape[1] - 0.5, count)
    samples = 16 + np.ceil(length * SAMPLES_PER_PIXEL).astype(int)
    event = np.repeat(np.arange(count), samples)
    along = rng.random(event.size) * length[event]
    y = y0[event] + along * np.sin(angle[event]) + rng.normal(0, DIFFUSION_PIXELS, event.size)
    x = x0[event] + along * np.cos(angle[event]) + rng.normal(0, DIFFUSION_PIXELS, event.size)
    return _collect(shape, event, np.rint(y), np.rint(x), charge[event] / samples[event], TRACK)


def _snowball(
    shape: tuple[int, int], event: int, saturating: float, rng: np.random.Generator
) -> Deposits:
    radius = float(np.clip(rng.lognormal(np.log(5.0), 0.5), 2, 25))
    halo = 0.6 * radius
    y0, x0 = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
    reach = int(radius + 8 * halo)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(y - y0 % 1, x - x0 % 1)
    charge = np.where(
        distance <= radius,
        1.5 * saturating,
        0.15 * saturating * np.exp(-(distance - radius) / halo),
    )
    events = np.full(y.size, event)
    return _collect(
        shape, events, (y + int(y0)).ravel(), (x + int(x0)).ravel(), charge.ravel(), SNOWBALL
    )


def _collect(
    shape: tuple[int, int],
    event: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    charge: np.ndarray,
    kind: int,
) -> Deposits:
    """Add up the charge of each event in each pixel, and round it to whole electrons."""
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    rows, columns = shape
    key = (event[inside] * rows + y[inside].astype(np.int64)) * columns + x[inside].astype(np.int64)
    pixel, index = np.unique(key, return_inverse=True)
    total = np.rint(np.bincount(index, weights=charge[inside], minlength=pixel.size))
    some = total >= 1
    pixel, total = pixel[some], total[some]
    return Deposits(
        event=(pixel // (rows * columns)).astype(np.int32),
        kind=np.full(pixel.size, kind, np.int16),
        y=(pixel // columns % rows).astype(np.int32),
        x=(pixel % columns).astype(np.int32),
        electrons=total,
    )
