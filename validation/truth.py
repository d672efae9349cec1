"""Section of the report: webbcal against simulated truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from validation.criteria import Criterion, Section
from validation.ladder import CORRELATED, WHITE, Ladder, calibrate, make_ladder, read_arrays
from validation.measures import Detection, Level, detection, levels
from validation.pipelines import PRESCRIBED, Job, Peer
from validation.prediction import Widths, predict
from webbcal.sim.settings import QUIET, ImageSimulation

LOWEST, HIGHEST = 30.0, 85000.0
FAINTEST_JUDGED = 100.0
SKY = 1000.0
"""Electrons of a sky of 2 electron/s in a full frame of SHALLOW4, 10 groups."""

RATIO_TOLERANCE = 1e-3
WIDTH_TOLERANCE = 0.03
FOUND_PART, FALSE_PART = 0.99, 1e-3

Steps = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Size:
    """How much is simulated: pixels on a side, integrations, numbers of groups."""

    pixels: int
    integrations: int
    groups: tuple[int, ...]
    patterns: tuple[tuple[str, int], ...]
    levels: int


SMALL = Size(448, 3, (3, 5, 10, 20, 40), (("SHALLOW4", 10),), 6)
WHOLE = Size(
    640,
    12,
    (3, 4, 5, 6, 8, 10, 15, 20, 30, 40),
    (("BRIGHT2", 3), ("BRIGHT2", 10), ("SHALLOW4", 4), ("SHALLOW4", 10), ("MEDIUM8", 5),
     ("MEDIUM8", 10)),
    10,
)  # fmt: skip


def truth(python: Path | None, folder: Path, small: bool) -> Iterator[Section]:
    """Measure webbcal, and where there is a peer the peer, against simulated truth."""
    size = SMALL if small else WHOLE
    yield _rates(size, folder)
    yield _pulls(size, folder)
    yield _correlated(size, python, folder)
    yield _cosmic_rays(size, folder)


def _options(size: Size, pattern: str, groups: int, ints: int, **effects: Any) -> ImageSimulation:
    side = f"{size.pixels}x{size.pixels}"
    return ImageSimulation(
        subarray=side, readpatt=pattern, ngroups=groups, nints=ints, **(WHITE | effects)
    )


def _electrons(size: Size) -> list[float]:
    return [float(x) for x in np.geomspace(LOWEST, HIGHEST, size.levels)]


# -- rates -------------------------------------------------------------------------------------


def _rates(size: Size, folder: Path) -> Section:
    """Median of rate / truth, without noise and with it."""
    text = [
        "Median of rate / truth - 1, in 1e-3, by the electrons that a pixel collects in an",
        "integration; in brackets its standard error. Pixels that never saturate. RAPID, 10",
        f"groups, {size.pixels} x {size.pixels} pixels, {size.integrations} integrations with",
        "noise; the reference-pixel step is left out, since nothing of what it corrects is there.",
        "Judged from 1000 electrons on: a sky of 2 electron/s in a full frame of SHALLOW4, 10",
        "groups. Below, two things bias the rate by more than 0.1 %. Without noise nothing blurs",
        "the rounding to whole DN. With noise, the class of weights is chosen by the measured",
        "signal: where a ramp may fall into either of two classes, the higher one with more weight",
        "on the ends is taken when the ends happen to be far apart. Drawn ramps of 10 groups, read",
        "noise 11 electrons, have a mean rate of +0.14 % at 176 electrons and +0.4 % at 73 (0.02",
        "sigma of one ramp or less), and less than 0.01 % from 300 electrons on.",
        "",
    ]
    table: dict[str, list[Level]] = {}
    electrons = _electrons(size)
    for name, pattern, quiet in (
        ("no noise, RAPID", "RAPID", True),
        ("no noise, SHALLOW4", "SHALLOW4", True),
        ("white noise, RAPID", "RAPID", False),
    ):
        effects = {**QUIET} if quiet else {}
        ints = 1 if quiet else size.integrations
        ladder = make_ladder(
            _options(size, pattern, 10, ints, **effects), electrons, folder / "rates", 11
        )
        arrays = calibrate(ladder, "webbcal", skip=("refpix",))
        table[name] = levels(ladder, arrays["rate"])
    text += _ratio_table(table)
    criteria = []
    for name, measured in table.items():
        # Where the standard error is not well below the tolerance the sample cannot tell.
        judged = [x for x in measured if x.electrons >= SKY]
        judged = [x for x in judged if x.ratio_error < RATIO_TOLERANCE / 3]
        worst = max(judged, key=lambda x: abs(x.ratio - 1))
        criteria.append(
            Criterion(
                f"rate / truth, {name}",
                f"{1e2 * (worst.ratio - 1):+.4f} % at {worst.electrons:.0f} electrons, the worst "
                f"of {judged[0].electrons:.0f} to {judged[-1].electrons:.0f}",
                f"within {1e2 * RATIO_TOLERANCE:.1f} %",
                abs(worst.ratio - 1) <= RATIO_TOLERANCE,
            )
        )
    return Section("Count rates against truth", text, criteria)


def _ratio_table(table: dict[str, list[Level]]) -> list[str]:
    first = next(iter(table.values()))
    rows = [
        "| | " + " | ".join(f"{x.electrons:.0f}" for x in first) + " |",
        "|---" * (len(first) + 1) + "|",
    ]
    for name, measured in table.items():
        cells = [f"{1e3 * (x.ratio - 1):+.2f} ({1e3 * x.ratio_error:.2f})" for x in measured]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*rows, ""]


# -- errors ------------------------------------------------------------------------------------


def _pulls(size: Size, folder: Path) -> Section:
    """Robust width of (rate - truth) / err with white noise."""
    electrons = _electrons(size)
    table: dict[str, list[Level]] = {}
    expected: dict[str, list[Widths]] = {}
    cases = [("RAPID", groups) for groups in size.groups] + list(size.patterns)
    for pattern, groups in cases:
        ladder = make_ladder(
            _options(size, pattern, groups, 1), electrons, folder / "pulls", 100 + groups
        )
        arrays = calibrate(ladder, "webbcal", skip=("refpix",))
        name = f"{pattern} {groups}"
        table[name] = levels(ladder, arrays["rate"])
        expected[name] = [_expected(ladder, x.electrons) for x in table[name]]
    text = [
        "Robust width (1.4826 MAD) of (rate - truth) / err with photon noise and white read noise",
        f"in ramps without cosmic rays, by electrons in the ramp; {size.pixels} x {size.pixels}",
        "pixels, one integration. In brackets two predictions from the statistics of ramps alone",
        "(`validation/prediction.py`). The first is for exact variances of the weights, as webbcal",
        "states them by default. The second is for the errors that calwebb_detector1 documents and",
        "`ramp_fit.variances=prescribed` gives: VAR_RNOISE is the read noise of a fit with equal",
        "weights, VAR_POISSON the photon noise of the last minus the first frame. No fit has both,",
        "so those errors are too small in between, the more the more groups; and an average of",
        "frames has less photon noise than a single frame, so those of short, bright, averaged",
        "ramps are too large (docs/decisions/0030).",
        "",
        *_width_table(table, expected),
    ]
    judged = [
        (name, x) for name, row in table.items() for x in row if x.electrons > FAINTEST_JUDGED
    ]
    name, worst = max(judged, key=lambda pair: abs(pair[1].width - 1))
    outside = sum(abs(x.width - 1) > WIDTH_TOLERANCE for _, x in judged)
    criterion = Criterion(
        f"width of pulls, white noise, {min(size.groups)} to {max(size.groups)} groups",
        f"{worst.width:.3f} at worst ({name} groups, {worst.electrons:.0f} electrons); "
        f"{outside} of {len(judged)} outside",
        f"1.00 +- {WIDTH_TOLERANCE} above {FAINTEST_JUDGED:.0f} electrons",
        outside == 0,
    )
    surprise = [
        (abs(x.width - wanted.propagated), name, x)
        for name, row in table.items()
        for x, wanted in zip(row, expected[name], strict=True)
        if x.electrons > FAINTEST_JUDGED
    ]
    most, name, worst = max(surprise, key=lambda item: item[0])
    explained = Criterion(
        "width of pulls, white noise, against the prediction for exact variances",
        f"differs by {most:.3f} at most ({name} groups, {worst.electrons:.0f} electrons)",
        f"within {WIDTH_TOLERANCE}",
        most <= WIDTH_TOLERANCE,
    )
    return Section("Errors against truth", text, [criterion, explained])


def _expected(ladder: Ladder, electrons: float) -> Widths:
    """Return the predicted width of pulls for the typical pixel of a ladder."""
    readout, pixels = ladder.readout, ladder.pixels
    noise = float(np.median((pixels.read_noise * pixels.gain)[ladder.good]))
    frames, dropped = readout.frames_averaged, readout.frames_dropped
    return predict(readout.groups, frames, dropped, electrons, noise)


def _width_table(table: dict[str, list[Level]], expected: dict[str, list[Widths]]) -> list[str]:
    first = next(iter(table.values()))
    rows = [
        "| groups | " + " | ".join(f"{x.electrons:.0f}" for x in first) + " |",
        "|---" * (len(first) + 1) + "|",
    ]
    for name, measured in table.items():
        cells = [
            f"{x.width:.3f} ({w.propagated:.3f}, {w.documented:.3f})"
            for x, w in zip(measured, expected[name], strict=True)
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*rows, ""]


# -- correlated noise --------------------------------------------------------------------------


def _correlated(size: Size, python: Path | None, folder: Path) -> Section:
    """Width of pulls with noise of the electronics, its parts, and the peer's."""
    text = [
        "Robust width of (rate - truth) / err, by electrons in the ramp. The read noise reference",
        "holds the white noise of a pixel only, so correlated noise widens the pulls. In brackets:",
        "its square over that of the first row, less 1: what is added to the variance.",
        "",
    ]
    criteria: list[Criterion] = []
    frames = [(f"{size.pixels}x{size.pixels}", "RAPID")]
    frames += [] if size.pixels == SMALL.pixels else [("FULL", "SHALLOW4")]
    for subarray, pattern in frames:
        rows, criterion = _electronics(subarray, pattern, python, folder)
        text += [f"{subarray}, {pattern}, 10 groups:", "", *_added_table(rows)]
        criteria += criterion
    return Section("Correlated noise", text, criteria)


EFFECTS: dict[str, dict[str, Any]] = {
    "white noise": {},
    "and amplifier offsets": {"amplifier_offsets": True, "odd_even_columns": True},
    "and 1/f noise": {"one_over_f": True},
    "and both": CORRELATED,
}


def _electronics(
    subarray: str, pattern: str, python: Path | None, folder: Path
) -> tuple[dict[str, list[Level]], list[Criterion]]:
    """Calibrate a scene with more and more noise, without and with the reference pixels."""
    electrons = [30.0, 300.0, 3000.0, 30000.0]
    rows: dict[str, list[Level]] = {}
    ladder: Ladder | None = None
    for name, effects in EFFECTS.items():
        options = ImageSimulation(
            subarray=subarray, readpatt=pattern, ngroups=10, **(WHITE | effects)
        )
        ladder = make_ladder(options, electrons, folder / "correlated", 21)
        without = calibrate(ladder, "without", skip=("refpix",))["rate"]
        rows[f"{name}, no refpix"] = levels(ladder, without)
        rows[name] = levels(ladder, calibrate(ladder, "webbcal")["rate"])
    assert ladder is not None
    if ladder.readout.window.full_frame:
        amplifiers = calibrate(ladder, "amps", options={"refpix": {"use_side_ref_pixels": False}})
        rows["and both, no side pixels"] = levels(ladder, amplifiers["rate"])
    if python is None:
        return rows, []
    job = Job("correlated", ladder.uncal, ladder.cache, ladder.uncal.parent)
    problem = Peer(python, [job], ladder.uncal.parent).results()[0].error
    if problem:
        return rows, [Criterion("peer on simulated data", problem, "runs", False)]
    theirs = levels(ladder, read_arrays(job.products("peer")["rate"]))
    rows["and both, prescribed variances"] = levels(
        ladder, calibrate(ladder, "prescribed", options=PRESCRIBED["detector1"])["rate"]
    )
    rows["and both, the peer"] = theirs
    pairs = list(zip(rows["and both"], theirs, strict=True))
    judged = [(a, b) for a, b in pairs if a.electrons > FAINTEST_JUDGED]
    excess = max(a.width - max(b.width, 1.0) for a, b in judged)
    criterion = Criterion(
        f"width of pulls with correlated noise ({subarray}), over the peer's or 1",
        f"{excess:+.4f} at most; "
        + ", ".join(f"{a.width:.3f} (peer {b.width:.3f})" for a, b in judged),
        "no wider (within 0.002)",
        excess <= 0.002,
    )
    return rows, [criterion]


def _added_table(rows: dict[str, list[Level]]) -> list[str]:
    base = rows["white noise, no refpix"]
    lines = [
        "| noise | " + " | ".join(f"{x.electrons:.0f}" for x in base) + " |",
        "|---" * (len(base) + 1) + "|",
    ]
    for name, row in rows.items():
        cells = [
            f"{x.width:.3f} ({(x.width / b.width) ** 2 - 1:+.3f})"
            for x, b in zip(row, base, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


# -- cosmic rays -------------------------------------------------------------------------------


def _cosmic_rays(size: Size, folder: Path) -> Section:
    """Cosmic rays found and groups flagged without one."""
    electrons = [100.0, 1000.0, 10000.0, 40000.0]
    text = [
        "Sigma is the noise of the difference of two successive groups of that pixel: photons of",
        "the true rate, and read noise. A hit is the charge that particles leave in a pixel",
        "between two groups (split between two differences where it falls into an averaged group);",
        "it counts if it exceeds 10 sigma, and neither group is saturated or DO_NOT_USE.",
        "A false flag is a JUMP in a difference without any charge of a particle, in a pixel with",
        "no neighbour hit in that group (those are flagged on purpose: last column).",
        "Cosmic rays are 200 times as frequent as in space; 320 x 320 pixels or more.",
        "",
        "| exposure | hits above 10 sigma | found | groups | false flags | beside a hit |",
        "|---|---|---|---|---|---|",
    ]
    total = [0, 0, 0, 0]
    worst_found, worst_false = (2.0, ""), (-1.0, "")
    for pattern, groups, ints in (("RAPID", 5, 2), ("RAPID", 10, 1), ("RAPID", 20, 1),
                                  ("SHALLOW4", 8, 1)):  # fmt: skip
        effects = {"cosmic_rays": 200.0 if pattern == "RAPID" else 40.0}
        options = _options(size, pattern, groups, ints, **effects)
        ladder = make_ladder(options, electrons, folder / "particles", 31)
        ramp = calibrate(ladder, "webbcal", ramp=True, skip=("refpix",))["ramp"]
        seen = detection(ladder, ramp["GROUPDQ"])
        name = f"{pattern} {ints} x {groups}"
        text.append(_detection_row(name, seen))
        total = [a + b for a, b in zip(total, (seen.hits, seen.found, seen.groups, seen.false),
                                       strict=True)]  # fmt: skip
        worst_found = min(worst_found, (seen.found / max(seen.hits, 1), name))
        worst_false = max(worst_false, (seen.false / max(seen.groups, 1), name))
    criteria = [
        Criterion(
            "cosmic rays above 10 sigma found",
            f"{100 * worst_found[0]:.2f} % at worst ({worst_found[1]}), {total[1]} of {total[0]}",
            f"above {100 * FOUND_PART:.0f} %",
            worst_found[0] > FOUND_PART,
        ),
        Criterion(
            "groups flagged without a cosmic ray",
            f"{100 * worst_false[0]:.4f} % at worst ({worst_false[1]}), {total[3]} of {total[2]}",
            f"below {100 * FALSE_PART:.1f} %",
            worst_false[0] < FALSE_PART,
        ),
    ]
    return Section("Cosmic rays", [*text, ""], criteria)


def _detection_row(name: str, seen: Detection) -> str:
    found = 100 * seen.found / max(seen.hits, 1)
    false = 100 * seen.false / max(seen.groups, 1)
    return (
        f"| {name} | {seen.hits} | {seen.found} ({found:.2f} %) | {seen.groups} | "
        f"{seen.false} ({false:.4f} %) | {seen.false_beside} |"
    )
