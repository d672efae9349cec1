"""Superstripe exposures are seen as stacks."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidInput
from webbcal.geometry.stripes import Stripes
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.pipelines.stripes import stacked
from webbcal.spec.meta import Meta
from webbcal.spec.products import Uncal
from webbcal.spec.products.tables import INT_TIMES_COLUMNS
from webbcal.spec.window import Window

SUPERSTRIPES, ACROSS = 3, 8


def exposure(folder, *, repeats=1, along_y=False, mirrored=True, count=2 * SUPERSTRIPES, first=1):
    """Write an exposure whose pixels tell integration, group and line of the detector."""
    lines = repeats * 9
    sign = -1 if mirrored else 1
    subarray = {
        "multistripe_reads1": 2,
        "multistripe_skips1": 1,
        "multistripe_reads2": 7,
        "multistripe_skips2": 0,
        "repeat_stripe": int(repeats > 1),
        "interleave_reads1": 0,
        "superstripe_step": 7,
        "num_superstripe": SUPERSTRIPES,
        "fastaxis": 1 if along_y else 2,
        "slowaxis": sign * (2 if along_y else 1),
        "xstart": 1,
        "ystart": 1,
        "xsize": ACROSS if along_y else lines,
        "ysize": lines if along_y else ACROSS,
    }
    meta = Meta(
        {
            "subarray": subarray,
            "exposure": {
                "nints": count,
                "ngroups": 2,
                "nframes": 1,
                "groupgap": 0,
                "frame_time": 2.0,
                "integration_start": first,
                "integration_end": first + count - 1,
            },
        }
    )
    sci = np.zeros((count, 2, ACROSS, lines), np.uint16)
    for k in range(count):
        start = 3 + 7 * (k % SUPERSTRIPES)
        once = np.array([0, 1, *range(start, start + 7)])
        for g in range(2):
            # In the order of reading, each repetition marked by 5000.
            read = np.concatenate([once + 5000 * r for r in range(repeats)]) + 100 * g + 1000 * k
            sci[k, g] = read[::-1] if mirrored else read
    times = np.zeros(count, [(c.name, c.dtype) for c in INT_TIMES_COLUMNS])
    times["integration_number"] = first + np.arange(count)
    times["int_start_MJD_UTC"] = 59000 + np.arange(count)
    times["int_end_MJD_UTC"] = 59000.5 + np.arange(count)
    path = folder / "stripes_uncal.fits"
    sci = sci.swapaxes(-1, -2) if along_y else sci
    write_product(Uncal(sci=np.ascontiguousarray(sci), meta=meta, int_times=times), path)
    return stacked(open_product(path), path)


@pytest.mark.parametrize("along_y", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_every_line_has_its_place(tmp_path, along_y, mirrored):
    stack = exposure(tmp_path, along_y=along_y, mirrored=mirrored)
    sci = stack.sci.swapaxes(-1, -2) if along_y else stack.sci
    assert sci.shape == (2, 2, ACROSS, SUPERSTRIPES * 9)
    stripes = Stripes.of(stack.meta)
    line = 2047 - stripes.place if mirrored else stripes.place
    for i in range(2):
        for g in range(2):
            k = i * SUPERSTRIPES + stripes.stripe
            np.testing.assert_array_equal(sci[i, g, 3], line + 100 * g + 1000 * k)


@pytest.mark.parametrize("mirrored", [False, True])
def test_repetitions_are_groups_in_the_order_of_time(tmp_path, mirrored):
    stack = exposure(tmp_path, repeats=3, mirrored=mirrored)
    assert stack.sci.shape == (2, 6, ACROSS, SUPERSTRIPES * 9)
    marks = stack.sci[0, :, 0, 0].astype(int) // 1000
    np.testing.assert_array_equal(marks, [0, 5, 10] * 2)
    assert stack.meta.exposure.ngroups == 6
    (first,), (second,), *_, (last,) = stack.meta.exposure.read_times
    line = 2.0 / 29  # three times nine lines, and two before each frame
    assert first == pytest.approx(11 * line)
    assert second - first == pytest.approx(9 * line)
    assert last == pytest.approx(4.0)


@pytest.mark.parametrize("repeats", [1, 2])
def test_windows_are_parts_of_the_stack(tmp_path, repeats):
    stack = exposure(tmp_path, repeats=repeats)
    whole = stack.sci
    stack = exposure(tmp_path, repeats=repeats)
    window = Window(2, 5, 6, 21, (ACROSS, SUPERSTRIPES * 9))
    part = stack.cut(window, slice(1, 2)).sci
    np.testing.assert_array_equal(part, whole[1:2, :, 2:5, 6:21])


def test_passes_are_counted_and_timed(tmp_path):
    stack = exposure(tmp_path, first=1 + 4 * SUPERSTRIPES)
    found = stack.meta.exposure
    assert (found.nints, found.integration_start, found.integration_end) == (2, 5, 6)
    assert stack.int_times["integration_number"].tolist() == [5, 6]
    assert stack.int_times["int_start_MJD_UTC"].tolist() == [59000, 59003]
    assert stack.int_times["int_mid_MJD_UTC"].tolist() == [59001.25, 59004.25]
    assert stack.int_times["int_end_MJD_UTC"].tolist() == [59002.5, 59005.5]
    assert stack.int_times_stripe["stripe_number"].tolist() == [1, 2, 3, 1, 2, 3]
    assert stack.int_times_stripe["integration_number"].tolist() == [5, 5, 5, 6, 6, 6]


def test_an_incomplete_pass_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="integrations 1 to 5"):
        exposure(tmp_path, count=5)
    with pytest.raises(InvalidInput, match="incomplete pass"):
        exposure(tmp_path, first=2)


def test_ordinary_exposures_stay_as_they_are(tmp_path):
    uncal = Uncal(sci=np.zeros((1, 2, 4, 4), np.uint16), meta=Meta({"subarray": {"xsize": 4}}))
    assert stacked(uncal, tmp_path) is uncal
