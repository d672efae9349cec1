"""The one form in which arrays are handed to kernels."""

from typing import Any

import numpy as np


def frozen(array: np.ndarray, dtype: Any = None) -> np.ndarray:
    """Return an array as a contiguous, native, read-only one, without a copy where possible.

    A kernel is compiled anew for every combination of data type, memory layout and write
    permission among its arguments. Arguments in one form need one compilation.
    """
    kind = np.dtype(array.dtype if dtype is None else dtype).newbyteorder("=")
    view = np.ascontiguousarray(array, dtype=kind).view()
    view.flags.writeable = False
    return view
