"""Jump: find the groups in which cosmic rays hit, one pixel or many.

The ramps of single pixels are searched first, then whole frames for events that cover many:
snowballs in the near infrared, showers in the mid infrared. A run loads what it searches for.
"""

from collections.abc import Sequence
from typing import Any

from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain, ReadNoise, Reference
from webbcal.steps._step import Frames, Measurement, Needs, Scope, Step
from webbcal.steps.jump.options import JumpOptions
from webbcal.steps.jump.search import conclude, find_dropped, find_jumps, sample_windows

__all__ = ["STEP", "JumpOptions", "find_jumps"]


def _reach(options: JumpOptions, references: Sequence[Reference | None]) -> int:
    return 1 if options.flag_4_neighbors else 0


def _extended_wanted(options: JumpOptions, meta: Meta) -> bool:
    return options.expand_large_events or options.find_showers


def _find_extended(*arguments: Any, **more: Any) -> Any:
    from webbcal.steps.jump.extended import find_extended

    return find_extended(*arguments, **more)


def _record_extended(*arguments: Any) -> Any:
    from webbcal.steps.jump.extended import record

    return record(*arguments)


STEP = Step(
    "jump",
    find_jumps,
    JumpOptions,
    references={"gain": Needs(Gain), "readnoise": Needs(ReadNoise)},
    status="jump",
    scope=Scope.FRAME,
    reach=_reach,
    measurement=Measurement(sample_windows, find_dropped),
    frames=Frames(_find_extended, _extended_wanted, after_run=True, finish=_record_extended),
    counts=("cosmic_rays", "jump_differences"),
    conclude=conclude,
)
