"""What the electronics and resets of MIRI add to simulated ramps."""

from dataclasses import replace

import numpy as np
import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.sim import QUIET, ImageSimulation, simulate_exposure

STEADY = ImageSimulation(
    detector="MIRIMAGE",
    subarray="SUB64",
    ngroups=12,
    nints=2,
    stars=0,
    sky=200.0,
    flat=False,
    dark=False,
    nonlinearity=False,
    full_well=False,
    **QUIET,
)


def added(**options):
    """Return what an effect adds to each group, DN, and the exposure."""
    exposure = simulate_exposure(replace(STEADY, **options), seed=2)
    without = simulate_exposure(STEADY, seed=2).uncal.sci.astype(float)
    return exposure.uncal.sci - without, exposure


def test_interference_repeats_with_the_clock_of_the_pixels():
    more, exposure = added(interference=10.0)
    assert more.std() > 20
    assert abs(more[..., ::4] - more[..., 1::4]).max() <= 1  # read at the same time, rounded
    case = exposure.references["emicorr"].subarray_cases["SUB64"]
    assert (case["rowclocks"], case["frameclocks"]) == (28, 8512)
    # 8512 clocks are 33 1/4 periods of 390.625 Hz: it is in phase every four frames.
    wave = exposure.references["emicorr"].frequencies["Hz390"]["phase_amplitudes"]
    assert 8 < np.ptp(wave) < 11
    slow = more - 0.5 * (more[:, :, :1] + more[:, :, :1])
    assert np.corrcoef(slow[0, 0].ravel(), slow[0, 4].ravel())[0, 1] > 0.5
    assert np.corrcoef(slow[0, 0].ravel(), slow[0, 2].ravel())[0, 1] < 0


@pytest.mark.parametrize(
    ("subarray", "names"), [("SUB64", ["Hz390", "Hz10"]), ("SUB256", ["Hz10"])]
)
def test_the_reference_has_the_waves_that_move_from_frame_to_frame(subarray, names):
    options = replace(STEADY, subarray=subarray, ngroups=2, nints=1, interference=1.0)
    exposure = simulate_exposure(options, seed=2)
    case = exposure.references["emicorr"].subarray_cases[subarray]
    assert case["freqs"]["FAST"] == names


def test_the_reset_anomaly_is_that_of_the_reference():
    more, exposure = added(reset_anomaly=3.0)
    reset = exposure.references["reset"].sci
    np.testing.assert_allclose(more[:, :], reset, atol=1.0)
    assert more[1, 0].mean() < more[0, 0].mean() < -20
    assert abs(more[:, -1]).max() < 3


def test_charge_decays_in_later_integrations_only():
    more, exposure = added(charge_decay=5.0, sky=20000.0)
    more = more - added(sky=20000.0)[0]
    assert (more[0] == 0).all()
    assert (more[1, 0, :, 4:] < -50).all()
    assert (more[1, 0, :, :4] == 0).all()  # reference pixels
    skip = exposure.references["rscd"].group_skip[0]
    assert abs(more[1, skip["group_skip"] :]).max() <= 2
    assert skip["subarray"] == b"SUB64"


def test_the_last_frame_alone_is_disturbed():
    more, _ = added(last_frame=1.0)
    assert not more[:, :-1].any()
    assert more[:, -1, ::2].mean() < more[:, -1, 1::2].mean() < -6


def test_the_dark_settles_in_the_first_integration():
    more, exposure = added(dark_settling=2.0)
    dark = exposure.references["dark"]
    settling = dark.sci[0] - dark.sci[1]
    np.testing.assert_allclose(more[0], settling[:12], atol=1.0)
    assert settling[11].max() > 30
    assert not more[1].any()
    part = dark.stored("sci").read((slice(0, 2), slice(3, 5), slice(7, 9), slice(10, 60)))
    np.testing.assert_array_equal(part, dark.sci[:, 3:5, 7:9, 10:60])


def test_other_instruments_have_none_of_it():
    with pytest.raises(InvalidOptions, match="last_frame"):
        ImageSimulation(detector="NRCB1", last_frame=1.0)
