"""Recognise products of a set that a run would only make again."""

from pathlib import Path
from typing import Any

import webbcal
from webbcal.core.errors import InvalidInput
from webbcal.io.names import product_path
from webbcal.io.read import open_product
from webbcal.pipelines.binding import References
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.resume import as_stored
from webbcal.pipelines.set_plan import SetPlan

LAST = "i2d"
"""The product of a set that is written last of those every run makes."""


def finished_set(plan: SetPlan, references: References, save: tuple[str, ...]) -> Outcome | None:
    """Return what a run would give, if all of it exists and was made as `plan` says.

    The same version of webbcal, the same members (none of them younger than the product),
    options, and content of the references. None if anything differs or is missing.
    """
    last = product_path(plan.output_dir, plan.name, LAST)
    if not last.exists():
        return None
    made = last.stat().st_mtime
    if any(member.path.stat().st_mtime > made for member in plan.members):
        return None
    try:
        tree = open_product(last).extras.get("tree", {}).get("webbcal", {})
    except InvalidInput:
        return None
    if _made(tree) != _making(plan, references):
        return None
    outputs = {LAST: last} | {
        suffix: path
        for suffix, path in _expected(plan).items()
        if path.exists() and path.stat().st_mtime >= made - SAME_RUN_SECONDS
    }
    ran = {step["name"] for step in tree["steps"] if step["status"] == "COMPLETE"}
    of_images = {"crf": "outlier_detection"} if "outlier_detection" in ran else {}
    of_images |= {name: name for name in save if name in ran}
    of_members: dict[str, tuple[Path, ...]] = {}
    for suffix in of_images:
        paths = tuple(
            product_path(plan.output_dir, plan.root_of_image(position), suffix)
            for position in range(len(plan.members))
        )
        if not all(path.exists() for path in paths):
            return None
        of_members[suffix] = paths
    if "source_catalog" in ran and not {"cat", "segm"} <= outputs.keys():
        return None
    return Outcome(plan.path, outputs, reused=True, of_members=of_members)


SAME_RUN_SECONDS = 60.0
"""Products of one run are written within this time of each other."""


def _expected(plan: SetPlan) -> dict[str, Path]:
    return {
        "cat": product_path(plan.output_dir, plan.name, "cat", "ecsv"),
        "segm": product_path(plan.output_dir, plan.name, "segm"),
    }


def _making(plan: SetPlan, references: References) -> dict[str, Any]:
    """Return what the mosaic of this plan would say of its making."""
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
        "members": [member.path.name for member in plan.members],
        "options": {p.step.name: as_stored(p.options.values.as_dict()) for p in plan.steps},
        "left out": {p.step.name for p in plan.steps if p.options.skip},
        "references": hashes,
    }


def _made(tree: Any) -> dict[str, Any]:
    steps = tree.get("steps", ())
    return {
        "version": tree.get("version"),
        "recipe": tree.get("recipe"),
        "members": list(tree.get("members", ())),
        "options": {step["name"]: as_stored(step["options"]) for step in steps},
        "left out": {step["name"] for step in steps if step.get("left_out")},
        "references": {k: entry.get("sha256") for k, entry in tree.get("references", {}).items()},
    }
