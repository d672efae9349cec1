"""The ramp fit against its slow twin."""

import numpy as np
import pytest
from tests.naive import ramp as naive
from tests.steps.observed import messy

from webbcal.kernels.arrays import frozen
from webbcal.kernels.ramp import Detector, Ramps, Timing, fit_ramps

CASES = [(1, 1), (2, 2), (1, 3), (3, 5), (1, 10), (2, 16)]


def fit(data, timing, suppress, zeroframe=None, dark=None):
    """Return (rate, rate_dq, ints, ints_dq) with pixels on one axis."""
    sci, groupdq, pixeldq, gain, readnoise = data
    nints, ngroups = sci.shape[:2]
    none = np.zeros((0, 0), np.float32)
    zeroframe = none if zeroframe is None else zeroframe.reshape(nints, -1)
    values, flags = fit_ramps(
        Ramps(
            frozen(sci).reshape(nints, ngroups, -1),
            frozen(groupdq).reshape(nints, ngroups, -1),
            frozen(pixeldq).reshape(-1),
            frozen(zeroframe),
        ),
        Detector(
            frozen(gain).reshape(-1),
            frozen(readnoise).reshape(-1),
            frozen(none if dark is None else dark).reshape(-1),
        ),
        Timing(timing.tgroup, timing.first, timing.tframe, float(timing.nframes)),
        suppress,
        timing.exact,
    )
    return values[:, -1], flags[-1], values[:, :-1], flags[:-1]


def fit_slowly(data, timing, suppress, zeroframe=None, dark=None):
    sci, groupdq, pixeldq, gain, readnoise = data
    nints, _ngroups, rows, columns = sci.shape
    whole, ints = np.empty((5, rows * columns)), np.empty((5, nints, rows * columns))
    for n in range(rows * columns):
        y, x = divmod(n, columns)
        whole[:, n], parts = naive.fit_pixel(
            sci[:, :, y, x],
            groupdq[:, :, y, x],
            int(pixeldq[y, x]),
            None if zeroframe is None else zeroframe[:, y, x],
            float(gain[y, x]),
            float(readnoise[y, x]),
            0.0 if dark is None else float(dark[y, x]),
            timing,
            suppress,
        )
        ints[:, :, n] = np.transpose(parts)
    order = [0, 1, 3, 4]
    return whole[order], whole[2], ints[order], ints[2]


def assert_agree(result, expected):
    for values, slow, error in (
        (result[0], expected[0], expected[0][1]),
        (result[2], expected[2], expected[2][1]),
    ):
        # Slopes near zero are compared in units of their error; all is stored in float32.
        np.testing.assert_array_equal(np.isnan(values[0]), np.isnan(slow[0]))
        off = np.nan_to_num(np.abs(values[0] - slow[0]))
        assert np.all(off <= 1e-6 * np.nan_to_num(np.abs(slow[0])) + 1e-6 * error)
        np.testing.assert_allclose(values[1:], slow[1:], rtol=1e-6)
    np.testing.assert_array_equal(result[1], expected[1])
    np.testing.assert_array_equal(result[3], expected[3])


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("suppress", [True, False])
@pytest.mark.parametrize(("nints", "ngroups"), CASES)
def test_agrees_with_the_slow_twin(nints, ngroups, suppress, exact):
    data = messy(ngroups, nints, ngroups)
    rng = np.random.default_rng(ngroups)
    zeroframe = rng.uniform(1, 500, (nints, 16, 40)).astype(np.float32)
    zeroframe[rng.random(zeroframe.shape) < 0.2] = 0.0
    dark = rng.uniform(0, 0.1, (16, 40)).astype(np.float32)
    timing = naive.Timing(tgroup=43.0, first=26.8, tframe=10.7, nframes=4, exact=exact)
    arguments = (data, timing, suppress, zeroframe, dark)
    assert_agree(fit(*arguments), fit_slowly(*arguments))


def test_agrees_where_all_pixels_lack_the_same_groups():
    sci, groupdq, *rest = messy(5, 2, 9)
    groupdq[:, 0] = groupdq[:, -1] = groupdq[1, 1] = 1
    data = (sci, groupdq, *rest)
    timing = naive.Timing(tgroup=10.0, first=10.0, tframe=10.0, nframes=1, exact=True)
    assert_agree(fit(data, timing, True), fit_slowly(data, timing, True))


@pytest.mark.parametrize("value", [0.0, 100.0, np.nan, np.inf])
def test_agrees_on_constant_signal(value):
    sci = np.full((2, 4, 3, 5), value, np.float32)
    plane = np.ones((3, 5), np.float32)
    data = (sci, np.zeros(sci.shape, np.uint8), np.zeros((3, 5), np.uint32), 2 * plane, 8 * plane)
    timing = naive.Timing(tgroup=10.0, first=10.0, tframe=10.0, nframes=1)
    assert_agree(fit(data, timing, True), fit_slowly(data, timing, True))


def test_a_value_does_not_depend_on_the_flags_of_others():
    # A pixel without flags is fitted with others of its kind, or alone: to the same bits.
    sci, groupdq, pixeldq, gain, readnoise = messy(3, 2, 8, rows=8, columns=100)
    timing = naive.Timing(tgroup=10.0, first=10.0, tframe=10.0, nframes=1)
    flags = groupdq.copy()
    flags[:, 0] = 1
    common = flags.copy()
    flags[:, 0, 0, 0] = 0  # now group 0 is no longer unusable for all pixels
    one = fit((sci, common, pixeldq, gain, readnoise), timing, True)
    two = fit((sci, flags, pixeldq, gain, readnoise), timing, True)
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left[..., 1:], right[..., 1:])


def test_a_rate_from_a_zero_frame_has_the_photon_noise_of_its_signal():
    """One pixel, saturated from the first group on: N electrons in one frame, sigma sqrt(N)."""
    shape = (1, 3, 1, 1)
    sci, groupdq = np.full(shape, 5e4, np.float32), np.full(shape, 2, np.uint8)
    plane = (np.zeros((1, 1), np.uint32), np.full((1, 1), 2.0, "f4"), np.full((1, 1), 5.0, "f4"))
    timing = naive.Timing(tgroup=10.0, first=5.5, tframe=1.0, nframes=1)
    zeroframe = np.full((1, 1, 1), 8000.0, np.float32)
    whole = fit((sci, groupdq, *plane), timing, False, zeroframe)[0]
    assert whole[0, 0] == pytest.approx(8000.0)
    assert whole[2, 0] == pytest.approx(8000.0 / 2.0)
