"""Load numba quickly."""

import sys


def load_numba_alone() -> None:
    """Load numba without SciPy, which it imports for linear algebra that no kernel uses.

    That is a quarter of a second of every run. For the command line only: in a session of the
    user's, other code may want numba with SciPy.
    """
    if "scipy" in sys.modules or "numba" in sys.modules:
        return
    sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401 (this is where numba looks for SciPy)
    finally:
        del sys.modules["scipy"]
