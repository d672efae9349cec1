"""Geometry and timing of the readout."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.instruments import subarray_of
from webbcal.sim.instruments.nircam import DETECTORS, READ_PATTERNS
from webbcal.sim.readout import Readout


def readout(subarray="FULL", detector="NRCB1", readpatt="RAPID", groups=10, ints=1, **corner):
    chip = DETECTORS[detector]
    return Readout.of(chip, subarray_of(subarray, chip, **corner), readpatt, groups, ints)


@pytest.mark.parametrize(
    ("subarray", "seconds"),
    [
        ("FULL", 10.73677),
        ("SUB640", 4.18584),
        ("SUB320", 1.06904),
        ("SUB160", 0.27864),
        ("SUB64P", 0.05016),
    ],
)
def test_frame_times_are_the_published_ones(subarray, seconds):
    assert readout(subarray).frame_time_s == pytest.approx(seconds, abs=1e-9)


def test_ten_full_rapid_groups_last_as_in_a_flight_exposure():
    assert readout().integration_time_s == pytest.approx(107.3677, abs=1e-6)


@pytest.mark.parametrize("pattern", sorted(READ_PATTERNS))
def test_groups_are_a_group_time_apart_and_end_with_the_integration(pattern):
    r = readout(readpatt=pattern, groups=5)
    times = r.mean_group_times()
    np.testing.assert_allclose(np.diff(times), r.group_time_s)
    last = times[-1] + 0.5 * (r.frames_averaged - 1) * r.frame_time_s
    assert last == pytest.approx(r.integration_time_s)
    assert r.first_frame(4) + r.frames_averaged == r.frames


def test_orientation_is_that_of_flight_headers():
    assert (DETECTORS["NRCA2"].fast_axis, DETECTORS["NRCA2"].slow_axis) == (1, -2)
    assert (DETECTORS["NRCALONG"].fast_axis, DETECTORS["NRCALONG"].slow_axis) == (-1, 2)
    assert DETECTORS["NRCA2"].number == 482


def test_full_frame_has_a_border_of_four_reference_pixels():
    border = readout().reference_pixels()
    assert border.sum() == 2048**2 - 2040**2
    assert not border[4:-4, 4:-4].any()


def test_a_subarray_holds_reference_pixels_only_where_it_touches_an_edge():
    corner = readout("20x30").reference_pixels()
    assert corner[:4].all()
    assert corner[:, :4].all()
    assert not corner[4:, 4:].any()
    assert not readout("20x30", x_start=100, y_start=900).reference_pixels().any()
    top = readout("20x30", x_start=100, y_start=2029).reference_pixels()
    assert top[-4:].all()
    assert not top[:-4].any()


def test_amplifiers_follow_the_columns_of_the_detector():
    assert [a.start for a in readout(detector="NRCA2").amplifiers()] == [0, 512, 1024, 1536]
    assert [a.start for a in readout(detector="NRCA1").amplifiers()] == [1536, 1024, 512, 0]
    assert len(readout("SUB640").amplifiers()) == 1


def test_odd_columns_count_from_the_side_where_readout_starts():
    assert not readout(detector="NRCA2").odd_columns()[0]
    assert readout(detector="NRCA1").odd_columns()[0]
    assert readout("8x9", detector="NRCA2", x_start=2).odd_columns()[0]


@pytest.mark.parametrize("text", ["SUB9", "0x20", "20x", "4000x20", "-3x4"])
def test_impossible_subarrays_are_refused(text):
    with pytest.raises(InvalidOptions):
        readout(text)


def test_a_subarray_that_sticks_out_is_refused():
    with pytest.raises(InvalidOptions, match="inside a detector"):
        readout("20x20", x_start=2040)


@pytest.mark.parametrize("references_of_whole_detector", [False, True])
def test_side_columns_of_nirspec_subarrays_inside_the_detector_see_no_light(
    references_of_whole_detector,
):
    options = ImageSimulation.from_mapping(
        {
            **QUIET,
            "detector": "NRS1",
            "subarray": "SUB512",
            "ngroups": 2,
            "sky": 100.0,
            "full_frame_references": references_of_whole_detector,
        }
    )
    exposure = simulate_exposure(options, seed=1)
    lit = exposure.truth.rate > 0
    assert not lit[:, :4].any()
    assert not lit[:, -4:].any()
    assert lit[:, 4:-4].all()
    assert not exposure.readout.reference_pixels().any()
