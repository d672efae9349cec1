"""What a product remembers of its making: keywords, and a node `webbcal` in its tree."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

import webbcal
from webbcal.core.errors import WebbcalError
from webbcal.core.options import Options
from webbcal.spec.meta import Meta

COMPLETE = "COMPLETE"
SKIPPED = "SKIPPED"
FAILED = "FAILED"


@dataclass(frozen=True)
class ReferenceRecord:
    """One reference file that was used: type, file, how it was chosen, content."""

    kind: str
    path: Path | None
    origin: str
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The value of the ``R_`` keyword: ``crds://file``, a path, or N/A."""
        if self.path is None:
            return "N/A"
        return f"crds://{self.path.name}" if self.origin.startswith("crds") else str(self.path)


@dataclass(frozen=True)
class StepRecord:
    """What became of one step.

    It is `left_out` if that was the user's wish, `usual` if nobody expects it to run. `figures`
    are what it measured. `seconds` is its time where it runs alone; where several share a sweep,
    `work_seconds` is the time of its calls, of all threads together. `peak_mb` is the most memory
    the process has had since it began until the end of the step, or of the sweep that it was in.
    """

    name: str
    status_path: str
    status: str
    options: Options
    reason: str = ""
    left_out: bool = False
    references: tuple[ReferenceRecord, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    work_seconds: float | None = None
    peak_mb: float | None = None
    usual: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one input: products by suffix, steps, or the error that stopped it.

    `remarks` are sentences the user should read. For a set of exposures, `input` is named as
    its products are, and `of_members` holds products of each, by suffix.
    """

    input: Path
    outputs: Mapping[str, Path] = field(default_factory=dict)
    steps: tuple[StepRecord, ...] = ()
    seconds: float = 0.0
    error: WebbcalError | None = None
    reused: bool = False
    remarks: tuple[str, ...] = ()
    of_members: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def followed_by(self, other: Self) -> Self:
        """Return what became of this input after something else was done to what it gave."""
        return replace(
            self,
            outputs={**self.outputs, **other.outputs},
            steps=(*self.steps, *other.steps),
            seconds=self.seconds + other.seconds,
            reused=self.reused and other.reused,
            remarks=(*self.remarks, *other.remarks),
        )


@dataclass(frozen=True)
class RunRecord:
    """What became of one exposure, or of a set: enough to make the same product again.

    `members` names the other files that it was made of; `before` is the record of the input.
    `remarks` are sentences that the user should read. `times` are seconds: of ``reading`` and
    ``writing``, of all threads together, and ``elapsed`` until the products were complete but for
    their headers and tables.
    """

    input: Path
    recipe: str
    steps: tuple[StepRecord, ...]
    context: str | None = None
    crds_version: str | None = None
    ignored: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)

    def keywords(self, upto: Sequence[str]) -> dict[str, Any]:
        """Return metadata paths and values for a result of the steps `upto`."""
        values: dict[str, Any] = {
            "calibration_software_version": f"webbcal {webbcal.__version__}",
            "calibration_software_revision": "RELEASE",
        }
        if self.context:
            values["ref_file.crds.context_used"] = self.context
        if self.crds_version:
            values["ref_file.crds.sw_version"] = self.crds_version
        for step in self.steps:
            if step.name not in upto:
                continue
            if step.status_path:
                values[f"cal_step.{step.status_path}"] = step.status
        chosen = _chosen(step for step in self.steps if step.name in upto)
        values |= {f"ref_file.{kind}.name": reference.name for kind, reference in chosen.items()}
        return values | dict(self.values)

    def tree(self, upto: Sequence[str]) -> dict[str, Any]:
        """Return the node that goes into the ASDF tree of a product."""
        steps = [step for step in self.steps if step.name in upto]
        references = _chosen(steps)
        return {
            "version": webbcal.__version__,
            "recipe": self.recipe,
            "input": self.input.name,
            "context": self.context,
            **({"members": list(self.members)} if self.members else {}),
            **({"remarks": list(self.remarks)} if self.remarks else {}),
            **({"ignored_parameters": list(self.ignored)} if self.ignored else {}),
            **({"times": _rounded(self.times)} if self.times else {}),
            "steps": [
                {
                    "name": step.name,
                    "status": step.status,
                    **({"reason": step.reason} if step.reason else {}),
                    **({"left_out": True} if step.left_out else {}),
                    "options": step.options.as_dict(),
                    **({"figures": plain(step.figures)} if step.figures else {}),
                    **_rounded({"seconds": step.seconds, "work_seconds": step.work_seconds}),
                    **({} if step.peak_mb is None else {"peak_mb": round(step.peak_mb)}),
                }
                for step in steps
            ],
            "references": {
                kind: {
                    "file": None if r.path is None else r.path.name,
                    "origin": r.origin,
                    "sha256": r.sha256,
                }
                for kind, r in references.items()
            },
            **({"before": dict(self.before)} if self.before else {}),
        }

    def apply(self, meta: Meta, upto: Sequence[str]) -> Meta:
        """Return metadata with the keywords of this run."""
        return meta.replace(self.keywords(upto))


def plain(value: Any) -> Any:
    """Return figures as values that any reader of trees knows: no arrays, no numpy numbers."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _rounded(seconds: Mapping[str, float | None]) -> dict[str, float]:
    """Return the times that are known, to a millisecond."""
    return {name: round(value, 3) for name, value in seconds.items() if value is not None}


def _chosen(steps: Iterable[StepRecord]) -> dict[str, ReferenceRecord]:
    """Return the reference of each type; one that the user named comes before the selected one."""
    chosen: dict[str, ReferenceRecord] = {}
    for step in steps:
        for reference in step.references:
            if reference.path is not None or reference.kind not in chosen:
                chosen[reference.kind] = reference
    return chosen
