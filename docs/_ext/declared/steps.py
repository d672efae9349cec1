"""Pages of steps, recipes and modes."""

import dataclasses
import sys
import types
import typing
from typing import Any

from webbcal.core.options import Names, Numbers, Options
from webbcal.modes import MODES
from webbcal.pipelines.recipes import RECIPES
from webbcal.spec.meta import keywords
from webbcal.steps import STEPS
from webbcal.steps._set import SetStep
from webbcal.steps._step import Scope, Step
from webbcal.steps.of_sets import SET_STEPS

from .markdown import code, codes, facts, python, table, text, toctree

AnyStep = Step | SetStep

ALL: dict[str, AnyStep] = {**STEPS, **SET_STEPS}

SCOPES = {
    Scope.PIXEL: "the same pixel, all groups and integrations",
    Scope.NEIGHBOURS: "pixels within a distance that the options and references tell",
    Scope.FRAME: "whole integrations",
    Scope.EXPOSURE: "all integrations, whole frames",
    Scope.SET: "several exposures",
}


def step_pages() -> dict[str, str]:
    """Return an index and a page for every step."""
    index = "# Steps and their options\n\n"
    index += "Set an option with `--option STEP.NAME=VALUE`, leave a step out with `--skip STEP`.\n"
    index += "Every step also takes `skip` as an option in a configuration file.\n\n"
    index += table(("step", "what", "options", "references"), map(_index_row, ALL.values()))
    index += toctree(ALL)
    return {"steps/index": index} | {f"steps/{s.name}": _page(s) for s in ALL.values()}


def recipe_pages() -> dict[str, str]:
    """Return the page of recipes and that of modes."""
    recipes = "# Recipes\n\nA recipe is an ordered list of steps.\n"
    for recipe in RECIPES.values():
        recipes += f"\n## {text(recipe.name)}\n\n"
        reads = " or ".join(code(kind.__name__) for kind in recipe.reads)
        recipes += f"Stage {recipe.stage}, from {reads}.\n"
        recipes += f"Parameter reference: `{recipe.parameters}`.\n\n"
        names = (*recipe.steps, *recipe.sets)
        recipes += "".join(f"1. [{name}](steps/{name}.md)\n" for name in names)
        saves = "; ".join(f"{code(name)}, after {step}" for name, step in recipe.saves.items())
        if saves:
            recipes += f"\nResults that `--save` takes beside the names of steps: {saves}.\n"
    rows = [
        (
            code(mode.exposure_type),
            mode.instrument,
            mode.kind.value,
            code(mode.stage1) if mode.stage1 else "none yet",
        )
        for mode in MODES.values()
    ]
    modes = "# Observing modes\n\nWhich recipe calibrates which exposure type (`EXP_TYPE`).\n\n"
    modes += table(("exposure type", "instrument", "shows", "stage 1"), rows)
    return {"recipes": recipes, "modes": modes}


def options_table(options: type[Options]) -> str:
    """Return what the declaration of options says."""
    hints = typing.get_type_hints(options)
    rows = [
        (
            code(field.name),
            _type(hints[field.name]),
            "none" if field.default is None else code(_shown(field.default)),
            text(field.metadata["unit"]),
            _bounds(field.metadata),
            text(field.metadata["doc"]),
        )
        for field in dataclasses.fields(options)
    ]
    return table(("option", "type", "default", "unit", "allowed", "what"), rows)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


LISTS: dict[Any, str] = {
    types.NoneType: "none",
    Numbers: "list of numbers",
    Names: "list of names",
}


def _type(hint: Any) -> str:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return " or ".join(LISTS.get(kind) or kind.__name__ for kind in kinds)


def _bounds(declared: Any) -> str:
    if declared["choices"]:
        return codes(declared["choices"])
    low, high = declared["low"], declared["high"]
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def _summary(step: AnyStep) -> str:
    documentation = sys.modules[step.run.__module__].__doc__ or ""
    sentence = documentation.strip().partition("\n\n")[0].partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


def _index_row(step: AnyStep) -> tuple[str, ...]:
    names = [field.name for field in dataclasses.fields(step.options)]
    references = [need.kind.reftype for need in step.references.values() if not need.option]
    return (
        f"[{step.name}]({step.name}.md)",
        text(_summary(step)),
        "<br>".join(map(code, names)),
        "<br>".join(map(code, references)),
    )


def _page(step: AnyStep) -> str:
    page = f"# {step.name}\n\n{text(_summary(step))}\n\n" + facts(_facts(step))
    page += "## Options\n\n"
    page += options_table(step.options) if dataclasses.fields(step.options) else "None.\n\n"
    page += "## What it computes\n\n"
    page += python("autofunction", f"{step.run.__module__}.{step.run.__name__}")
    if isinstance(step, Step) and step.measurement is not None:
        measure = step.measurement.measure
        page += "## What it measures on the whole frame\n\n"
        page += python("autofunction", f"{measure.__module__}.{measure.__name__}")
    return page


def _facts(step: AnyStep) -> list[tuple[str, str]]:
    status = [k.keyword for k in keywords() if k.path == f"meta.cal_step.{step.status}"]
    scope = step.scope if isinstance(step, Step) else Scope.SET
    orders = {recipe.name: (*recipe.steps, *recipe.sets) for recipe in RECIPES.values()}
    places = [
        f"{text(name)}, step {order.index(step.name) + 1} of {len(order)}"
        for name, order in orders.items()
        if step.name in order
    ]
    references = [
        f"the file of the option {code(need.option)}"
        if need.option
        else f"[{need.kind.reftype}](../references/{need.kind.reftype}.md)"
        + ("" if need.required else " (optional)")
        for need in step.references.values()
    ]
    return [
        ("recipes", "; ".join(places)),
        ("runs", "only where asked for" if step.optional else "unless skipped"),
        ("references", ", ".join(references) or "none"),
        ("a value depends on", SCOPES[scope]),
        ("recorded in", codes([f"meta.cal_step.{step.status}", *status])),
        ("source file", code(f"src/{step.run.__module__.replace('.', '/')}.py")),
    ]
