"""Catalogue of every recipe."""

from webbcal.modes.associating import Grouping
from webbcal.pipelines.recipes import detector1, image
from webbcal.pipelines.recipes._recipe import Recipe

__all__ = ["RECIPES", "Recipe", "names_of_steps", "stage2_of"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        detector1.NEAR_INFRARED,
        detector1.MIRI,
        detector1.DARK_NEAR_INFRARED,
        detector1.DARK_MIRI,
        detector1.GUIDER,
        image.IMAGE2,
        image.IMAGE2_ALONE,
        image.IMAGE2_NIRSPEC,
        image.IMAGE3,
    )
}

_STAGE2 = {
    ("image2", "image3"): image.IMAGE2,
    ("image2", None): image.IMAGE2_ALONE,
    ("image2", "coron3"): image.IMAGE2_ALONE,
    ("image2", "ami3"): image.IMAGE2_ALONE,
    ("tso-image2", "tso3"): image.IMAGE2_ALONE,
    ("wfs-image2", "wfs-image3"): image.IMAGE2_ALONE,
}


def stage2_of(grouping: Grouping, instrument: str) -> Recipe | None:
    """Return the recipe of stage 2 for exposures by what they are associated for."""
    recipe = _STAGE2.get((grouping.level2 or "", grouping.level3))
    images = recipe in (image.IMAGE2, image.IMAGE2_ALONE)
    return image.IMAGE2_NIRSPEC if images and instrument == "NIRSPEC" else recipe


def names_of_steps() -> set[str]:
    """Return the names of the steps of all recipes."""
    return {name for recipe in RECIPES.values() for name in (*recipe.steps, *recipe.sets)}
