"""ipc returns charge to the pixel that has collected it."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.references import InterpixelCapacitance
from webbcal.steps.ipc import STEP, IpcOptions, deconvolve_ipc

COUPLING = 0.005
SPREAD = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) * COUPLING + [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
GATHER = 2 * np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]) - SPREAD  # inverse to first order


def run(ramp, ipc):
    return deconvolve_ipc(ramp, ipc, IpcOptions())


def kernel(weights):
    return InterpixelCapacitance(sci=np.asarray(weights, np.float32))


def blurred(image):
    """Return what the detector shows of an image whose edges are dark."""
    out = np.zeros_like(image)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            out += SPREAD[1 + dy, 1 + dx] * np.roll(image, (dy, dx), (-2, -1))
    return out


def middle(sci):
    """Return a ramp from the middle of the detector."""
    return make_ramp(sci, subarray__xstart=500, subarray__ystart=600)


def test_a_point_source_gets_its_charge_back():
    truth = np.zeros((1, 2, 11, 12))
    truth[..., 5, 6] = 10000
    result = run(middle(blurred(truth)), kernel(GATHER))
    # What remains is of second order in the coupling.
    assert np.abs(result.sci - truth).max() < 10000 * 25 * COUPLING**2
    assert np.abs(blurred(truth) - truth).max() > 10000 * 3 * COUPLING


def test_an_uneven_kernel_moves_charge_the_way_the_declaration_says():
    weights = np.zeros((3, 3))
    weights[0, 2] = 1  # output (y, x) takes input (y + 1, x - 1)
    sci = np.zeros((1, 1, 11, 12))
    sci[0, 0, 5, 6] = 100
    result = run(middle(sci), kernel(weights)).sci[0, 0]
    assert result[4, 7] == 100
    assert result.sum() == 100


def test_one_kernel_per_pixel_equals_one_for_all():
    sci = np.random.default_rng(1).normal(100, 10, (1, 2, 11, 12))
    each = np.broadcast_to(np.asarray(GATHER)[..., None, None], (3, 3, 11, 12))
    np.testing.assert_array_equal(
        run(middle(sci), kernel(each)).sci, run(middle(sci), kernel(GATHER)).sci
    )


@pytest.mark.parametrize(
    ("xstart", "ystart", "inner"),
    [
        (1, 1, np.s_[4:, 4:]),
        (2048 - 11, 2048 - 10, np.s_[:-4, :-4]),
        (1, 700, np.s_[:, 4:]),
        (3, 700, np.s_[:, 2:]),
    ],
)
def test_reference_pixels_keep_their_value_and_give_nothing(xstart, ystart, inner):
    sci = np.random.default_rng(2).normal(100, 10, (1, 1, 11, 12)).astype(np.float32)
    place = {"subarray__xstart": xstart, "subarray__ystart": ystart}
    result = run(make_ramp(sci, **place), kernel(GATHER)).sci
    changed = np.zeros((11, 12), bool)
    changed[inner] = True
    np.testing.assert_array_equal(result[..., ~changed], sci[..., ~changed])
    assert (result[..., changed] != sci[..., changed]).all()
    without = np.where(changed, sci, np.float32(1e6))
    again = run(make_ramp(without, **place), kernel(GATHER)).sci
    np.testing.assert_array_equal(again[..., changed], result[..., changed])


@pytest.mark.parametrize("size", [(3, 3), (5, 3), (4, 4)])
def test_windows_with_the_declared_reach_agree(size):
    rng = np.random.default_rng(3)
    ramp = make_ramp(rng.normal(100, 10, (2, 2, 15, 18)))
    for weights in (rng.normal(0, 1, size), rng.normal(0, 1, (*size, 15, 18))):
        references = (kernel(weights),)
        assert_windows_agree(run, ramp, references, reach=STEP.reach(IpcOptions(), references))
        assert_inputs_unchanged(run, ramp, *references)


def test_without_a_kernel_the_step_says_so():
    with pytest.raises(CannotCalibrate, match="no kernel"):
        run(middle(np.ones((1, 1, 4, 4))), None)
    assert STEP.reach(IpcOptions(), (None,)) == 0
