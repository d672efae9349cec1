"""Windows cover a frame once, and are of the size asked for."""

import numpy as np
import pytest

from webbcal.pipelines.blocks import windows
from webbcal.pipelines.portions import begin_ramp
from webbcal.spec.products import Uncal


@pytest.mark.parametrize("shape", [(2048, 2048), (64, 64), (1, 1), (64, 2048), (17, 33)])
@pytest.mark.parametrize("pixel_bytes", [40, 4000, 4_000_000])
def test_every_pixel_is_in_one_window(shape, pixel_bytes):
    seen = np.zeros(shape, int)
    for window in windows(shape, pixel_bytes, 6 << 20):
        seen[window.rows, window.columns] += 1
    assert (seen == 1).all()


def test_whole_rows_where_they_fit_and_tiles_where_not():
    one = list(windows((2048, 2048), 40, 6 << 20))
    assert all(window.size[1] == 2048 for window in one)
    many = list(windows((2048, 2048), 40_000, 6 << 20))
    assert all(window.size[1] < 2048 for window in many)
    assert all(window.size[0] * window.size[1] * 40_000 <= 4 * (6 << 20) for window in many[:50])


def test_blocks_are_of_equal_height_and_each_of_two_threads_gets_as_many():
    # A MIRI exposure of two integrations of forty groups.
    blocks = list(windows((1024, 1032), 320, 6 << 20))
    heights = [window.size[0] for window in blocks]
    assert len(heights) % 2 == 0
    assert max(heights) - min(heights[:-1]) == 0
    assert 30 <= heights[0] <= 40
    assert 0.5 * heights[0] <= heights[-1] <= heights[0]


def test_a_ramp_begins_with_the_raw_values_and_no_flags():
    raw = np.arange(2 * 3 * 4 * 5, dtype="u2").reshape(2, 3, 4, 5)
    ramp = begin_ramp(Uncal(sci=raw))
    assert ramp.sci.dtype == np.float32
    np.testing.assert_array_equal(ramp.sci, raw)
    assert not ramp.pixeldq.any()
    assert not ramp.groupdq.any()
