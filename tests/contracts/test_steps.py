"""What every registered step promises."""

import inspect
import typing

import pytest

from webbcal.core.options import Options
from webbcal.pipelines.recipes import RECIPES
from webbcal.spec.meta import declared_paths
from webbcal.steps import STEPS
from webbcal.steps._step import Scope

CASES = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


@CASES
def test_signature_is_product_references_options(step):
    parameters = inspect.signature(step.run).parameters
    names = [name for name in parameters if name not in ("measured", "members")]
    hints = typing.get_type_hints(step.run)
    assert names[1:-1] == list(step.references)
    assert names[-1] == "options"
    assert hints["options"] is step.options
    for name, need in step.references.items():
        kinds = typing.get_args(hints[name]) or (hints[name],)
        assert need.kind in kinds
        assert (type(None) in kinds) is not need.required


@CASES
def test_defaults_are_valid_and_every_option_is_explained(step):
    options = step.options()
    assert isinstance(options, Options)
    for name, declared in type(options).__dataclass_fields__.items():
        assert declared.metadata["doc"].endswith("."), name


@CASES
def test_status_is_a_declared_keyword(step):
    assert f"meta.cal_step.{step.status}" in declared_paths()


@CASES
def test_scope_says_how_far_the_step_looks(step):
    assert (step.measurement is not None) == (step.scope is Scope.FRAME)
    if step.scope is Scope.PIXEL:
        references = tuple(None for _ in step.references)
        assert step.reach(step.options(), references) == 0


@CASES
@pytest.mark.parametrize(
    "section", ["Parameters", "Returns", "Notes", "Source:", "Flags used", "Flags set", "NaN"]
)
def test_docstring_has_every_section(step, section):
    assert section in inspect.getdoc(step.run)


def test_every_step_of_a_recipe_is_registered():
    for recipe in RECIPES.values():
        assert set(recipe.steps) <= set(STEPS)
        assert set(recipe.saves.values()) <= set(recipe.steps)


def test_every_registered_step_is_in_a_recipe():
    assert set(STEPS) == {name for recipe in RECIPES.values() for name in recipe.steps}
