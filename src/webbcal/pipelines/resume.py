"""Recognise products that a run would only make again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import webbcal
from webbcal.core.errors import InvalidInput
from webbcal.io.names import product_path
from webbcal.io.read import open_product
from webbcal.pipelines.binding import References
from webbcal.pipelines.plan import Plan


def finished(plan: Plan, references: References) -> dict[str, Path]:
    """Return the products of an exposure if they exist and were made as `plan` says.

    The same version of webbcal, the same input, options, and content of the references; empty
    if anything differs or is missing.
    """
    suffixes = ["rate", "rateints"] if plan.makes_integrations else ["rate"]
    outputs = {s: product_path(plan.output_dir, plan.root, s) for s in suffixes}
    expected = _making(plan, references)
    for path in outputs.values():
        if not path.exists() or path.stat().st_mtime < plan.path.stat().st_mtime:
            return {}
        try:
            tree = open_product(path).extras.get("tree", {}).get("webbcal", {})
        except InvalidInput:
            return {}
        if _made(tree) != expected:
            return {}
    return outputs


def _making(plan: Plan, references: References) -> dict[str, Any]:
    hashes = {
        planned.step.references[argument].kind.reftype: (
            None if selection.path is None else references.hash(selection.path)
        )
        for planned in plan.steps
        for argument, selection in planned.references.items()
    }
    return {
        "version": webbcal.__version__,
        "recipe": plan.recipe.name,
        "input": plan.path.name,
        "options": {p.step.name: _set(p.options.values.as_dict()) for p in plan.steps},
        "left out": {p.step.name for p in plan.steps if p.options.skip},
        "references": hashes,
    }


def _made(tree: Any) -> dict[str, Any]:
    steps = tree.get("steps", ())
    return {
        "version": tree.get("version"),
        "recipe": tree.get("recipe"),
        "input": tree.get("input"),
        "options": {step["name"]: _set(step["options"]) for step in steps},
        "left out": {step["name"] for step in steps if step.get("left_out")},
        "references": {k: entry.get("sha256") for k, entry in tree.get("references", {}).items()},
    }


def _set(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have a value; a tree does not store the others."""
    return {name: value for name, value in options.items() if value is not None}
