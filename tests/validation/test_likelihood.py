"""The fit by likelihood in plain linear algebra, with the rules of either side."""

import numpy as np
import pytest
from tests.steps.observed import GAIN, READNOISE, observe
from validation.likelihood import PEER, WEBBCAL

from validation import likelihood
from webbcal.core.dq import DQ
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps
from webbcal.steps.ramp_fit.likelihood import read_times

SIZE = (12, 30)


def fit(ramp, rules):
    nints, groups = ramp.sci.shape[:2]
    pixels = ramp.pixeldq.size
    given = likelihood.Ramps(
        ramp.sci.reshape(nints, groups, pixels),
        ramp.groupdq.reshape(nints, groups, pixels),
        np.zeros((nints, pixels)),
        read_times(ramp.meta, groups),
    )
    noise = np.full(pixels, READNOISE**2 / 2)
    detector = likelihood.Detector(np.full(pixels, GAIN), noise, np.zeros(pixels))
    return likelihood.fit(given, detector, rules)


def struck(nframes, groupgap, **more):
    """Return ramps with hits, and flags for some of them."""
    rate = np.random.default_rng(3).choice([0.3, 5.0, 300.0], SIZE)
    times = {"nframes": nframes, "groupgap": groupgap}
    observed = observe(rate, 7, nints=3, hits=0.1, sizes=(30.0, 3000.0), **times, **more)
    flags = np.where(observed.struck & (observed.deposit > 1500.0), DQ.JUMP_DET, 0)
    return observed, observed.ramp.with_changes(groupdq=flags.astype(np.uint8))


@pytest.mark.parametrize(("nframes", "groupgap"), [(1, 0), (4, 1)])
def test_our_rules_give_what_the_step_gives(nframes, groupgap):
    observed, ramp = struck(nframes, groupgap)
    options = RampFitOptions(algorithm="LIKELY", variances="prescribed")
    result = fit_ramps(ramp, observed.readnoise, observed.gain, options)
    expected = fit(ramp, WEBBCAL)
    for name, values in zip(("sci", "var_poisson", "var_rnoise"), expected.values, strict=True):
        np.testing.assert_allclose(
            getattr(result.rateints, name), values[:3].reshape(3, *SIZE), rtol=1e-5, atol=1e-6
        )
        np.testing.assert_allclose(
            getattr(result.rate, name), values[3].reshape(SIZE), rtol=1e-5, atol=1e-6
        )
    found = ((result.rateints.dq & DQ.JUMP_DET) != 0).reshape(3, -1)
    flagged = (ramp.groupdq != 0).any(axis=1).reshape(3, -1)
    np.testing.assert_array_equal(found, flagged | expected.found)


def test_the_rules_of_the_peer_leave_out_more_and_search_less():
    _, ramp = struck(1, 0)
    ours, theirs = fit(ramp, WEBBCAL), fit(ramp, PEER)
    flagged = (ramp.groupdq[:, :-1] != 0).any(axis=1).reshape(3, -1)
    same = np.isclose(ours.values[2, :3], theirs.values[2, :3], rtol=1e-3)
    assert same[~flagged].mean() > 0.9
    assert same[flagged].mean() < 0.1
    # A single hit that leaves three differences, the hit among them, is found here only.
    sci = ramp.sci.copy()
    sci[:] = 10.0 * np.arange(7.0)[:, None, None]
    sci[:, 2:] += 5000.0
    flags = np.zeros_like(ramp.groupdq)
    flags[:, 4:] = DQ.SATURATED
    few = ramp.with_changes(sci=sci, groupdq=flags)
    assert fit(few, WEBBCAL).found.all()
    more = ramp.with_changes(sci=sci, groupdq=np.zeros_like(flags))
    assert fit(more, PEER).found.all()
