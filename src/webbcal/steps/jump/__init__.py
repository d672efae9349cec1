"""Jump: find the groups in which cosmic rays hit, one pixel or many.

The ramps of single pixels are searched first, then whole frames for events that cover many:
snowballs in the near infrared, showers in the mid infrared.
"""

from collections.abc import Sequence

from webbcal.spec.references import Gain, ReadNoise, Reference
from webbcal.steps._step import Frames, Measurement, Needs, Scope, Step
from webbcal.steps.jump import extended
from webbcal.steps.jump.options import JumpOptions
from webbcal.steps.jump.search import conclude, find_dropped, find_jumps, sample_windows

__all__ = ["STEP", "JumpOptions", "find_jumps"]


def _reach(options: JumpOptions, references: Sequence[Reference | None]) -> int:
    return 1 if options.flag_4_neighbors else 0


STEP = Step(
    "jump",
    find_jumps,
    JumpOptions,
    references={"gain": Needs(Gain), "readnoise": Needs(ReadNoise)},
    status="jump",
    scope=Scope.FRAME,
    reach=_reach,
    measurement=Measurement(sample_windows, find_dropped),
    frames=Frames(extended.find_extended, extended.wanted, after_run=True, finish=extended.record),
    counts=("cosmic_rays", "jump_differences"),
    conclude=conclude,
)
