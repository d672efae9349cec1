"""dark_current subtracts what a pixel shows in the dark, read as the exposure was read."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidOptions, InvalidReference
from webbcal.spec.meta import Meta
from webbcal.spec.references import Dark
from webbcal.spec.window import Window
from webbcal.steps.dark_current import STEP, DarkCurrentOptions, average_dark, subtract_dark

SHAPE = (6, 9)
RATE = np.random.default_rng(1).uniform(0, 3, SHAPE)  # DN per frame


def make_dark(frames=40, nframes=1, groupgap=0, rate=RATE, **arrays):
    """Return a dark of single frames: frame number times rate, frames counted from 1."""
    exposure = {"nframes": nframes, "groupgap": groupgap, "ngroups": frames}
    arrays.setdefault("dq", np.zeros(SHAPE, np.uint32))
    arrays.setdefault("average_dark_current", None)
    sci = rate * np.arange(1, frames + 1)[:, None, None]
    return Dark(sci=sci.astype(np.float32), err=None, meta=Meta({"exposure": exposure}), **arrays)


def exposure(groups=5, nframes=4, groupgap=2, signal=1000.0):
    """Return a ramp of constant signal on top of the dark current."""
    first = 1 + np.arange(groups) * (nframes + groupgap)
    mean_frame = first + 0.5 * (nframes - 1)
    return make_ramp(
        np.broadcast_to(signal + RATE * mean_frame[:, None, None], (2, groups, *SHAPE)),
        zeroframe=np.ones((2, *SHAPE)),
        exposure__nframes=nframes,
        exposure__groupgap=groupgap,
    )


def run(ramp, dark, **options):
    return subtract_dark(ramp, dark, DarkCurrentOptions(**options))


@pytest.mark.parametrize(("nframes", "groupgap"), [(1, 0), (4, 2), (8, 0), (2, 5)])
def test_the_dark_current_disappears_whatever_the_read_pattern(nframes, groupgap):
    ramp = exposure(5, nframes, groupgap)
    result = run(ramp, make_dark())
    np.testing.assert_allclose(result.sci, 1000, rtol=1e-6)
    assert result.zeroframe is ramp.zeroframe


def test_a_short_dark_is_continued_by_its_last_difference():
    np.testing.assert_allclose(run(exposure(), make_dark(frames=9)).sci, 1000, rtol=1e-6)
    with pytest.raises(InvalidReference, match="2 or more groups"):
        run(exposure(), make_dark(frames=1))


def test_a_dark_with_the_pattern_of_the_exposure_is_subtracted_as_it_is():
    averaged = average_dark(make_dark(), nframes=4, groupgap=2, ngroups=5)
    assert averaged.meta.exposure.ngroups == 5
    direct = run(exposure(), averaged)
    np.testing.assert_array_equal(direct.sci, run(exposure(), make_dark()).sci)
    shorter = run(exposure(groups=3), averaged)
    np.testing.assert_array_equal(shorter.sci, direct.sci[:, :3])


@pytest.mark.parametrize(
    ("nframes", "groupgap", "why"),
    [(8, 0, "more frames"), (4, 3, "more frames"), (2, 0, "cannot be averaged")],
)
def test_a_dark_averaged_otherwise_cannot_be_used(nframes, groupgap, why):
    with pytest.raises(CannotCalibrate, match=why):
        run(exposure(), make_dark(nframes=nframes, groupgap=groupgap))


def test_nan_counts_as_no_dark_and_flags_are_carried_over():
    sci = make_dark(5).sci.copy()
    sci[:, 2, 3] = np.nan
    dq = np.zeros(SHAPE, np.uint32)
    dq[1, 1] = DQ.HOT
    dark = Dark(sci=sci, err=None, dq=dq, average_dark_current=None, meta=make_dark(5).meta)
    ramp = exposure(5, 1, 0)
    result = run(ramp, dark)
    np.testing.assert_array_equal(result.sci[..., 2, 3], ramp.sci[..., 2, 3])
    assert np.isfinite(result.sci).all()
    np.testing.assert_array_equal(result.pixeldq, dq)


def test_the_mean_dark_current_is_the_option_or_the_map_or_the_keyword():
    ramp = exposure()
    image = np.zeros(SHAPE, np.float32)
    image[0, 0] = 0.02
    mapped = make_dark(average_dark_current=image)
    keyword = mapped.meta.replace({"exposure.average_dark_current": 0.01})
    both = Dark(sci=mapped.sci, err=None, dq=mapped.dq, average_dark_current=image, meta=keyword)
    assert run(ramp, make_dark()).average_dark_current is None
    assert (run(ramp, both, average_dark_current=0.5).average_dark_current == 0.5).all()
    np.testing.assert_array_equal(run(ramp, mapped).average_dark_current, image)
    found = run(ramp, both).average_dark_current
    assert found[0, 0] == np.float32(0.02)
    assert (found[1:] == np.float32(0.01)).all()


def test_windows_agree_and_inputs_stay():
    dark = make_dark(average_dark_current=RATE.astype(np.float32))
    assert_windows_agree(run, exposure(), (dark,))
    assert_inputs_unchanged(run, exposure(), dark)


def test_the_derived_dark_is_made_only_where_it_helps_and_window_by_window():
    derivation, meta = STEP.derivations["dark"], exposure().meta
    derived = derivation.derive(make_dark(), meta)
    assert derivation.key(make_dark(), meta) != derivation.key(
        make_dark(), meta.replace({"exposure.ngroups": 6})
    )
    assert derivation.key(derived, meta) is None
    assert derivation.key(make_dark(nframes=8), meta) is None
    window = Window(1, 4, 2, 7, SHAPE)
    part = derivation.derive(make_dark().cut(window), meta)
    np.testing.assert_array_equal(part.sci, derived.cut(window).sci)


def test_bad_set_ups_are_refused():
    with pytest.raises(InvalidOptions, match="dark_output"):
        DarkCurrentOptions.from_mapping({"dark_output": "averaged.fits"})
    dark = make_dark()
    with pytest.raises(InvalidReference, match="read pattern"):
        run(exposure(), Dark(sci=dark.sci, err=None, dq=dark.dq, average_dark_current=None))


def by_integration(integrations=2, groups=5):
    sci = np.random.default_rng(9).normal(10, 3, (integrations, groups, 6, 9)).astype("f4")
    dq = np.zeros((integrations, 1, 6, 9), "u4")
    dq[0, 0, 1, 1], dq[1, 0, 2, 2] = DQ.HOT, DQ.WARM
    return Dark(sci=sci, dq=dq, meta=Meta({"exposure": {"nframes": 1, "groupgap": 0}}))


@pytest.mark.parametrize("start", [1, 2, 7])
def test_each_integration_has_its_dark_and_later_ones_the_last(start):
    dark = by_integration(integrations=3)
    light = np.full((4, 5, 6, 9), 100, "f4")
    for i in range(4):
        light[i] += dark.sci[min(start - 1 + i, 2)]
    ramp = make_ramp(light, exposure__nframes=1, exposure__integration_start=start)
    result = subtract_dark(ramp, dark, DarkCurrentOptions())
    np.testing.assert_allclose(result.sci, 100, rtol=1e-5)
    assert result.pixeldq[1, 1] == DQ.HOT
    assert result.pixeldq[2, 2] == DQ.WARM


def test_a_dark_by_integration_is_averaged_in_each():
    dark = by_integration(groups=8)
    averaged = average_dark(dark, nframes=4, groupgap=0, ngroups=2)
    np.testing.assert_allclose(
        averaged.sci, dark.sci.reshape(2, 2, 4, 6, 9).mean(axis=2), rtol=1e-6
    )


def test_the_subtracted_dark_is_a_product_on_request():
    dark = by_integration()
    ramp = make_ramp(np.zeros((2, 5, 6, 9)), exposure__nframes=1)
    make = STEP.products["subtracteddark"]
    assert make(subtract_dark(ramp, dark, DarkCurrentOptions())) is None
    kept = make(subtract_dark(ramp, dark, DarkCurrentOptions(dark_output=True)))
    np.testing.assert_array_equal(kept.sci, dark.sci)
    assert kept.dq[1, 1] == DQ.HOT
