"""Defaults by kind of exposure: what they turn on, where, and what overrides them."""

import pytest

from webbcal.modes import MODES
from webbcal.pipelines.recipes import RECIPES
from webbcal.pipelines.recipes.defaults import PRESETS, is_time_series, presets
from webbcal.pipelines.settings import PRESET, Settings, resolve
from webbcal.spec.meta import Meta
from webbcal.steps import STEPS
from webbcal.steps.of_sets import SET_STEPS


def meta(nints: int, tsovisit: bool = False) -> Meta:
    return Meta({"exposure": {"nints": nints}, "visit": {"tsovisit": tsovisit}})


def resolved(exposure_type: str, about: Meta, **settings):
    mode = MODES[exposure_type]
    recipe = RECIPES[mode.stage1]
    return resolve(recipe, Settings(**settings), {}, "", presets(recipe, mode, about))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: f"{p.recipe.name}-{p.step}")
def test_every_row_changes_a_step_of_its_recipe(preset):
    assert preset.step in preset.recipe.steps
    step = STEPS[preset.step]
    own = step.options().as_dict() | {"skip": step.optional}
    for name, value in preset.values.items():
        assert own[name] != value


@pytest.mark.parametrize(
    ("exposure_type", "nints", "tsovisit", "series"),
    [
        ("NRC_TSIMAGE", 10, False, True),
        ("NRC_TSIMAGE", 1, True, False),
        ("MIR_IMAGE", 10, True, True),
        ("MIR_IMAGE", 10, False, False),
    ],
)
def test_a_time_series_has_several_integrations(exposure_type, nints, tsovisit, series):
    assert is_time_series(MODES[exposure_type], meta(nints, tsovisit)) is series


def test_snowballs_in_images_but_not_in_time_series():
    image, series = resolved("NRC_IMAGE", meta(1)), resolved("NRC_TSIMAGE", meta(9))
    assert image["jump"].values.expand_large_events
    assert image["jump"].origins["expand_large_events"] == PRESET
    assert not series["jump"].values.expand_large_events


def test_miri_keeps_its_groups_in_time_series():
    image, series = resolved("MIR_IMAGE", meta(2)), resolved("MIR_LRS-SLITLESS", meta(9))
    assert image["jump"].values.find_showers
    assert not series["jump"].values.find_showers
    assert not image["emicorr"].skip
    assert not series["emicorr"].skip
    assert [image[n].skip for n in ("lastframe", "rscd")] == [False, False]
    assert [series[n].skip for n in ("lastframe", "rscd")] == [True, True]


def test_the_user_has_the_last_word():
    jump = resolved("NRC_IMAGE", meta(1), config={"jump": {"expand_large_events": False}})["jump"]
    assert not jump.values.expand_large_events


@pytest.mark.parametrize(
    ("instrument", "exposure_type", "names", "width"),
    [
        ("NIRISS", "NIS_IMAGE", {"detector": "NIS", "filter": "CLEAR", "pupil": "F090W"}, 1.5),
        ("MIRI", "MIR_IMAGE", {"detector": "MIRIMAGE", "filter": "F2550W"}, 7.6),
        ("MIRI", "MIR_IMAGE", {"detector": "MIRIMAGE", "filter": "F999X"}, 2.5),
    ],
)
def test_stars_are_sought_as_wide_as_the_filter_makes_them(instrument, exposure_type, names, width):
    about = Meta({"instrument": {"name": instrument, **names}})
    recipe, mode = RECIPES["image3"], MODES[exposure_type]
    known = presets(recipe, mode, about)
    steps = [SET_STEPS["tweakreg"]]
    found = resolve(recipe, Settings(), {}, "", known, steps)["tweakreg"]
    assert found.values.kernel_fwhm == pytest.approx(width, abs=0.1)
    own = Settings(options={"tweakreg": {"kernel_fwhm": 3.0}})
    asked = resolve(recipe, own, {}, "", known, steps)["tweakreg"]
    assert asked.values.kernel_fwhm == 3.0
