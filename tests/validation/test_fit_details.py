"""What the optional results of either side are expected to be."""

import numpy as np
import pytest
from tests.steps.observed import FRAME_TIME, GAIN, READNOISE, observe
from validation.fit_details import Exposure, Side, segments_of

from validation import fit_details
from webbcal.core.dq import DQ
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps

SIZE = (6, 20)
NAMES = ("slope", "sigslope", "var_poisson", "var_rnoise", "yint", "sigyint", "weights")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([0, 0, 0, 0], [(0, 3)]),
        ([0, 0, 4, 0, 0], [(0, 1), (2, 4)]),
        ([0, 4, 0, 0, 0], [(1, 4)]),
        ([0, 0, 4, 4, 0], [(0, 1), (3, 4)]),
        ([0, 0, 1, 0, 0], [(0, 1), (3, 4)]),
        ([0, 32, 0, 2, 2], [(0, 2)]),
        ([2, 2, 2, 2], []),
        ([0, 2, 2, 2], []),
    ],
)
def test_segments(flags, expected):
    assert segments_of(np.array(flags, np.uint8)) == expected


@pytest.mark.parametrize(("nframes", "groupgap"), [(1, 0), (4, 1)])
def test_our_details_are_as_expected(nframes, groupgap):
    rate = np.random.default_rng(1).choice([0.5, 20.0, 500.0], SIZE)
    observed = observe(rate, 8, nints=2, nframes=nframes, groupgap=groupgap, hits=0.1)
    flags = np.where(observed.struck, DQ.JUMP_DET, 0).astype(np.uint8)
    ramp = observed.ramp.with_changes(groupdq=flags)
    options = RampFitOptions(variances="prescribed", save_opt=True)
    result = fit_ramps(ramp, observed.readnoise, observed.gain, options)
    details = {name.upper(): getattr(result.segments, name) for name in (*NAMES, "crmag")}
    side = Side(
        {"SCI": ramp.sci, "GROUPDQ": ramp.groupdq}, details, result.rateints.sci.astype(float)
    )
    exposure = Exposure(
        FRAME_TIME * (nframes + groupgap),
        FRAME_TIME,
        nframes,
        nframes + groupgap,
        0,
        np.full(SIZE, GAIN),
        np.full(SIZE, READNOISE),
    )
    for name, expected in fit_details._own_sigmas(side, exposure).items():
        np.testing.assert_allclose(details[name], expected, rtol=1e-4, atol=1e-7, err_msg=name)
    pedestal = fit_details._own_pedestal(side, exposure)
    np.testing.assert_allclose(result.segments.pedestal, pedestal, atol=0.01)
    heights = fit_details._hits(side, exposure.group_time)
    np.testing.assert_allclose(details["CRMAG"], heights, atol=0.01)
    assert np.isfinite(heights).sum() > 100


def test_a_wrong_value_is_not_set_aside():
    values, expected = np.array([1.0, 2.0, np.nan]), np.array([1.0005, 2.1, np.nan])
    np.testing.assert_array_equal(fit_details._near(values, expected), [True, False, True])
