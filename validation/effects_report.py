"""Section of the report: every effect of a detector, with the step that removes it and without."""

import time
from pathlib import Path

from validation.criteria import Criterion, Section
from validation.effects import BIAS, EFFECTS, WIDTH, Measured


def effects(folder: Path) -> Section:
    """Measure every effect twice; each has to be good with its step, and not without."""
    text = [
        "Each effect is simulated and calibrated twice, with the step that removes it and without.",
        f"Wanted with the step: mean of rate / truth within {100 * BIAS:g} %, width of",
        f"(rate - truth) / error within {WIDTH:g} of 1; without it, one of the two has to fail.",
        "In brackets the standard error of the mean.",
        "",
        "| effect | step | pixels | with: bias, % | width | without: bias, % | width |",
        "|---|---|---|---|---|---|---|",
    ]
    criteria = []
    for number, effect in enumerate(EFFECTS):
        start = time.perf_counter()
        place = folder / f"effect_{number:02d}"
        done, left = (
            effect.measure(place / name, on) for name, on in (("on", True), ("off", False))
        )
        text.append(
            f"| {effect.name} | {effect.step} | {done.pixels} | {_bias(done)} | {done.width:.3f} | "
            f"{_bias(left)} | {left.width:.3f} |"
        )
        criteria.append(
            Criterion(
                f"effect {effect.name}, removed by {effect.step}",
                f"bias {100 * done.bias:+.3f} %, width {done.width:.3f}; without it "
                f"{100 * left.bias:+.3f} %, {left.width:.3f}",
                f"within {100 * BIAS:g} % and {WIDTH:g}, and not without",
                done.good and not left.good,
            )
        )
        print(f"     {effect.name}: {time.perf_counter() - start:.1f} s", flush=True)
    return Section("Effects of the detectors against truth", [*text, ""], criteria)


def _bias(measured: Measured) -> str:
    return f"{100 * measured.bias:+.3f} ({100 * measured.bias_error:.3f})"
