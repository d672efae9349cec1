"""Catalogue of every recipe."""

from webbcal.pipelines.recipes import detector1
from webbcal.pipelines.recipes._recipe import Recipe

__all__ = ["RECIPES", "Recipe"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        detector1.NEAR_INFRARED,
        detector1.MIRI,
        detector1.DARK_NEAR_INFRARED,
        detector1.DARK_MIRI,
        detector1.GUIDER,
    )
}
