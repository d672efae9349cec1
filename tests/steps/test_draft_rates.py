"""Draft rates are as good as final ones."""

import numpy as np
import pytest
from tests.steps.ramps import make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidProduct
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._draft_rates import draft_rates

SHAPE = (40, 500)
GROUPS, SECONDS = 10, 2.0
RATE = 1500.0  # electron/s and DN/s
TIMING = {
    "exposure__group_time": SECONDS,
    "exposure__frame_time": SECONDS,
    "exposure__nframes": 1,
}
REFERENCES = ReadNoise(sci=np.full(SHAPE, 5.0, np.float32)), Gain(sci=np.ones(SHAPE, np.float32))


def bright(integrations=1):
    rng = np.random.default_rng(2)
    photons = rng.poisson(RATE * SECONDS, (integrations, GROUPS, *SHAPE))
    return np.cumsum(photons, axis=1).astype(np.float32)


def test_bright_ramps_are_as_certain_as_their_photons():
    rate = draft_rates(make_ramp(bright(), **TIMING), *REFERENCES)[-1]
    limit = np.sqrt(RATE / (SECONDS * (GROUPS - 1)))
    assert rate.mean() == pytest.approx(RATE, abs=4 * limit / np.sqrt(rate.size))
    # A line without weights: 1.10 times that.
    assert rate.std() / limit == pytest.approx(1, abs=0.02)


def test_groups_after_a_jump_count():
    sci = bright(2)
    sci[0, 3:] += 5000
    flags = np.zeros(sci.shape, np.uint8)
    flags[0, 3] = DQ.JUMP_DET
    rates = draft_rates(make_ramp(sci, groupdq=flags, **TIMING), *REFERENCES)
    assert rates.shape == (3, *SHAPE)
    # The pieces of 3 and 7 groups: 2 and 6 differences, of h = n^3 - n as weights 24 and 336.
    scatter = np.sqrt((24**2 / 2 + 336**2 / 6) / 360**2 * RATE / SECONDS)
    assert rates[0].mean() == pytest.approx(RATE, abs=4 * scatter / np.sqrt(rates[0].size))
    assert rates[0].std() == pytest.approx(scatter, rel=0.03)
    assert rates[-1].std() < 0.9 * rates[1].std()


def test_nothing_is_known_of_pixels_that_are_not_usable():
    pixels = np.zeros(SHAPE, np.uint32)
    pixels[0, 0] = DQ.DO_NOT_USE
    sci = bright()
    sci[0, :, 0, 1] = np.nan
    rate = draft_rates(make_ramp(sci, pixeldq=pixels, **TIMING), *REFERENCES)[-1]
    assert np.isnan(rate[0, :2]).all()
    assert np.isfinite(rate).sum() == rate.size - 2


def test_time_has_to_be_known():
    with pytest.raises(InvalidProduct, match="group_time"):
        draft_rates(make_ramp(bright()), *REFERENCES)
