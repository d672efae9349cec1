"""The filters for the side columns predict the noise that is simulated."""

import numpy as np
import pytest

from webbcal.sim.effects.side_filters import REACH, Lines, SideFilters, side_filters
from webbcal.sim.electronics import (
    COMMON_PINK_DN,
    SEPARATE_PINK_DN,
    Electronics,
    fast_variance,
    pink_noise,
    pink_shares,
)
from webbcal.sim.instruments import subarray_of
from webbcal.sim.readout import Readout
from webbcal.sim.settings import QUIET, ImageSimulation

LEVEL, WHITE = 5.0, 30.0


def prepared(subarray="FULL", detector="NRCB1", readpatt=None, **options):
    chosen = ImageSimulation.from_mapping(
        {
            **QUIET,
            "one_over_f": True,
            "one_over_f_level": LEVEL,
            "detector": detector,
            "subarray": subarray,
            "readpatt": readpatt,
            **options,
        }
    )
    chip = chosen.chip
    readout = Readout.of(chip, subarray_of(subarray, chip), chosen.read_pattern, 2, 1)
    return chosen, readout


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, True),
        ({"detector": "NIS"}, True),
        ({"subarray": "SUB160"}, False),
        ({"one_over_f": False}, False),
        ({"detector": "NRS1", "readpatt": "NRSIRS2RAPID"}, False),
        ({"detector": "MIRIMAGE"}, False),
    ],
)
def test_filters_are_for_whole_frames_with_four_amplifiers(settings, wanted):
    assert SideFilters.wanted(*prepared(**settings)) is wanted


def test_covariances_are_those_of_the_noise():
    rows, width, clocks = 64, 40, 52
    lines = Lines(rows, width, clocks)
    rng = np.random.default_rng(4)
    frames = [pink_noise(rows * clocks, rng).reshape(rows, clocks)[:, :width] for _ in range(1500)]
    left = np.array([frame[:, :4].mean(axis=1) for frame in frames])
    mean = np.array([frame.mean(axis=1) for frame in frames])
    for lag in (0, 1, 5):
        seen = np.mean(left[:, : rows - lag] * mean[:, lag:])
        told = lines.covariance((0, 4), (0, width))(np.array([lag]))[0]
        assert seen == pytest.approx(told, rel=0.1)


def test_shares_of_the_variance_add_up():
    share, length = pink_shares(5000)
    assert share.sum() == pytest.approx(1)
    assert length >= 5000


def test_fast_noise_is_what_lines_do_not_share():
    options, readout = prepared("128x256")
    frames = []
    for seed in range(12):
        frame = Electronics.start(options, readout, seed, 0, 0).next_frame()
        frames.append(frame - frame.mean(axis=1, keepdims=True))
    assert np.mean(np.square(frames)) == pytest.approx(fast_variance(options, readout), rel=0.05)
    assert fast_variance(*prepared("128x256", one_over_f=False)) == 0


def test_the_noise_of_lines_is_predicted():
    options, readout = prepared()
    gamma, zeta = side_filters(readout, LEVEL, WHITE)
    assert gamma.shape == zeta.shape == (4, 2049)
    assert gamma.dtype == np.complex64
    rng = np.random.default_rng(2)
    frame = Electronics.start(options, readout, 7, 0, 0).next_frame()[::-1].astype(float)
    frame = frame + rng.normal(0, np.sqrt(WHITE), frame.shape)  # rows as they are read
    frame -= frame.mean()
    sides = frame[:, :4].mean(axis=1), frame[:, -4:].mean(axis=1)
    taps = [np.fft.fftshift(np.fft.irfft(f, axis=1), axes=1) for f in (gamma, zeta)]
    inner = slice(REACH, -REACH)
    for amplifier in range(4):
        seen = frame[:, amplifier * 512 : (amplifier + 1) * 512].mean(axis=1)
        told = sum(
            np.convolve(side, t[amplifier, 2048 - REACH : 2049 + REACH], "same")
            for side, t in zip(sides, taps, strict=True)
        )
        assert np.var((seen - told)[inner]) < 0.55 * np.var(seen[inner])


def test_filters_weigh_a_side_more_where_it_is_of_the_same_amplifier():
    gamma, zeta = (filters[:, 0].real for filters in side_filters(prepared()[1], LEVEL, WHITE))
    assert gamma[0] > zeta[0]
    assert zeta[3] > gamma[3]
    assert gamma[1] == pytest.approx(gamma[2])
    assert gamma[0] + zeta[0] > gamma[1] + zeta[1]
    common = COMMON_PINK_DN**2 / (COMMON_PINK_DN**2 + SEPARATE_PINK_DN**2)
    assert 0.5 * common < gamma[1] + zeta[1] < 1
