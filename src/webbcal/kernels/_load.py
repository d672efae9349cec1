"""Load numba quickly."""

import sys


def load_numba_alone() -> None:
    """Load numba without SciPy and without its extensions, which no kernel uses.

    SciPy, for linear algebra, takes a quarter of a second of every run; looking through all
    installed packages for extensions takes 10 ms. For the command line only: in a session of the
    user's, other code may want numba with both.
    """
    if "scipy" in sys.modules or "numba" in sys.modules:
        return
    sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401 (this is where numba looks for SciPy)
    finally:
        del sys.modules["scipy"]
    from numba.core import entrypoints

    entrypoints._already_initialized = True
