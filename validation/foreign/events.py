"""Charge that particles leave: tracks, snowballs and showers."""

from collections.abc import Iterator

import numpy as np

from validation.foreign.frame import Frame

Strikes = dict[int, list[tuple[int, int, float]]]
SNOWBALL_CORE_E = 4e5


def tracks(frame: Frame, frames: int, part: float, rng: np.random.Generator) -> Strikes:
    """Return cosmic rays by frame: straight tracks of one to five pixels."""
    strikes: Strikes = {}
    for _ in range(int(part * frame.nx * frame.ny / 2)):
        k = int(rng.integers(frames))
        y, x = rng.uniform(0, frame.ny), rng.uniform(0, frame.nx)
        angle, length = rng.uniform(0, 2 * np.pi), int(rng.integers(1, 6))
        electrons = 10 ** rng.uniform(1.5, 4.8)
        for step in range(length):
            row, column = int(y + step * np.sin(angle)), int(x + step * np.cos(angle))
            if 0 <= row < frame.ny and 0 <= column < frame.nx:
                strikes.setdefault(k, []).append((row, column, electrons / length))
    return strikes


def snowballs(
    frame: Frame, frames: int, count: int, rng: np.random.Generator
) -> dict[int, list[np.ndarray]]:
    """Return charge by frame: saturated discs with a halo that falls off."""
    return _blobs(frame, frames, count, rng, halo=True)


def showers(
    frame: Frame, frames: int, count: int, rng: np.random.Generator
) -> dict[int, list[np.ndarray]]:
    """Return charge by frame: faint ellipses without a core."""
    return _blobs(frame, frames, count, rng, halo=False)


def _blobs(
    frame: Frame, frames: int, count: int, rng: np.random.Generator, *, halo: bool
) -> dict[int, list[np.ndarray]]:
    found: dict[int, list[np.ndarray]] = {}
    for k, y, x in _places(frame, frames, count, rng):
        rows, columns = np.mgrid[: frame.ny, : frame.nx].astype(np.float32)
        stretch = rng.uniform(0.8, 1.25)
        radius = np.hypot((rows - y) * stretch, (columns - x) / stretch)
        if halo:
            core = rng.uniform(4, 9)
            charge = np.where(radius < core, SNOWBALL_CORE_E, 6e3 * np.exp(-(radius - core) / 4))
            charge[radius > 3.5 * core] = 0
        else:
            charge = rng.uniform(150, 400) * np.exp(-((radius / rng.uniform(8, 14)) ** 2))
        found.setdefault(k, []).append(charge.astype(np.float32))
    return found


def _places(
    frame: Frame, frames: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[int, float, float]]:
    for _ in range(count):
        k = int(rng.integers(1, max(frames, 2)))
        yield k, rng.uniform(0, frame.ny), rng.uniform(0, frame.nx)
