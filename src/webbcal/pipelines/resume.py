"""Recognise products that a run would only make again."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import webbcal
from webbcal.core.errors import InvalidInput
from webbcal.io.names import product_path
from webbcal.io.read import open_product
from webbcal.pipelines.binding import References
from webbcal.pipelines.plan import Plan


def finished(plan: Plan, references: References, save: Sequence[str]) -> dict[str, Path]:
    """Return the products of an exposure if they exist and were made as `plan` says.

    The same version of webbcal, the same input, options, and content of the references; empty
    if anything differs or is missing. The same is asked of results on the way that are to be
    saved, for the steps before them.
    """
    outputs = {s: product_path(plan.output_dir, plan.root, s) for s in plan.makes}
    known = {*plan.recipe.saves, *(p.step.name for p in plan.steps if not p.reason)}
    wanted = [plan.file_suffix(result) for result in plan.results(save) if result in known]
    saved = {s: product_path(plan.output_dir, plan.root, s) for s in wanted}
    if all(_is_current(path, plan, references) for path in (*outputs.values(), *saved.values())):
        return saved | outputs
    return {}


def _is_current(path: Path, plan: Plan, references: References) -> bool:
    """Tell whether a product is there and its steps were done as `plan` says."""
    if not path.exists() or path.stat().st_mtime < plan.path.stat().st_mtime:
        return False
    try:
        tree = open_product(path).extras.get("tree", {}).get("webbcal", {})
    except InvalidInput:
        return False
    made = _made(tree)
    return bool(made["options"]) and made == _making(plan, references, made["options"])


def _making(plan: Plan, references: References, names: Collection[str]) -> dict[str, Any]:
    """Return what a product of some of the steps would say of its making."""
    steps = [planned for planned in plan.steps if planned.step.name in names]
    hashes: dict[str, str | None] = {}
    for planned in steps:
        for argument, selection in planned.references.items():
            kind = planned.step.references[argument].kind.reftype
            if selection.path is not None:
                hashes[kind] = references.hash(selection.path)
            hashes.setdefault(kind, None)
    return {
        "version": webbcal.__version__,
        "recipe": plan.recipe.name,
        "input": plan.path.name,
        "options": {p.step.name: as_stored(p.options.values.as_dict()) for p in steps},
        "left out": {p.step.name for p in steps if p.options.skip},
        "members": list(plan.member_names),
        "references": hashes,
    }


def _made(tree: Any) -> dict[str, Any]:
    steps = tree.get("steps", ())
    return {
        "version": tree.get("version"),
        "recipe": tree.get("recipe"),
        "input": tree.get("input"),
        "options": {step["name"]: as_stored(step["options"]) for step in steps},
        "left out": {step["name"] for step in steps if step.get("left_out")},
        "members": list(tree.get("members", ())),
        "references": {k: entry.get("sha256") for k, entry in tree.get("references", {}).items()},
    }


def as_stored(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as a tree stores them: those that have a value, lists as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value is not None
    }
