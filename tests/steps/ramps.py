"""Small ramps to try steps on, and what every step must leave alone."""

from typing import Any

import numpy as np

from webbcal.spec.meta import Meta
from webbcal.spec.products import Ramp
from webbcal.spec.window import Window

PATTERN = {
    "exposure": {"nframes": 4, "groupgap": 0, "noutputs": 1},
    "subarray": {"fastaxis": 1, "slowaxis": 2, "xstart": 1, "ystart": 1},
}


def make_ramp(sci, *, zeroframe=None, groupdq=None, pixeldq=None, **meta) -> Ramp:
    """Return a ramp of (integration, group, y, x) data; `meta` are paths with __ for a dot."""
    sci = np.asarray(sci, np.float32)
    tree = Meta(PATTERN).replace({"exposure.ngroups": sci.shape[1], "exposure.nints": sci.shape[0]})
    return Ramp(
        sci=sci,
        groupdq=np.zeros(sci.shape, np.uint8) if groupdq is None else groupdq,
        pixeldq=np.zeros(sci.shape[2:], np.uint32) if pixeldq is None else pixeldq,
        zeroframe=None if zeroframe is None else np.asarray(zeroframe, np.float32),
        meta=tree.replace({path.replace("__", "."): value for path, value in meta.items()}),
    )


def plane(value: float, shape=(8, 8), dtype=np.float32) -> np.ndarray:
    """Return a constant (y, x) array."""
    return np.full(shape, value, dtype)


def arrays_of(product: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a ramp that steps change."""
    names = ("sci", "groupdq", "pixeldq", "zeroframe", "average_dark_current")
    return {name: getattr(product, name) for name in names if getattr(product, name) is not None}


def assert_same(one: Any, other: Any) -> None:
    """Compare the arrays of two ramps bit by bit."""
    left, right = arrays_of(one), arrays_of(other)
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name], err_msg=name)


def assert_windows_agree(run, ramp, references, *, reach=0) -> None:
    """Check that ``run(ramp, *references)`` gives the same bits on windows with a margin."""
    whole = run(ramp, *references)
    shape = ramp.pixeldq.shape
    half_y, half_x = shape[0] // 2 + 1, shape[1] // 3
    for rows in ((0, half_y), (half_y, shape[0])):
        for columns in ((0, half_x), (half_x, shape[1])):
            window = Window(*rows, *columns, shape)
            around = window.grow(reach)
            cut = [None if r is None else r.cut(around) for r in references]
            assert_same(run(ramp.cut(around), *cut).cut(window), whole.cut(window))


def assert_inputs_unchanged(run, ramp, *references) -> None:
    """Check that a run changes none of its arguments."""
    before = {name: array.copy() for name, array in arrays_of(ramp).items()}
    run(ramp, *references)
    for name, array in arrays_of(ramp).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
