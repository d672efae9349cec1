"""charge_migration takes the groups out in which charge has left a pixel."""

import numpy as np
import pytest
from tests.steps.observed import messy, observe
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.steps.charge_migration import ChargeMigrationOptions, flag_charge_migration
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps

LOST = DQ.CHARGELOSS | DQ.DO_NOT_USE


def run(ramp, threshold=25000.0):
    return flag_charge_migration(ramp, ChargeMigrationOptions(signal_threshold=threshold))


def bright(group=2, *, flags=None):
    sci = np.full((1, 5, 5, 5), 100.0)
    sci[0, group, 2, 2] = 30000.0
    return run(make_ramp(sci, groupdq=flags)).groupdq[0]


def test_flags_the_pixel_and_its_four_neighbours_from_the_first_bright_group_on():
    groupdq = bright()
    cross = np.zeros((5, 5), bool)
    cross[2, 1:4] = cross[1:4, 2] = True
    assert not groupdq[:2].any()
    assert np.all(groupdq[2:, cross] == LOST)
    assert not groupdq[:, ~cross].any()


def test_a_group_that_is_unusable_for_another_reason_does_not_count():
    flags = np.zeros((1, 5, 5, 5), np.uint8)
    flags[0, 2, 2, 2] = DQ.DO_NOT_USE
    np.testing.assert_array_equal(bright(flags=flags), flags[0])
    flags[0, 2, 2, 2] = DQ.SATURATED
    assert bright(flags=flags)[2, 2, 2] == LOST | DQ.SATURATED
    assert bright(flags=flags)[2, 2, 1] == LOST


def test_nan_is_not_bright():
    assert not run(make_ramp(np.full((1, 4, 3, 3), np.nan))).groupdq.any()


def test_two_groups_are_too_few():
    with pytest.raises(CannotCalibrate, match="too few groups"):
        run(make_ramp(np.zeros((1, 2, 3, 3))))


def test_windows_agree_and_inputs_stay():
    sci, groupdq, pixeldq, _, _ = messy(4, 2, 7)
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq)
    assert run(ramp, 5000.0).groupdq[groupdq == 0].any()
    assert_windows_agree(lambda r: run(r, 5000.0), ramp, (), reach=1)
    assert_inputs_unchanged(lambda r: run(r, 5000.0), ramp)


@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
def test_the_weight_of_a_pixel_does_not_depend_on_how_bright_it_is(algorithm):
    rate = np.full((40, 40), 300.0)
    observed = observe(rate, 8, nints=2)
    references = (observed.readnoise, observed.gain, RampFitOptions(algorithm=algorithm))
    flagged = run(observed.ramp, 7000.0)  # DN; the ramps end at 13 000
    assert (flagged.groupdq & DQ.CHARGELOSS).any(axis=(0, 1)).all()
    before, after = fit_ramps(observed.ramp, *references), fit_ramps(flagged, *references)
    for one, other in ((before.rate, after.rate), (before.rateints, after.rateints)):
        assert np.median(other.err) > 1.1 * np.median(one.err)
        # The shorter ramp alone would have five times the variance and more. Least squares does
        # not use the rate in its weights; likelihood does, and the shorter ramp tells it less well.
        if algorithm == "OLS_C":
            np.testing.assert_allclose(other.var_rnoise, one.var_rnoise, rtol=1e-6)
        else:
            ratio = other.var_rnoise / one.var_rnoise
            assert np.median(ratio) == pytest.approx(1.0, abs=0.01)
            assert np.percentile(abs(ratio - 1), 95) < 0.05
