"""Random streams that do not depend on the order, or the thread, in which they are used."""

import zlib

import numpy as np


def generator(seed: int, *keys: int | str) -> np.random.Generator:
    """Return the random generator of one purpose.

    Parameters
    ----------
    seed : int
        Seed of the whole simulation.
    *keys
        What the numbers are for: words, and the numbers of exposure, integration, frame.
    """
    words = [zlib.crc32(k.encode()) if isinstance(k, str) else k for k in keys]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *words])))
