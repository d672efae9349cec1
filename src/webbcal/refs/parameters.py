"""Parameter references: the observatory's choice of options for a kind of exposure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidReference
from webbcal.refs.asdf_head import read_tree
from webbcal.refs.select import ReferenceSource
from webbcal.spec.meta import Meta

_CLASS_OF_STEP = {
    "bkg_subtract": "background",
    "srctype": "sourcetype",
    "msa_flagging": "msaflagopen",
    "imprint_subtract": "imprint",
}
"""Names of steps in parameter references, where they are not those of ours without underscores."""


@dataclass(frozen=True)
class StepParameters:
    """Options of steps, as the parameter references of an exposure give them.

    Parameters
    ----------
    values : mapping
        Step to option to value; ``skip`` counts as an option.
    files : tuple of Path
        Where they come from; later ones win.
    ignored : tuple of str
        Entries that mean nothing here, as ``step.option``: the peer software's own affairs.
    """

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where the values come from, for records."""
        return "parameter reference " + ", ".join(path.name for path in self.files)


def reference_type(step: str) -> str:
    """Return the type of a step's own parameter reference: ``pars-jumpstep``."""
    return f"pars-{_CLASS_OF_STEP.get(step, step.replace('_', ''))}step"


def load_parameters(
    meta: Meta, pipeline: str, known: Mapping[str, Collection[str]], source: ReferenceSource
) -> StepParameters:
    """Read the parameter references that apply to an exposure.

    Parameters
    ----------
    meta : Meta
        Metadata of the exposure.
    pipeline : str
        Type of the pipeline's parameter reference, ``pars-detector1pipeline``.
    known : mapping
        Names of the options of each step.
    source : ReferenceSource
        Where to look; a type that is not found there is not used.

    Returns
    -------
    StepParameters
        That of a step first, then that of the pipeline, which wins.

    Raises
    ------
    InvalidReference
        A file is damaged or not a parameter reference.
    """
    types = [*map(reference_type, known), pipeline]
    chosen = source.select(meta, types, optional=types)
    values: dict[str, dict[str, Any]] = {}
    ignored: dict[str, None] = {}
    files = []
    for reftype, step in zip(types, [*known, None], strict=True):
        path = chosen[reftype].path
        if path is None:
            continue
        files.append(path)
        for name, option, value in _entries(path, step, known):
            if name in known and (option == "skip" or option in known[name]):
                values.setdefault(name, {})[option] = value
            else:
                ignored[f"{name}.{option}"] = None
    return StepParameters(values, tuple(files), tuple(ignored))


def _entries(
    path: Path, step: str | None, known: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str, Any]]:
    """Yield step, option and value of every entry; `step` is None for a pipeline."""
    tree = read_tree(path)
    if not isinstance(tree.get("class"), str):
        raise InvalidReference(
            "not a parameter reference", where=path, expected="an entry 'class'", found=list(tree)
        )
    own = step or tree["class"].rsplit(".", 1)[-1].lower()
    for option, value in _mapping(path, tree.get("parameters"), "parameters").items():
        yield own, str(option), value
    parts = tree.get("steps") or []
    if not isinstance(parts, list):
        raise InvalidReference("nonsense in 'steps'", where=path, expected="a list")
    for part in parts:
        entry = _mapping(path, part, "steps")
        name = _step_name(entry, known)
        for option, value in _mapping(path, entry.get("parameters"), name).items():
            yield name, str(option), value


def _mapping(path: Path, value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidReference(f"nonsense in {what!r}", where=path, expected="a mapping")
    return value


def _step_name(entry: Mapping[str, Any], known: Collection[str]) -> str:
    """Return our name of a step that a pipeline names by a key or a class."""
    name = str(entry.get("name", ""))
    if name in known:
        return name
    by_class = "pars-" + str(entry.get("class", "")).rsplit(".", 1)[-1].lower()
    return next((step for step in known if reference_type(step) == by_class), name or by_class)
