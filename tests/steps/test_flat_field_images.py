"""flat_field removes the response of the pixels from calibrated images, with its uncertainty."""

import numpy as np
import pytest
from tests.steps.exposures import SHAPE, exposure, pulls

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.products import Cal, CalInts
from webbcal.spec.references import Flat
from webbcal.spec.window import Window
from webbcal.steps.flat_field import FlatFieldOptions, divide_by_flat

RATE = 40.0
WHOLE = Window(0, SHAPE[0], 0, SHAPE[1], SHAPE)
ARRAYS = ("sci", "err", "var_poisson", "var_rnoise", "var_flat")


def observe(sigma=0.02, integrations=0, seed=1):
    """Return an image of an even sky, and the flat as it was measured."""
    rng = np.random.default_rng(seed)
    response = rng.uniform(0.7, 1.3, SHAPE)
    image = exposure(rng, RATE * response, integrations)
    flat = Flat(
        sci=(response + rng.normal(0, 1, SHAPE) * sigma).astype(np.float32),
        err=np.full(SHAPE, sigma, np.float32),
        dq=np.zeros(SHAPE, np.uint32),
    )
    return image, flat


def run(image, flat, user_flat=None, **options):
    return divide_by_flat(image, flat, user_flat, FlatFieldOptions(**options))


@pytest.mark.parametrize("integrations", [0, 3])
@pytest.mark.parametrize("sigma", [0.0, 0.005, 0.03])
def test_an_even_sky_is_recovered_and_scatters_as_the_errors_tell(sigma, integrations):
    image, flat = observe(sigma, integrations)
    found = run(image, flat)
    assert type(found) is (CalInts if integrations else Cal)
    # Integrations share the error of the flat; a ratio is high by its relative variance.
    one = found if integrations == 0 else found.cut(WHOLE, slice(0, 1))
    high = RATE * (sigma / flat.sci.astype(float)) ** 2
    pull = pulls(one, RATE + high)
    assert pull.std() == pytest.approx(1.0, abs=0.035)
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
    np.testing.assert_allclose(
        found.var_poisson + found.var_rnoise + found.var_flat, found.err**2, rtol=1e-6
    )


def test_without_the_variance_of_the_flat_the_errors_are_too_small():
    image, flat = observe(0.05)
    alone = run(image, Flat(sci=flat.sci, err=None, dq=flat.dq))
    assert (alone.var_flat == 0).all()
    assert pulls(alone, RATE).std() > 1.5


def test_the_correction_can_be_undone():
    image, flat = observe()
    again = run(run(image, flat), flat, inverse=True)
    for name in ("sci", "err", "var_poisson", "var_rnoise"):
        np.testing.assert_allclose(getattr(again, name), getattr(image, name), rtol=1e-6)
    assert (again.var_flat == 0).all()


@pytest.mark.parametrize("integrations", [0, 2])
def test_pixels_without_flat_have_no_value(integrations):
    image, flat = observe(integrations=integrations)
    sci, err, dq = flat.sci.copy(), flat.err.copy(), flat.dq.copy()
    sci[0, :4] = np.nan, 0, -0.2, np.inf
    dq[0, 4:7] = DQ.NO_FLAT_FIELD, DQ.DO_NOT_USE, DQ.UNRELIABLE_FLAT
    err[0, 7] = np.nan
    found = run(image, Flat(sci=sci, err=err, dq=dq))
    none = DQ.NO_FLAT_FIELD | DQ.DO_NOT_USE
    flags = [none] * 5 + [DQ.DO_NOT_USE, DQ.UNRELIABLE_FLAT, DQ.DO_NOT_USE]
    assert (found.dq[..., 0, :8] == flags).all()
    for name in ARRAYS:
        usable = np.isfinite(getattr(found, name))
        assert (usable == ((found.dq & DQ.DO_NOT_USE) == 0)).all()
        assert usable[..., 0, 6].all()


def test_unusable_pixels_of_the_image_stay_so():
    image, flat = observe()
    sci, dq = image.sci.copy(), image.dq.copy()
    sci[1, 0], dq[1, 1] = np.nan, DQ.DO_NOT_USE | DQ.HOT
    found = run(image.with_changes(sci=sci, dq=dq), flat)
    assert found.dq[1, 0] == DQ.DO_NOT_USE
    assert found.dq[1, 1] == DQ.DO_NOT_USE | DQ.HOT
    assert np.isnan([getattr(found, name)[1, :2] for name in ARRAYS]).all()


def test_the_flat_of_the_user_counts_and_none_is_told():
    image, flat = observe()
    twice = Flat(sci=2 * flat.sci, err=2 * flat.err, dq=flat.dq)
    np.testing.assert_allclose(run(image, flat, twice).sci, run(image, flat).sci / 2, rtol=1e-6)
    with pytest.raises(CannotCalibrate, match="no flat"):
        run(image, None)


def test_windows_agree():
    image, flat = observe(integrations=2)
    whole = run(image, flat)
    window = Window(5, 33, 0, 21, SHAPE)
    part = run(image.cut(window), flat.cut(window))
    for name in (*ARRAYS, "dq"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole.cut(window), name))
