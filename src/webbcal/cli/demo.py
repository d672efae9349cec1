"""``webbcal demo``: simulate, calibrate to a mosaic, compare with the truth, report."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from webbcal.io.read import open_product
from webbcal.kernels._load import load_numba_alone
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.report.comparison import compare
from webbcal.report.comparison_of_mosaics import (
    Alignment,
    Sources,
    compare_catalogue,
    compare_pointings,
)
from webbcal.report.run import write_report
from webbcal.report.truth import Check, Findings, checks_of, truth_section
from webbcal.report.words import size_in_words
from webbcal.sim import ImagingProgramme, SimulatedSet, read_scene, read_truth, simulate_files
from webbcal.spec.products import Rate

SEED = 20261121
TITLE = "webbcal demo: simulated NIRCam imaging"
PROGRAMME = ImagingProgramme(
    detectors="NRCB1",
    subarray="SUB640",
    readpatt="MEDIUM2",
    ngroups=8,
    exposures=4,
    sky=5.0,
    brightest_star=5e3,
    faintest_star=10.0,
    dark_frames=60,
)

console = Console(highlight=False)


def demo(output_dir: Path, programme: ImagingProgramme = PROGRAMME, seed: int = SEED) -> int:
    """Run the whole chain on a small programme; 0 if the truth was found again, 1 if not.

    What is asked for is in `webbcal.report.truth`: count rates within 0.1 % of the truth,
    alignment within 0.3 mas, fluxes within 0.5 %, and a complete catalogue.

    Parameters
    ----------
    output_dir : Path
        Where products and report go; the simulation goes to ``sim`` in it.
    programme : ImagingProgramme
        What to simulate: raw exposures of one detector.
    seed : int
        Of all that is random.
    """
    from webbcal.kernels._jit import is_compiled

    began = time.perf_counter()
    folder = output_dir / "sim"
    window = programme.window
    console.print(
        f"Simulating {programme.exposures} raw exposures of {programme.detector}, "
        f"{window.columns} x {window.rows} pixels, in {folder} ...",
        soft_wrap=True,
    )
    made = simulate_files(programme, folder, seed=seed)
    once = "" if is_compiled() else " (first run: compiling the kernels, a minute, once)"
    console.print(f"Calibrating{once} ...")
    load_numba_alone()
    outcomes = _calibrate(made, output_dir)
    findings = _compare(made, outcomes, programme)
    report = write_report(
        output_dir, output_dir / "report.html", TITLE, further=(truth_section(findings),)
    )
    checks = checks_of(findings)
    _say(checks, outcomes[-1], report)
    console.print(f"{time.perf_counter() - began:.0f} s in all.")
    good = all(check.good for check in checks)
    console.print("The truth was found again." if good else "The truth was NOT found again.")
    return 0 if good else 1


def _calibrate(made: SimulatedSet, output_dir: Path) -> list[Outcome]:
    """Calibrate what the level-3 association names; return what became of each job."""
    options = {"tweakreg": {"abs_refcat": str(_catalogue(made, "reference_catalogue"))}}
    association = made.associations[-1]

    def done(outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        products = [*outcome.outputs, *outcome.of_members]
        name = outcome.input.name.removesuffix(".fits")
        console.print(f"  {name} -> {', '.join(products)}  ({outcome.seconds:.1f} s)", markup=False)

    return run_everything(
        [association],
        Settings(output_dir=output_dir, options=options),
        through=3,
        environ=made.environ(os.environ),
        done=done,
    )


def _catalogue(made: SimulatedSet, stem: str) -> Path:
    return next(path for path in made.catalogues if path.stem == stem)


def _compare(
    made: SimulatedSet, outcomes: Sequence[Outcome], programme: ImagingProgramme
) -> Findings:
    """Hold all products against the truth."""
    rates = [o.outputs["rate"] for o in outcomes if "rate" in o.outputs]
    calibrated = [o.outputs["cal"] for o in outcomes if "cal" in o.outputs]
    mosaic = outcomes[-1]
    compared = {}
    for path, truth in zip(rates, made.truths, strict=True):
        rate = open_product(path, Rate)
        assert isinstance(rate, Rate)
        compared[path.name] = compare(rate, read_truth(truth).rate)
    catalogue = open_product(mosaic.outputs["cat"])
    return Findings(
        compared,
        _alignment(made, calibrated),
        _alignment(made, mosaic.of_members["crf"]),
        compare_catalogue(_entries(catalogue), _true_sources(made), exposures=programme.exposures),
    )


def _alignment(made: SimulatedSet, images: Sequence[Path]) -> Alignment:
    products = [open_product(path) for path in images]
    views = [read_scene(path).view(made.references["distortion"]) for path in made.scenes]
    shapes = [p.shape_of("sci") for p in products]
    wcs = [p.wcs for p in products]
    return compare_pointings([(w, (s[-2], s[-1])) for w, s in zip(wcs, shapes, strict=True)], views)


def _entries(catalogue: Any) -> Sources:
    rows = catalogue.sources
    return Sources(
        rows["sky_centroid.ra"],
        rows["sky_centroid.dec"],
        rows["aper_total_flux"],
        np.zeros(len(rows)),
        np.zeros(len(rows), int),
        rows["aper_total_flux_err"],
    )


def _true_sources(made: SimulatedSet) -> Sources:
    from astropy.table import Table as AstropyTable

    rows = AstropyTable.read(_catalogue(made, "catalogue"), format="ascii.ecsv")
    seen = np.zeros(len(rows), int)
    for scene in made.scenes:
        seen[read_scene(scene).positions["id"] - 1] += 1
    ra, dec, flux, radius = (np.asarray(rows[n], float) for n in ("ra", "dec", "flux", "radius"))
    return Sources(ra, dec, flux, radius, seen, np.zeros(len(rows)))


def _say(checks: Sequence[Check], mosaic: Outcome, report: Path) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    for head in ("", "compared with the truth", "found", "asked for"):
        table.add_column(head)
    for check in checks:
        table.add_row("ok" if check.good else "FAIL", check.what, check.found, check.limit)
    console.print(table)
    for suffix, what in (("i2d", "Mosaic"), ("cat", "Catalogue")):
        console.print(f"{what}: {mosaic.outputs[suffix]}", markup=False, soft_wrap=True)
    size = size_in_words(report.stat().st_size)
    console.print(f"Report: {report} ({size})", markup=False, soft_wrap=True)
