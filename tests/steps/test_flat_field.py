"""flat_field removes the response of the pixels from the images of a guider."""

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.products import GuiderCal
from webbcal.spec.references import Flat
from webbcal.spec.window import Window
from webbcal.steps.flat_field import FlatFieldOptions, divide_by_flat

TRUE_RATE = 100.0
SHAPE = (60, 80)


def observe(noise, sigma):
    rng = np.random.default_rng(4)
    response = rng.uniform(0.8, 1.2, SHAPE)
    measured = response + rng.normal(0, sigma, SHAPE)
    sci = TRUE_RATE * response + rng.normal(0, noise, (2, *SHAPE))
    image = GuiderCal(
        sci=sci.astype(np.float32),
        err=np.full(sci.shape, noise, np.float32),
        dq=np.zeros(SHAPE, np.uint32),
    )
    flat = Flat(
        sci=measured.astype(np.float32),
        err=np.full(SHAPE, sigma, np.float32),
        dq=np.zeros(SHAPE, np.uint32),
    )
    return image, flat


def run(image, flat, user_flat=None, **options):
    return divide_by_flat(image, flat, user_flat, FlatFieldOptions(**options))


def test_an_even_sky_is_recovered_and_can_be_undone():
    image, flat = observe(0.0, 0.0)
    result = run(image, flat)
    np.testing.assert_allclose(result.sci, TRUE_RATE, rtol=1e-6)
    np.testing.assert_allclose(run(result, flat, inverse=True).sci, image.sci, rtol=1e-6)


@pytest.mark.parametrize(("noise", "sigma"), [(3.0, 0.0), (0.01, 0.02), (3.0, 0.02)])
def test_residuals_scatter_as_the_errors_tell(noise, sigma):
    result = run(*observe(noise, sigma))
    pull = (result.sci[0] - TRUE_RATE) / result.err[0]
    assert pull.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * pull.size))


def test_pixels_without_flat_stay_as_they_were_and_are_flagged():
    image, flat = observe(3.0, 0.02)
    sci, dq = flat.sci.copy(), flat.dq.copy()
    sci[1, 1], sci[2, 2] = np.nan, 0
    dq[3, 3], dq[4, 4], dq[5, 5] = DQ.NO_FLAT_FIELD, DQ.DO_NOT_USE, DQ.UNRELIABLE_FLAT
    result = run(image, Flat(sci=sci, err=flat.err, dq=dq))
    unusable = DQ.NO_FLAT_FIELD | DQ.DO_NOT_USE
    for k in (1, 2, 3):
        assert result.dq[k, k] == unusable
    assert result.dq[4, 4] == DQ.DO_NOT_USE
    assert result.dq[5, 5] == DQ.UNRELIABLE_FLAT
    for k in (1, 2, 3, 4):
        np.testing.assert_array_equal(result.sci[:, k, k], image.sci[:, k, k])
        np.testing.assert_array_equal(result.err[:, k, k], image.err[:, k, k])
    assert (result.sci[:, 5, 5] != image.sci[:, 5, 5]).all()


def test_the_flat_of_the_user_counts():
    image, flat = observe(3.0, 0.0)
    twice = Flat(sci=2 * flat.sci, err=None, dq=flat.dq)
    np.testing.assert_allclose(run(image, flat, twice).sci, run(image, flat).sci / 2, rtol=1e-6)
    with pytest.raises(CannotCalibrate, match="no flat"):
        run(image, None)


def test_windows_agree():
    image, flat = observe(3.0, 0.02)
    window = Window(5, 33, 0, 21, SHAPE)
    whole = run(image, flat)
    part = run(image.cut(window), flat.cut(window))
    np.testing.assert_array_equal(part.sci, whole.sci[:, 5:33, :21])
    np.testing.assert_array_equal(part.err, whole.err[:, 5:33, :21])
