"""References describe the simulated detector."""

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.pixels import make_pixels
from webbcal.sim.ramps import couple
from webbcal.sim.readout import Readout
from webbcal.sim.references import as_stored, make_references
from webbcal.spec.references import REFERENCES

SIZE = "120x100"


@pytest.fixture(scope="module")
def made():
    return simulate_exposure(ImageSimulation(subarray=SIZE, ngroups=2, dark_frames=5), seed=2)


def test_every_type_of_stage_one_is_there(made):
    assert set(made.references) == set(REFERENCES) - {"ipc"} - _later(made)


def _later(made):
    """Types of other stages, which the simulator does not make."""
    stage_one = {"mask", "saturation", "superbias", "linearity", "dark", "gain", "readnoise", "ipc"}
    return set(REFERENCES) - stage_one


def test_the_dark_grows_with_the_dark_rate(made):
    dark, pixels = made.references["dark"], made.truth.pixels
    times = (np.arange(5) + 1) * made.readout.frame_time_s
    expected = times[:, None, None] * (pixels.dark_rate / pixels.gain)
    np.testing.assert_allclose(dark.sci, expected, rtol=1e-5)
    assert np.all((dark.dq & DQ.HOT != 0) == pixels.hot)


def test_part_of_the_dark_is_read_alone(made):
    whole = made.references["dark"].sci
    part = made.references["dark"].stored("sci").read((slice(1, 3), slice(4, 6), slice(0, 7)))
    np.testing.assert_array_equal(part, whole[1:3, 4:6, 0:7])


def test_read_noise_is_that_of_a_pair_of_reads(made):
    pixels = made.truth.pixels
    pair = made.references["readnoise"].sci.astype(float)
    np.testing.assert_allclose(
        pair**2, 2 * (pixels.read_noise.astype(float) ** 2 + 1 / 12), rtol=1e-5
    )


def test_flags_say_what_the_pixels_are(made):
    mask, pixels = made.references["mask"].dq, made.truth.pixels
    assert np.all((mask & DQ.REFERENCE_PIXEL != 0) == pixels.reference)
    assert np.all((mask & DQ.DEAD != 0) == pixels.dead)
    assert np.all(mask[pixels.dead] & DQ.DO_NOT_USE)
    assert not np.any(mask[pixels.reference] & DQ.DO_NOT_USE)


def test_the_saturation_threshold_is_below_the_full_well(made):
    pixels = made.truth.pixels
    inner = ~pixels.reference
    top = made.references["superbias"].sci + pixels.full_well
    assert np.all(made.references["saturation"].sci[inner] < top[inner])


@pytest.mark.parametrize("kind", ["mask", "saturation", "superbias", "linearity", "dark"])
def test_stored_flags_are_translated_back_by_their_table(made, kind):
    reference = made.references[kind]
    stored = as_stored(reference)
    back = np.zeros_like(reference.dq)
    for row in stored.dq_def:
        assert row["VALUE"] == 1 << row["BIT"]
        back[(stored.dq & row["VALUE"]) != 0] |= np.uint32(DQ[row["NAME"].decode()])
    np.testing.assert_array_equal(back, reference.dq)
    assert stored.dq.max() < 16


def test_references_can_be_as_noisy_as_measured_ones():
    options = ImageSimulation(subarray=SIZE, reference_noise=True)
    readout = Readout.of(options.chip, options.window, "RAPID", 2, 1)
    pixels = make_pixels(options, readout, 1)
    noisy = make_references(options, readout, pixels, 1)
    pull = (noisy["superbias"].sci - pixels.bias) / noisy["superbias"].err
    assert pull.std() == pytest.approx(1.0, abs=0.05)
    assert 0.005 < (noisy["gain"].sci / pixels.gain).std() < 0.02
    dark = noisy["dark"].sci
    assert np.diff(dark, axis=0).std() > 0.1


def test_the_kernel_undoes_the_coupling():
    options = ImageSimulation(**{**QUIET, "subarray": SIZE, "interpixel_capacitance": True})
    readout = Readout.of(options.chip, options.window, "RAPID", 2, 1)
    pixels = make_pixels(options, readout, 1)
    kernel = make_references(options, readout, pixels, 1)["ipc"].sci.astype(float)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    scene = np.random.default_rng(3).uniform(0, 1000, (40, 40))
    seen = couple(scene, np.zeros((40, 40), bool)).astype(float)
    restored = np.zeros_like(seen)
    half = kernel.shape[0] // 2
    for dy in range(-half, half + 1):
        for dx in range(-half, half + 1):
            restored += kernel[half + dy, half + dx] * np.roll(seen, (dy, dx), (0, 1))
    np.testing.assert_allclose(restored[8:-8, 8:-8], scene[8:-8, 8:-8], atol=0.05)
