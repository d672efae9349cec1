"""Frames with interleaved reference pixels: every row and every sample has its place."""

import numpy as np
import pytest

from webbcal.geometry.irs2 import (
    FRAME,
    FRAME_ROWS,
    OUTPUTS,
    SAMPLES,
    SECTOR,
    Layout,
    is_interleaved,
    is_reference_position,
    nearest_lines,
    parity_of_position,
    reference_positions,
    sample_of_position,
    stored_reach,
    without_interleaved,
)
from webbcal.spec.meta import Meta
from webbcal.spec.window import Window


def nirspec(detector="NRS1", pattern="NRSIRS2RAPID"):
    fast, slow = (2, 1) if detector == "NRS1" else (-2, -1)
    return Meta(
        {"exposure": {"readpatt": pattern}, "subarray": {"fastaxis": fast, "slowaxis": slow}}
    )


@pytest.mark.parametrize(
    ("pattern", "expected"), [("NRSIRS2", True), ("NRSRAPID", False), (None, False)]
)
def test_the_read_pattern_tells(pattern, expected):
    assert is_interleaved(nirspec(pattern=pattern)) is expected


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_outputs_share_out_all_rows(detector):
    rows = [Layout.of(nirspec(detector)).rows(output) for output in range(OUTPUTS)]
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(FRAME_ROWS))
    # The reference output comes first on the detector, which NRS2 is stored against.
    assert (rows[0].min() == 0) == (detector == "NRS1")
    assert all(abs(int(step)) == 1 for own in rows for step in np.diff(own))


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_the_detector_remains_without_interleaved_pixels(detector):
    science = Layout.of(nirspec(detector)).science_rows()
    assert science.size == FRAME[1]
    # Within an amplifier: gaps of four reference pixels after every 16, none at its ends.
    gaps = np.flatnonzero(np.diff(science) == 5)
    np.testing.assert_array_equal(gaps % 16, 7)
    assert gaps.size == 128


def test_samples_are_even_and_reads_of_reference_pixels_stand_alone():
    sample = sample_of_position()
    steps = np.diff(sample)
    assert sample[0] == 0
    assert sample[-1] == SAMPLES - 8 - 1
    changes = np.diff(is_reference_position().astype(int)) != 0
    np.testing.assert_array_equal(steps, np.where(changes, 2, 1))


def test_reference_pixels_come_in_pairs_of_one_parity():
    parity = parity_of_position()
    np.testing.assert_array_equal(parity[reference_positions()], np.tile([0, 0, 1, 1], (32, 1)))
    normal = ~is_reference_position()
    np.testing.assert_array_equal(parity[normal], np.arange(SECTOR)[normal] % 2)


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
@pytest.mark.parametrize("rows", [(0, 50), (630, 700), (1000, 1001), (3000, 3200)])
def test_windows_hold_their_part_of_the_detector(detector, rows):
    meta = nirspec(detector)
    own, window = without_interleaved(meta, Window(*rows, 3, 9, FRAME))
    science = Layout.of(meta).science_rows()
    np.testing.assert_array_equal(own + rows[0], science[window.rows])
    assert (window.x0, window.x1, window.shape) == (3, 9, (2048, 2048))


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_every_stored_row_has_a_line_of_the_detector(detector):
    meta = nirspec(detector)
    lines = nearest_lines(meta)
    np.testing.assert_array_equal(lines[Layout.of(meta).science_rows()], np.arange(2048))


@pytest.mark.parametrize(("reach", "rows"), [(0, 0), (1, 5), (2, 6), (16, 20), (17, 25)])
def test_reach_counts_the_rows_between(reach, rows):
    assert stored_reach(reach) == rows
