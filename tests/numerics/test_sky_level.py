"""Sky levels of values of known level."""

import numpy as np
import pytest

from webbcal.numerics.sky_level import Clipping, sky_level

SIGMA = 0.1


@pytest.mark.parametrize(
    ("statistic", "efficiency"), [("mean", 1.0), ("median", 1.26), ("midpt", 1.26), ("mode", 2.3)]
)
@pytest.mark.parametrize("number", [400, 10000])
def test_error_of_the_level_of_normal_values(statistic, efficiency, number):
    rng = np.random.default_rng(4)
    found = [
        sky_level(rng.normal(3.0, SIGMA, number), statistic, Clipping()).value for _ in range(60)
    ]
    expected = efficiency * SIGMA / np.sqrt(number)
    assert abs(np.mean(found) - 3.0) < 3 * expected / np.sqrt(60)
    spread = 2.0 if statistic == "mode" and number < 1000 else 1.3  # few values per bin
    assert expected / 1.6 < np.std(found) < spread * expected


@pytest.mark.parametrize(("statistic", "within"), [("mode", 0.06), ("median", 0.35)])
def test_sources_on_a_tenth_of_the_sky(statistic, within):
    rng = np.random.default_rng(5)
    values = rng.normal(3.0, SIGMA, 40000)
    values[:4000] += rng.exponential(1.0, 4000)
    level = sky_level(values, statistic, Clipping())
    assert 0 <= level.value - 3.0 + 0.02 * SIGMA < within * SIGMA
    assert level.number < values.size


def test_mode_follows_the_width_of_the_bins_little():
    values = np.random.default_rng(6).normal(3.0, SIGMA, 100000)
    levels = [sky_level(values, "mode", Clipping(bin_width=w)).value for w in (0.02, 0.1, 0.3)]
    assert np.ptp(levels) < 5 * SIGMA / np.sqrt(values.size)


def test_values_without_a_histogram():
    assert sky_level(np.empty(0), "mode", Clipping()) is None
    assert sky_level(np.full(500, 2.5), "mode", Clipping()).value == 2.5
    assert sky_level(np.array([1.0, 2.0, 7.0]), "mode", Clipping()).value == 2.0
    flat = np.linspace(0.0, 1.0, 1001)
    assert 0.0 < sky_level(flat, "mode", Clipping()).value < 1.0


def test_a_broader_peak_has_a_smaller_error():
    rng = np.random.default_rng(7)
    samples = [rng.normal(3.0, SIGMA, 10000) for _ in range(60)]
    narrow, broad = (
        np.std([sky_level(s, "mode", Clipping(peak_reach=reach)).value for s in samples])
        for reach in (1.0, 2.0)
    )
    assert broad < 1.6 * SIGMA / 100 < narrow
