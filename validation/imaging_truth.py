"""Sections of the report: simulated programmes of images, calibrated from rates to catalogues."""

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validation.criteria import Criterion, Section
from validation.imaging.__main__ import criteria_of
from validation.pipelines import calibrate
from webbcal.sim import ImagingProgramme, simulate_files

GRIDS = {
    "scale ratio 0.5": {"resample.pixel_scale_ratio": 0.5},
    "scale ratio 2": {"resample.pixel_scale_ratio": 2.0},
    "weights by time": {"resample.weight_type": "exptime"},
    "weights by time, scale ratio 0.5": {
        "resample.weight_type": "exptime",
        "resample.pixel_scale_ratio": 0.5,
    },
    "weights by time, scale ratio 2": {
        "resample.weight_type": "exptime",
        "resample.pixel_scale_ratio": 2.0,
    },
}
"""Other mosaics of the same exposures, whose noise is measured too."""


@dataclass(frozen=True)
class Case:
    """A programme of count rates; `grids` says whether other mosaics are made of it."""

    name: str
    options: Mapping[str, Any]
    grids: bool = False


NIRCAM = {"detectors": "NRCB1,NRCB2", "exposures": 4}
FULL = (
    Case(
        "NIRCam F200W, 2 detectors x 4 dithers",
        {**NIRCAM, "subarray": "FULL"},
        grids=True,
    ),
    Case("MIRI F770W, 4 dithers", {"detector": "MIRIMAGE", "subarray": "FULL", "exposures": 4}),
)
SMALL = (Case("NIRCam F200W, 2 detectors x 4 dithers", {**NIRCAM, "subarray": "SUB640"}),)


def imaging_truth(folder: Path, small: bool) -> Iterator[Section]:
    """Yield what was measured of each programme, one section for each."""
    for number, case in enumerate(SMALL if small else FULL):
        yield _measured(folder / f"imaging_{number}", case)


def _measured(folder: Path, case: Case) -> Section:
    data, out = folder / "data", folder / "out"
    made = simulate_files(ImagingProgramme(products="rate", **case.options), data, seed=5)
    start = time.perf_counter()
    catalogue = {"tweakreg.abs_refcat": str(data / "reference_at_epoch.ecsv")}
    _run(made.associations[1], out, made.crds, catalogue)
    seconds = time.perf_counter() - start
    mosaics = [
        (name, _other_mosaic(folder, number, out, made.crds, options))
        for number, (name, options) in enumerate(GRIDS.items() if case.grids else ())
    ]
    criteria = [
        Criterion(f"{case.name}: {item.name}", item.measured, item.wanted, item.holds)
        for item in criteria_of(out, data, mosaics)
    ]
    text = [
        f"{len(made.exposures)} count rates, calibrated and combined in {seconds:.0f} s on a "
        "machine that did other things too.",
        "",
        *(
            f"* {criterion.name}: {criterion.measured} ({criterion.wanted})"
            for criterion in criteria
        ),
    ]
    shutil.rmtree(folder, ignore_errors=True)
    return Section(f"Images against the truth: {case.name}", text, criteria)


def _other_mosaic(
    folder: Path, number: int, out: Path, cache: Path, options: Mapping[str, Any]
) -> Path:
    """Combine the flagged exposures once more, on another grid."""
    place = folder / f"grid_{number}"
    start = place / "start"
    start.mkdir(parents=True)
    for path in out.glob("*_crf.fits"):
        # Under names that the pipeline takes for calibrated images.
        (start / path.name.replace("_o001_crf", "_cal")).symlink_to(path)
    skipped = ("tweakreg", "skymatch", "outlier_detection", "source_catalog")
    _run(start, place, cache, options, skipped)
    return next(place.glob("*_i2d.fits"))


def _run(
    source: Path,
    output: Path,
    cache: Path,
    options: Mapping[str, Any],
    skipped: tuple[str, ...] = (),
) -> None:
    words = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    words += [word for step in skipped for word in ("--skip", step)]
    calibrate(source, output, cache, words)
