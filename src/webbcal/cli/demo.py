"""``webbcal demo``: simulate, calibrate, compare with the truth, report."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

import webbcal
from webbcal.io.read import open_product
from webbcal.pipelines.record import Outcome, StepRecord
from webbcal.pipelines.runner import run_exposures
from webbcal.pipelines.settings import Settings
from webbcal.report.comparison import Comparison, compare
from webbcal.report.figures import comparison_figure
from webbcal.report.page import Section, StepLine, page
from webbcal.sim import ImageSimulation, SimulatedSet, read_truth, simulate_files
from webbcal.spec.products import Rate

SEED = 20261121
PROGRAMME = ImageSimulation(
    detector="NRCB1",
    subarray="SUB320",
    readpatt="MEDIUM8",
    ngroups=10,
    nints=2,
    exposures=2,
    sky=5.0,
    dark_frames=100,
)

console = Console(highlight=False)


def demo(output_dir: Path) -> int:
    """Run the whole chain on a small programme; 0 if the truth was found again.

    The accuracy asked for is that of `make validate`: the median of rate / truth within 0.1 %
    of one, within what the number of pixels allows to say.
    """
    from webbcal.kernels._jit import is_compiled

    console.print(f"Simulating {PROGRAMME.exposures} exposures in {output_dir} ...")
    made = simulate_files(PROGRAMME, output_dir, seed=SEED)
    once = "" if is_compiled() else " (first run: compiling the kernels, half a minute, once)"
    console.print(f"Calibrating{once} ...")
    outcomes = run_exposures(
        made.exposures, Settings(output_dir=output_dir), environ=_environment(made)
    )
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    comparisons = []
    sections = []
    for outcome, truth in zip(outcomes, made.truths, strict=True):
        comparison, section = _examine(outcome, truth, output_dir)
        comparisons.append(comparison)
        sections.append(section)
    _print(outcomes, comparisons)
    report = output_dir / "report.html"
    footer = f"webbcal {webbcal.__version__}; simulated data, seed {SEED}"
    report.write_text(page("webbcal demo: simulated NIRCam imaging", sections, footer), "utf-8")
    console.print(f"Plots and steps: {report}")
    good = all(_found_again(comparison) for comparison in comparisons)
    console.print("The truth was found again." if good else "The truth was NOT found again.")
    return 0 if good else 1


def _environment(made: SimulatedSet) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRDS_")}
    return kept | {
        "CRDS_PATH": str(made.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "CRDS_READONLY_CACHE": "1",
    }


def _examine(outcome: Outcome, truth_path: Path, folder: Path) -> tuple[Comparison, Section]:
    rate = open_product(outcome.outputs["rate"], Rate)
    assert isinstance(rate, Rate)
    truth = read_truth(truth_path)
    # Hot pixels have a dark current that the dark reference follows; dead ones see nothing.
    comparison = compare(rate, truth.rate)
    name = outcome.outputs["rate"].name
    figure = comparison_figure(rate, comparison, name)
    figure.savefig(folder / f"{outcome.outputs['rate'].stem}_truth.png", dpi=150)
    exposure = rate.meta.exposure
    facts = (
        ("mode", f"{rate.meta.instrument.name} {rate.meta.instrument.detector} {exposure.type}"),
        ("ramps", f"{exposure.nints} x {exposure.ngroups} groups, {exposure.readpatt}"),
        ("pixels compared", f"{comparison.pixels}, {comparison.jumps} with a jump"),
        ("time", f"{outcome.seconds:.2f} s"),
    )
    return comparison, Section(name, facts, [_line(s) for s in outcome.steps], comparison, figure)


def _line(step: StepRecord) -> StepLine:
    names = [r.path.name for r in step.references if r.path is not None]
    return StepLine(step.name, step.status, step.reason, ", ".join(names))


def _print(outcomes: Sequence[Outcome], comparisons: Sequence[Comparison]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("exposure", "pixels", "with jumps", "rate/truth - 1", "pull width", "time"):
        table.add_column(head, justify="left" if head == "exposure" else "right")
    for outcome, comparison in zip(outcomes, comparisons, strict=True):
        table.add_row(
            outcome.input.name.removesuffix("_uncal.fits")[-18:],
            str(comparison.pixels),
            str(comparison.jumps),
            f"{100 * (comparison.ratio - 1):+.3f} %",
            f"{comparison.pull_width:.3f}",
            f"{outcome.seconds:.2f} s",
        )
    console.print(table)


def _found_again(comparison: Comparison) -> bool:
    return all(
        abs(b.ratio - 1) < 0.001 + 4 * b.ratio_error and b.pull_width < 1.3 for b in comparison.bins
    )
