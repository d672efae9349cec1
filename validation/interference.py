"""What is left of the electromagnetic interference of MIRI: webbcal and the peer against truth.

The peer's fit is farther from the truth than its noise (docs/decisions/0040), and where the best
of its trial phases is the first or the last, it interpolates between the wrong neighbours and
comes out half a turn off. So these cases are not compared pixel by pixel.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from astropy.io import fits

from validation.cases import Case
from validation.criteria import Criterion
from validation.foreign.frame import Frame
from validation.foreign.readout import interference
from validation.pipelines import Job

EXCESS_DN = 0.1


def interference_left(
    pairs: Iterable[tuple[Case, Job]], exposures: dict[str, dict[str, Any]]
) -> tuple[list[str], list[Criterion]]:
    """Return a table of the interference left by both sides, and a criterion."""
    text = [
        "Root mean square of the interference that is left in the groups of an integration (DN).",
        "",
        "| case | before | webbcal | peer |",
        "|---|---|---|---|",
    ]
    worst, name = -np.inf, ""
    for case, job in pairs:
        ours, theirs = (job.products(side).get("emicorr") for side in ("webbcal", "peer"))
        if not case.by_truth or ours is None or theirs is None:
            continue
        truth = _truth(exposures[case.exposure])
        raw = fits.getdata(job.uncal, "SCI").astype(np.float64)
        left = [_scatter(truth - (raw - fits.getdata(f, "SCI"))) for f in (ours, theirs)]
        text.append(f"| {case.name} | {_scatter(truth):.2f} | {left[0]:.2f} | {left[1]:.2f} |")
        if left[0] - left[1] > worst:
            worst, name = left[0] - left[1], f" ({case.name})"
    if not name:
        return [], []
    criterion = Criterion(
        "MIRI: interference left, more than the peer leaves",
        f"{worst:+.2f} DN{name}",
        f"by no more than {EXCESS_DN} DN",
        bool(worst <= EXCESS_DN),
    )
    return [*text, ""], [criterion]


def _truth(spec: dict[str, Any]) -> np.ndarray:
    """Return the pattern in every group, axes (integration, group, y, x)."""
    frame = Frame(*spec["frame"], "MIRI")
    return np.stack(
        [
            np.stack([interference(frame, spec, i, k) for k in range(spec["ngroups"])])
            for i in range(spec["nints"])
        ]
    ).astype(np.float64)


def _scatter(pattern: np.ndarray) -> float:
    """Return the root mean square about the mean over the groups, which is part of the bias."""
    return float((pattern - pattern.mean(axis=1, keepdims=True)).std())
