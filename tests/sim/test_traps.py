"""Simulated traps: what is captured in one integration is released in the next."""

from dataclasses import replace

import numpy as np
import pytest

from webbcal.sim import QUIET, ImageSimulation, simulate_exposure

STEADY = ImageSimulation(
    detector="NIS",
    subarray="64x64",
    ngroups=10,
    nints=3,
    stars=0,
    sky=4e4,
    flat=False,
    dark=False,
    nonlinearity=False,
    full_well=False,
    **QUIET,
)


def released(options, seed=1):
    """Return the charge released into each integration, and exposure, DN (integration, y, x)."""
    exposure = simulate_exposure(options, seed=seed)
    return exposure.truth.effects["RELEASED"], exposure


def test_nothing_is_released_before_anything_was_captured():
    signal, exposure = released(replace(STEADY, traps=1.0))
    density = exposure.references["trapdensity"].sci
    assert (signal[0] == 0).all()
    assert (signal[1][density > 0] > 0).all()
    assert (signal[:, density == 0] == 0).all()
    assert (signal[2][density > 0] > signal[1][density > 0]).all()


def test_the_released_charge_is_in_the_ramps():
    signal, exposure = released(replace(STEADY, traps=5000.0))
    without = simulate_exposure(STEADY, seed=1).uncal.sci.astype(float)
    more = exposure.uncal.sci.astype(float) - without
    np.testing.assert_allclose(more[:, -1], signal, atol=1.0)
    assert signal.max() > 10


def test_traps_scale_with_their_number_and_with_the_square_of_the_signal():
    one, _ = released(replace(STEADY, traps=1.0))
    two, _ = released(replace(STEADY, traps=2.0))
    half, _ = released(replace(STEADY, traps=1.0, sky=2e4))
    seen = one[1] > 0
    np.testing.assert_allclose(two[1][seen] / one[1][seen], 2, rtol=1e-3)
    np.testing.assert_allclose(one[1][seen] / half[1][seen], 4, rtol=0.02)


def test_electrons_are_released_one_by_one():
    noisy, exposure = released(replace(STEADY, traps=5000.0, photon_noise=True))
    smooth, _ = released(replace(STEADY, traps=5000.0))
    seen = exposure.references["trapdensity"].sci > 0
    gain = exposure.references["gain"].sci[seen]
    expected = smooth[1][seen] * gain
    pull = (noisy[1][seen] * gain - expected) / np.sqrt(expected)
    assert pull.std() == pytest.approx(1.0, abs=0.1)
    assert abs(pull.mean()) < 0.3
