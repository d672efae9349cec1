"""Steps before refpix see through interleaved reference pixels (IRS2), on windows, too."""

import numpy as np
import pytest
from tests.steps.ramps import assert_same, make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.geometry.irs2 import FRAME_ROWS, Layout
from webbcal.spec.references import InterpixelCapacitance, Saturation
from webbcal.spec.window import Window
from webbcal.steps import ipc, saturation

SAT = np.uint8(DQ.SATURATED)
WIDTH = 6


def ramp_of(sci, detector="NRS1"):
    fast, slow = (2, 1) if detector == "NRS1" else (-2, -1)
    place = {"subarray__fastaxis": fast, "subarray__slowaxis": slow, "subarray__xstart": 900}
    return make_ramp(sci, exposure__readpatt="NRSIRS2", exposure__nframes=5, **place)


def stored(image, detector="NRS1", value=100.0):
    """Put an image of 2048 rows, (group, y, x), into frames with interleaved pixels."""
    rows = Layout(detector == "NRS2").science_rows()
    frames = np.full((1, len(image), FRAME_ROWS, image.shape[-1]), value, np.float32)
    frames[0][:, rows] = image
    return frames, rows


def limits():
    frame = (FRAME_ROWS, WIDTH)
    return Saturation(sci=plane(50000, frame), dq=plane(0, frame, np.uint32))


def flag(ramp, reference, **options):
    return saturation.flag_saturation(
        ramp, reference, None, saturation.SaturationOptions(**options)
    )


def scene(groups=4):
    rng = np.random.default_rng(1)
    image = np.cumsum(rng.uniform(100, 3000, (groups, 2048, WIDTH)), axis=0)
    image[2:, 7::48, 3] = 6e4  # beside and away from interleaved pixels
    image[1:, 30::96, 1] = 6e4
    return image.astype(np.float32)


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_saturation_spreads_to_neighbours_on_the_detector_only(detector):
    image = scene()
    frames, rows = stored(image, detector)
    flags = flag(ramp_of(frames, detector), limits()).groupdq[0]
    full = image >= 50000
    near = np.zeros_like(full)
    padded = np.pad(full, ((0, 0), (1, 1), (1, 1)))
    for y in range(3):
        for x in range(3):
            near |= padded[:, y : y + 2048, x : x + WIDTH]
    assert (near[2] & ~near[1]).any()
    np.testing.assert_array_equal((flags[:, rows] & SAT) != 0, near)
    between = np.setdiff1d(np.arange(FRAME_ROWS), rows)
    assert (flags[:, between] == 0).all()


def test_a_jump_into_saturation_marks_the_group_before_as_saturated():
    image = np.ones((4, 2048, WIDTH), np.float32)
    image *= np.array([100, 200, 300, 400], np.float32)[:, None, None]
    image[1, 500, 3], image[2:, 500, 3] = 20000, 6e4
    frames, rows = stored(image)
    flags = flag(ramp_of(frames), limits()).groupdq[0][:, rows]
    assert (flags[1, 499:502, 2:5] & SAT).all()
    assert (flags[1] & SAT).astype(bool).sum() == 9
    assert not (flags & np.uint8(DQ.DO_NOT_USE)).any()


def test_steep_ramps_beside_a_full_pixel_keep_the_group_before():
    # Neither jumps: one fills up within the third group, the other stays far from that.
    image = np.ones((3, 2048, WIDTH), np.float32)
    image *= np.array([3, 8, 13], np.float32)[:, None, None] * 2800
    image[:, 500, 3] = 12500, 33000, 6e4
    frames, rows = stored(image)
    flags = flag(ramp_of(frames), limits()).groupdq[0][:, rows] & SAT
    assert (flags[2] > 0).sum() == 9
    assert not flags[:2].any()


def rates_of_filling_pixels(**options):
    """Return rate / truth of single pixels that fill up before the last of eight groups."""
    groups, well = 8, 51000.0
    times = np.arange(1, 5 * groups + 1)
    truth = np.zeros((2048, WIDTH))
    single = truth[1::3, 1::3]
    single[:] = well / np.linspace(10, 5 * groups - 5, single.size).reshape(single.shape)
    charge = np.minimum(truth * times[:, None, None], well)
    image = 1 + charge.reshape(groups, 5, 2048, WIDTH).mean(axis=1)
    frames, rows = stored(image.astype(np.float32))
    flags = flag(ramp_of(frames), limits(), **options).groupdq[0][:, rows]
    told = truth > 0
    usable = (flags & np.uint8(DQ.SATURATED | DQ.DO_NOT_USE))[:, told] == 0
    last = usable.sum(axis=0) - 1
    assert (usable[:-1] >= usable[1:]).all() and last.max() >= 5
    values = image[:, told]
    two = last > 0
    rise = values[last[two], np.flatnonzero(two)] - values[0, two]
    return rise / (5 * last[two]) / truth[told][two]


def test_rates_of_pixels_that_fill_up_among_the_frames_of_a_group_are_right():
    np.testing.assert_allclose(rates_of_filling_pixels(), 1, rtol=1e-6)
    hidden = rates_of_filling_pixels(irs2_partial=False)
    assert (hidden < 0.99).mean() > 0.2


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_flags_of_the_reference_go_to_light_sensitive_pixels_only(detector):
    frames, rows = stored(scene(), detector)
    reference = limits()
    unchecked = np.uint32(DQ.NO_SAT_CHECK)
    marked = Saturation(sci=reference.sci, dq=np.full_like(reference.dq, unchecked))
    found = flag(ramp_of(frames, detector), marked).pixeldq
    assert (found[rows] & unchecked).all()
    assert not (np.delete(found, rows, axis=0) & unchecked).any()


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
@pytest.mark.parametrize("bounds", [(0, 640), (640, 655), (655, 1300), (1300, 3200)])
def test_saturation_on_windows_is_that_of_the_frame(detector, bounds):
    frames, _ = stored(scene(), detector)
    ramp, reference = ramp_of(frames, detector), limits()
    reach = saturation.STEP.reach(saturation.SaturationOptions(), (reference, None))
    window = Window(*bounds, 0, WIDTH, (FRAME_ROWS, WIDTH))
    around = window.grow(reach)
    part = flag(ramp.cut(around), reference.cut(around)).cut(window)
    assert_same(part, flag(ramp, reference).cut(window))


@pytest.mark.parametrize("per_pixel", [False, True])
@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_charge_returns_across_interleaved_pixels(detector, per_pixel):
    weights = np.array([[0, -0.1, 0], [-0.1, 1.4, -0.1], [0, -0.1, 0]], np.float32)
    image = scene(groups=2)
    frames, rows = stored(image, detector)
    ramp = ramp_of(frames, detector)
    each = np.broadcast_to(weights[:, :, None, None], (3, 3, FRAME_ROWS, WIDTH))
    kernel = InterpixelCapacitance(sci=each if per_pixel else weights)

    def run(part, kernel):
        return ipc.deconvolve_ipc(part, kernel, ipc.IpcOptions())

    plain = make_ramp(image[None], subarray__xstart=900)
    whole = run(ramp, kernel)
    expected = run(plain, InterpixelCapacitance(sci=weights)).sci
    np.testing.assert_array_equal(whole.sci[..., rows, :], expected)
    between = np.setdiff1d(np.arange(FRAME_ROWS), rows)
    assert (whole.sci[..., between, :] == 100).all()
    reach = ipc.STEP.reach(ipc.IpcOptions(), (kernel,))
    for bounds in ((0, 650), (650, 652), (652, 3200)):
        window = Window(*bounds, 0, WIDTH, (FRAME_ROWS, WIDTH))
        around = window.grow(reach)
        assert_same(run(ramp.cut(around), kernel.cut(around)).cut(window), whole.cut(window))
