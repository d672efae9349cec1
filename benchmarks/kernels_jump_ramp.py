"""Time the search for jumps and the ramp fit on one core.

    python benchmarks/kernels_jump_ramp.py

Prints nanoseconds per pixel, the best of several runs with compiled kernels.
"""

import time
from collections.abc import Callable

import numpy as np

from webbcal.kernels import jump, ramp
from webbcal.kernels.arrays import frozen

RUNS = 7
GAIN, READNOISE, SPACING = 1.8, 8.0, 20.0


def simulate(nints: int, ngroups: int, pixels: int, hits: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ramps (DN) and flags without any; `hits` jumps per group and pixel."""
    rng = np.random.default_rng(1)
    shape = (nints, ngroups, pixels)
    electrons = rng.poisson(rng.gamma(2.0, 5.0, pixels), shape).astype(float)
    struck = rng.random(shape) < hits
    electrons += np.where(struck, 10 ** rng.uniform(1.5, 4.0, shape), 0.0)
    noise = rng.normal(0.0, READNOISE / np.sqrt(2.0), shape)
    signal = np.cumsum(electrons, axis=1) / GAIN + noise
    return frozen(signal, np.float32), frozen(np.zeros(shape, np.uint8))


def best(function: Callable[[], object]) -> float:
    """Return the shortest of several run times, s."""
    function()
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(nints: int, ngroups: int, rows: int, columns: int, hits: float) -> None:
    """Print the times for one shape."""
    pixels = rows * columns
    sci, flags = simulate(nints, ngroups, pixels, hits)
    gain = frozen(np.full(pixels, GAIN), np.float32)
    readnoise = frozen(np.full(pixels, READNOISE), np.float32)
    none = frozen(np.zeros((0, 0), np.float32))
    single = ngroups > 10
    search = jump.Search(int(single), 6.0, 5.0, 4.0, 1.0)
    spread = jump.Spread(True, 10.0, 1000.0, 0.0, 0, 0.0, 0)
    data = jump.Pixels(sci, flags, gain, readnoise)
    jumps = best(lambda: jump.find_jumps(data, columns, search, spread))
    flags = frozen(jump.find_jumps(data, columns, search, spread)[0])
    ramps = ramp.Ramps(sci, flags, frozen(np.zeros(pixels, np.uint32)), none)
    detector = ramp.Detector(gain, readnoise, none.reshape(-1))
    timing = ramp.Timing(SPACING, SPACING, SPACING, 1.0)
    fit = best(lambda: ramp.fit_ramps(ramps, detector, timing, True))
    flagged = (flags != 0).any(axis=(0, 1)).mean()
    print(
        f"{nints:3d} x {ngroups:2d} x {rows} x {columns}, {100 * flagged:4.1f} % of pixels flagged:"
        f" jump {1e9 * jumps / pixels:7.1f}, fit {1e9 * fit / pixels:7.1f} ns per pixel"
    )


if __name__ == "__main__":
    for case in (
        (1, 10, 64, 2048, 0.0),
        (1, 10, 64, 2048, 2e-3),
        (1, 10, 64, 2048, 1e-2),
        (1, 5, 64, 2048, 2e-3),
        (1, 40, 16, 2048, 2e-3),
        (2, 40, 16, 1032, 2e-3),
        (50, 8, 16, 160, 1e-3),
        (120, 5, 16, 160, 1e-3),
    ):
        measure(*case)
