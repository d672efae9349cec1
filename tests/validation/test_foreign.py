"""The forward model of exposures from elsewhere: places of pixels, clocks, interference."""

import numpy as np
import pytest
from validation.foreign import irs2
from validation.foreign.frame import Frame, as_stored
from validation.foreign.readout import EMI_DN, interference


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_interleaving_keeps_every_pixel_in_order(detector: str) -> None:
    image = np.arange(irs2.SIZE, dtype=np.float32)[:, np.newaxis] * np.ones(irs2.SIZE, np.float32)
    spread = irs2.interleave(image, detector, rest=np.float32(-1))
    assert spread.shape == (3200, 2048)
    kept = spread[:, 7] >= 0
    np.testing.assert_array_equal(spread[kept, 7], image[:, 7])
    sector = kept[::-1] if detector == "NRS2" else kept
    assert not sector[:640].any()
    rows = np.flatnonzero(~sector[640:1280])
    assert rows.size == 128
    np.testing.assert_array_equal(rows[:8], [8, 9, 10, 11, 28, 29, 30, 31])


def test_a_frame_of_miri_takes_the_documented_time() -> None:
    assert Frame(1, 1, 1032, 1024, "MIRI").frame_time("FULL", "FASTR1") == pytest.approx(2.77504)
    assert Frame(1, 779, 72, 64, "MIRI").frame_time("SUB64", "FASTR1") == pytest.approx(0.08512)


@pytest.mark.parametrize(("fast", "slow"), [(1, 2), (-1, 2), (1, -2), (2, 1), (-2, -1), (2, -1)])
def test_the_first_pixel_read_lies_where_the_axes_begin(fast: int, slow: int) -> None:
    scan = np.zeros((3, 5))
    scan[0, 0], scan[0, -1] = 1, 2
    stored = as_stored(scan, fast, slow)
    assert stored.shape == ((3, 5) if abs(fast) == 1 else (5, 3))
    (y, x), (end_y, end_x) = np.argwhere(stored == 1)[0], np.argwhere(stored == 2)[0]
    step = (end_x - x) if abs(fast) == 1 else (end_y - y)
    assert step == 4 * np.sign(fast)


def test_interference_repeats_with_its_period() -> None:
    frame = Frame(1, 779, 72, 64, "MIRI")
    spec = {"subarray": "SUB64", "readpatt": "FASTR1", "ngroups": 20}
    patterns = [interference(frame, spec, 0, k) for k in range(4)]
    assert not np.allclose(patterns[0], patterns[1], atol=1)
    limit = 1.3 * sum(amplitude for _, amplitude in EMI_DN.values())
    assert max(np.abs(p).max() for p in patterns) <= limit
