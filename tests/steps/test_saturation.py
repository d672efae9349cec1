"""saturation flags what has lost its proportionality to light, and nothing else."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions, InvalidProduct
from webbcal.spec.references import Saturation, Superbias
from webbcal.steps.saturation import STEP, SaturationOptions, flag_saturation

FULL = 50000.0


def reference(threshold=None, dq=0):
    threshold = plane(FULL) if threshold is None else threshold
    return Saturation(sci=threshold, dq=np.full(threshold.shape, dq, np.uint32))


def run(ramp, saturation, superbias=None, **options):
    return flag_saturation(ramp, saturation, superbias, SaturationOptions(**options))


def star(values):
    """Return a ramp whose pixel (4, 4) takes `values`, one per group; the others see nothing."""
    sci = np.full((1, len(values), 8, 8), 1000.0)
    sci[0, :, 4, 4] = values
    return make_ramp(sci)


def test_a_full_pixel_stays_flagged_and_takes_its_neighbours_along():
    result = run(star([20000, 60000, 40000, 45000]), reference(), use_readpatt=False)
    expected = np.zeros((4, 8, 8), np.uint8)
    expected[1:, 3:6, 3:6] = DQ.SATURATED
    np.testing.assert_array_equal(result.groupdq[0], expected)


def test_growth_can_be_switched_off():
    result = run(star([1000, 60000]), reference(), n_pix_grow_sat=0, use_readpatt=False)
    assert (result.groupdq == DQ.SATURATED).sum() == 1


def test_the_floor_of_the_converter_concerns_one_group_of_one_pixel():
    result = run(star([0, 2000, 3000]), reference())
    assert result.groupdq[0, 0, 4, 4] == DQ.AD_FLOOR | DQ.DO_NOT_USE
    assert np.count_nonzero(result.groupdq) == 1


def test_a_group_that_hides_saturation_in_its_average_is_not_used():
    # The threshold is reached after 10 of 16 frames: the third group averages frames 9 to 12.
    frames = np.minimum(FULL / 10 * np.arange(1, 17), FULL)
    values = frames.reshape(4, 4).mean(axis=1)
    assert values[2] < FULL
    flags = run(star(values), reference()).groupdq[0, :, 4, 4]
    np.testing.assert_array_equal(flags, [0, 0, DQ.DO_NOT_USE, DQ.SATURATED])


def test_a_steady_ramp_loses_no_group_before_saturation():
    values = 1000 + 4000.0 * np.arange(1, 17).reshape(4, 4).mean(axis=1)
    flags = run(star(values), reference()).groupdq[0, :, 4, 4]
    np.testing.assert_array_equal(flags, [0, 0, 0, DQ.SATURATED])


def test_a_cosmic_ray_that_fills_the_pixel_within_the_second_group_spoils_it():
    ramp = star([11000, 22000, 60000])  # one of four frames at 55 000 DN lifts the mean by 11 000
    bias = Superbias(sci=plane(9500), dq=plane(0, dtype=np.uint32))
    assert run(ramp, reference(), bias).groupdq[0, 1, 4, 4] == DQ.DO_NOT_USE
    assert run(ramp, reference(), bias, use_readpatt=False).groupdq[0, 1, 4, 4] == 0
    # Without the bias the first group promises saturation by itself: no jump is needed.
    assert run(ramp, reference()).groupdq[0, 1, 4, 4] == 0


@pytest.mark.parametrize("how", ["flag", "nan"])
def test_pixels_without_a_threshold_are_never_saturated(how):
    threshold = plane(np.nan if how == "nan" else FULL)
    result = run(star([1000, 65535]), reference(threshold, DQ.NO_SAT_CHECK if how == "flag" else 0))
    assert not result.groupdq.any()
    assert (result.pixeldq == np.uint32(DQ.NO_SAT_CHECK)).all()


def test_zero_frames_that_cannot_be_used_become_zero():
    zeroframe = plane(500.0)[np.newaxis].copy()
    zeroframe[0, 1, 1], zeroframe[0, 5, 5] = -3, FULL
    ramp = make_ramp(np.full((1, 2, 8, 8), 600.0), zeroframe=zeroframe)
    result = run(ramp, reference())
    expected = plane(500.0)
    expected[1, 1] = 0
    expected[4:7, 4:7] = 0
    np.testing.assert_array_equal(result.zeroframe[0], expected)
    assert result.sci is ramp.sci


@pytest.mark.parametrize("grow", [0, 1, 2])
def test_windows_with_the_declared_reach_give_the_same_flags(grow):
    rng = np.random.default_rng(grow)
    sci = 9000 + np.cumsum(rng.exponential(6000, (2, 6, 24, 27)), axis=1)
    zeroframe = rng.uniform(-1000, 60000, (2, 24, 27))
    ramp = make_ramp(np.minimum(sci, 65535), zeroframe=zeroframe)
    threshold = rng.uniform(40000, 60000, (24, 27)).astype(np.float32)
    references = (reference(threshold), Superbias(sci=plane(9000, (24, 27)), dq=ramp.pixeldq))
    options = SaturationOptions(n_pix_grow_sat=grow)

    def go(ramp, saturation, superbias):
        return flag_saturation(ramp, saturation, superbias, options)

    assert_windows_agree(go, ramp, references, reach=STEP.reach(options, references))
    assert_inputs_unchanged(go, ramp, *references)


def test_bad_set_ups_are_refused():
    with pytest.raises(InvalidOptions, match="n_pix_grow_sat"):
        SaturationOptions(n_pix_grow_sat=-1)
    ramp = make_ramp(np.ones((1, 2, 8, 8)), exposure__nframes=None)
    with pytest.raises(InvalidProduct, match="NFRAMES"):
        run(ramp, reference())
