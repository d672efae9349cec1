"""Time series: the light curve, its truth, and files that are never in memory as a whole."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from webbcal.sim import QUIET, ImageSimulation, read_truth, simulate_exposures, simulate_files
from webbcal.sim.light_curve import transit
from webbcal.sim.modes import options_of

OPTIONS = options_of(
    "nircam-timeseries",
    QUIET
    | {"subarray": "32x32", "nints": 12, "segments": 3, "dark": False, "dark_frames": 2}
    | {"nonlinearity": False},
)


@pytest.fixture(scope="module")
def parts():
    return list(simulate_exposures(OPTIONS, 4))


def test_a_transit_is_as_deep_as_asked_for_and_lasts_as_long():
    phase = np.linspace(0, 1, 1001)
    flux = transit(phase, 0.01, 0.4)
    assert flux[0] == flux[-1] == 1
    np.testing.assert_allclose(flux, flux[::-1], rtol=0, atol=1e-12)
    assert (flux < 1).mean() == pytest.approx(0.4, abs=0.003)
    # A star with a dark limb is brighter than its mean in the middle.
    assert flux.min() == pytest.approx(1 - 0.01 / (1 - 0.3 / 3 - 0.2 / 6))
    assert (transit(phase, 0.0, 0.4) == 1).all()


def test_the_truth_of_an_integration_is_what_its_ramp_grows_by(parts):
    for part in parts:
        time = (part.readout.groups - 1) * part.readout.group_time_s
        growth = (part.uncal.sci[:, -1].astype(float) - part.uncal.sci[:, 0]) / time
        light = ~part.truth.pixels.reference
        for number, seen in enumerate(growth):
            # One DN, from the rounding of two reads.
            assert np.abs(seen - part.truth.rate_of(number))[light].max() <= 1.01 / time
        assert growth[:, light].max() * time > 300


def test_the_mean_of_a_file_is_the_mean_of_its_integrations(parts):
    for part in parts:
        mean = np.mean([part.truth.rate_of(n) for n in range(len(part.uncal.sci))], axis=0)
        np.testing.assert_allclose(part.truth.rate, mean, rtol=1e-12)


def test_segments_follow_one_light_curve(parts):
    curve = np.concatenate([part.truth.light_curve for part in parts])
    assert list(curve["integration"]) == list(range(1, 13))
    assert (np.diff(curve["mid_time"]) > 0).all()
    assert curve["flux"].min() < 0.99 < curve["flux"].max() == 1
    times = parts[0].uncal.int_times["int_mid_MJD_UTC"]
    np.testing.assert_array_equal(curve["mid_time"], times)


def test_keywords_say_that_it_is_a_time_series(parts):
    meta = parts[1].uncal.meta
    assert meta.visit.tsovisit is True
    assert meta.exposure.type == "NRC_TSIMAGE"
    assert (meta.exposure.integration_start, meta.exposure.integration_end) == (5, 8)


def test_files_hold_what_is_simulated_in_memory(parts, tmp_path):
    made = simulate_files(OPTIONS, tmp_path, 4)
    for part, path, truth in zip(parts, made.exposures, made.truths, strict=True):
        with fits.open(path) as units:
            np.testing.assert_array_equal(units["SCI"].data, part.uncal.sci)
        back = read_truth(truth)
        np.testing.assert_array_equal(back.light_curve, part.truth.light_curve)
        np.testing.assert_allclose(back.rate_of(1), part.truth.rate_of(1), rtol=1e-6)
    kinds = [path.name.split("_")[2] for path in made.associations]
    assert kinds == ["image2", "tso3"]
    assert f"{parts[0].root}_calints.fits" in made.associations[1].read_text()


def test_an_exposure_is_written_without_holding_it_in_memory(tmp_path):
    options = ImageSimulation(
        **QUIET, subarray="96x96", ngroups=20, nints=60, stars=0, dark_frames=1, zero_frame=True
    )
    simulate_files(replace(options, nints=1), tmp_path / "warm", 1)
    tracemalloc.start()
    try:
        made = simulate_files(options, tmp_path / "long", 1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = made.exposures[0].stat().st_size
    assert size > 20e6
    assert peak < 0.5 * size
    with fits.open(made.exposures[0]) as units:
        np.testing.assert_array_equal(units["ZEROFRAME"].data, units["SCI"].data[:, 0])
