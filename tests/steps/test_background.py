"""bkg_subtract leaves the source, unbiased, with the errors of both exposures."""

import numpy as np
import pytest
from tests.steps.exposures import META, SHAPE, exposure, pulls

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput
from webbcal.spec.products import CalInts, CombinedBackground
from webbcal.spec.window import Window
from webbcal.steps.background import STEP, BackgroundOptions, subtract_background

SKY, SOURCE = 30.0, 8.0


def run(image, members, **options):
    return subtract_background(image, BackgroundOptions(**options), members=tuple(members))


def backgrounds(rng, count, integrations=0, level=SKY):
    return [exposure(rng, level, integrations) for _ in range(count)]


@pytest.mark.parametrize(
    ("count", "integrations", "of_image"), [(1, 0, 0), (3, 0, 0), (2, 12, 0), (3, 12, 4), (4, 0, 4)]
)
def test_the_source_is_left_and_scatters_as_the_errors_tell(count, integrations, of_image):
    rng = np.random.default_rng(count)
    image = exposure(rng, SKY + SOURCE, of_image)
    found = run(image, backgrounds(rng, count, integrations))
    pull = pulls(found, SOURCE)
    pull = pull if of_image == 0 else pull[0]  # integrations share the error of the background
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
    assert pull.std() == pytest.approx(1.0, abs=0.035)
    np.testing.assert_allclose(found.var_poisson + found.var_rnoise, found.err**2, rtol=1e-6)


def test_without_the_variance_of_the_background_the_errors_are_too_small():
    rng = np.random.default_rng(5)
    image = exposure(rng, SKY + SOURCE)
    found = run(image, backgrounds(rng, 1))
    assert ((found.sci - SOURCE) / image.err).std() > 1.3


def test_stars_and_cosmic_rays_in_a_few_backgrounds_do_no_harm():
    rng = np.random.default_rng(6)
    members = backgrounds(rng, 12)
    star = members[4].sci.copy()
    star[10:20, 10:20] += 300
    members[4] = members[4].with_changes(sci=star)
    found = run(exposure(rng, SKY + SOURCE), members)
    assert abs(pulls(found, SOURCE)[10:20, 10:20].mean()) < 0.4
    kept = run(exposure(rng, SKY + SOURCE), members, maxiters=0)
    assert pulls(kept, SOURCE)[10:20, 10:20].mean() < -10


def test_cosmic_rays_in_integrations_are_left_out():
    rng = np.random.default_rng(7)
    (member,) = backgrounds(rng, 1, 30)
    hit = member.sci.copy()
    hit[3] += 500
    found = run(exposure(rng, SKY + SOURCE), [member.with_changes(sci=hit)])
    assert abs(pulls(found, SOURCE).mean()) < 4 / np.sqrt(found.sci.size)


def test_an_unusable_pixel_of_one_background_costs_only_that_one():
    rng = np.random.default_rng(8)
    image, members = exposure(rng, SKY + SOURCE), backgrounds(rng, 2)
    sci, dq = members[0].sci.copy(), members[0].dq.copy()
    sci[0, 0], dq[0, 0] = np.nan, DQ.DO_NOT_USE | DQ.SATURATED
    sci[0, 1], dq[0, 1] = 1e6, DQ.DO_NOT_USE
    dq[0, 2] = DQ.JUMP_DET
    members[0] = members[0].with_changes(sci=sci, dq=dq)
    found = run(image, members)
    for x in (0, 1):
        assert found.sci[0, x] == image.sci[0, x] - members[1].sci[0, x]
        assert found.var_rnoise[0, x] == image.var_rnoise[0, x] + members[1].var_rnoise[0, x]
        assert found.dq[0, x] == 0
    assert found.dq[0, 2] == DQ.JUMP_DET


def test_where_no_background_is_known_no_value_is_left():
    rng = np.random.default_rng(9)
    image, members = exposure(rng, SKY + SOURCE, 2), backgrounds(rng, 2)
    for n, member in enumerate(members):
        sci, dq = member.sci.copy(), member.dq.copy()
        sci[4, 4], dq[4, 4] = np.nan, DQ.DO_NOT_USE | DQ.DEAD
        members[n] = member.with_changes(sci=sci, dq=dq)
    found = run(image, members)
    for name in ("sci", "err", "var_poisson", "var_rnoise"):
        assert np.isnan(getattr(found, name)[:, 4, 4]).all()
        assert np.isnan(getattr(found, name)).sum() == 2
    assert (found.dq[:, 4, 4] == DQ.DO_NOT_USE | DQ.DEAD).all()


def test_windows_agree():
    rng = np.random.default_rng(10)
    image, members = exposure(rng, SKY, 3), backgrounds(rng, 4, 9)
    whole = run(image, members, save_combined_background=True)
    window = Window(7, 33, 11, 40, SHAPE)
    part = run(image.cut(window), [m.cut(window) for m in members], save_combined_background=True)
    for name in ("sci", "err", "dq", "var_poisson", "var_rnoise", "background"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole.cut(window), name))


def test_what_was_subtracted_is_saved_where_asked_for():
    rng = np.random.default_rng(11)
    image, members = exposure(rng, SKY + SOURCE, 3), backgrounds(rng, 2)
    make = STEP.products["combinedbackground"]
    assert make(run(image, members)) is None
    result = run(image, members, save_combined_background=True)
    combined = make(result)
    assert isinstance(combined, CombinedBackground)
    np.testing.assert_array_equal(image.sci - combined.sci, result.sci)
    assert pulls(combined, SKY).std() == pytest.approx(1.0, abs=0.035)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"instrument.filter": "F444W"}, InvalidInput, "another filter.*F200W.*F444W"),
        ({"instrument.detector": "NRCA1"}, InvalidInput, "another detector"),
        ({"bunit_data": "MJy/sr"}, InvalidInput, "another unit"),
        ({"instrument.gwa_xtilt": 0.3}, CannotCalibrate, "grating wheel"),
    ],
)
def test_other_skies_are_refused(changes, error, words):
    rng = np.random.default_rng(12)
    (member,) = backgrounds(rng, 1)
    with pytest.raises(error, match=words):
        run(exposure(rng, SKY), [member.with_changes(meta=META.replace(changes))])


def test_the_grating_wheel_of_nirspec_must_stand_where_it_stood():
    rng = np.random.default_rng(13)
    meta = META.replace({"instrument.gwa_xtilt": 0.25, "instrument.gwa_ytilt": 0.1})
    image = exposure(rng, SKY, meta=meta)
    run(image, [exposure(rng, SKY, meta=meta)])
    moved = meta.replace({"instrument.gwa_ytilt": 0.1 + 2e-8})
    with pytest.raises(CannotCalibrate, match="gwa_ytilt"):
        run(image, [exposure(rng, SKY, meta=moved)])


def test_slitless_spectra_are_refused():
    rng = np.random.default_rng(14)
    meta = META.replace({"exposure.type": "NRC_WFSS"})
    with pytest.raises(CannotCalibrate, match="slitless"):
        run(exposure(rng, SKY, meta=meta), backgrounds(rng, 1))


def test_integrations_of_the_image_stay_apart():
    rng = np.random.default_rng(15)
    assert isinstance(run(exposure(rng, SKY, 3), backgrounds(rng, 2)), CalInts)
