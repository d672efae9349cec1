"""Where the pixels of an image lie on the detector."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidProduct
from webbcal.geometry.readout import DETECTOR_SIZE, Readout, reference_bands, sensitive
from webbcal.spec.meta import Meta
from webbcal.spec.window import Window

ORIENTATIONS = [(f, s) for f in (1, -1) for s in (2, -2)] + [
    (f, s) for f in (2, -2) for s in (1, -1)
]


def meta(fast, slow, xstart=1, ystart=1):
    axes = {"fastaxis": fast, "slowaxis": slow, "xstart": xstart, "ystart": ystart}
    return Meta({"subarray": axes})


@pytest.mark.parametrize(("fast", "slow"), ORIENTATIONS)
def test_the_fast_axis_runs_through_the_columns_of_the_detector(fast, slow):
    window = Window(10, 13, 20, 22, (64, 32))
    row, column = Readout.of(meta(fast, slow, xstart=101, ystart=201)).rows_columns(window)
    assert row.shape == column.shape == window.size
    along_fast, along_slow = (1, 0) if abs(fast) == 1 else (0, 1)
    assert (np.diff(column, axis=along_fast) == np.sign(fast)).all()
    assert (np.diff(column, axis=along_slow) == 0).all()
    assert (np.diff(row, axis=along_slow) == np.sign(slow)).all()
    first = {1: 120, 2: 210}  # of x and y on the stored full frame
    for axis, index in ((fast, column), (slow, row)):
        place = first[abs(axis)]
        assert index[0, 0] == (place if axis > 0 else DETECTOR_SIZE - 1 - place)


@pytest.mark.parametrize(
    ("xstart", "ystart", "shape"),
    [
        (1, 1, (2048, 2048)),
        (1, 1, (20, 30)),
        (2029, 1, (9, 20)),
        (3, 2040, (9, 12)),
        (5, 5, (7, 8)),
    ],
)
def test_bands_and_the_sensitive_part_cover_every_pixel_once(xstart, ystart, shape):
    place = meta(1, 2, xstart, ystart)
    count = np.zeros(shape, int)
    for band in reference_bands(place, shape):
        count[band.rows, band.columns] += 1
    y, x = np.ogrid[ystart - 1 : ystart - 1 + shape[0], xstart - 1 : xstart - 1 + shape[1]]
    border = (np.minimum(x, y) < 4) | (np.maximum(x, y) >= 2044)
    np.testing.assert_array_equal(count, border)
    inner = sensitive(place, shape)
    count[inner.rows, inner.columns] += 1
    assert (count == 1).all()


@pytest.mark.parametrize(("fast", "slow"), [(None, 2), (1, 1), (0, 2), (3, 2), ("1", 2)])
def test_nonsense_orientations_are_refused(fast, slow):
    with pytest.raises(InvalidProduct, match="FASTAXIS"):
        Readout.of(meta(fast, slow))
