"""What the electronics of NIRSpec add, removed by interleaved reference pixels."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.persistence import compare
from webbcal.io.write import write_product
from webbcal.sim import QUIET, ImageSimulation, SimulatedSet, read_truth, simulate_files
from webbcal.spec.references import REFERENCES, ReferencePixelFilters

BORDER = 4
EDGE = 75

PROGRAMME = ImageSimulation.from_mapping(
    {
        **QUIET,
        "photon_noise": True,
        "read_noise": True,
        "amplifier_offsets": True,
        "one_over_f": True,
        "one_over_f_level": 6.0,
        "detector": "NRS2",
        "readpatt": "NRSIRS2RAPID",
        "subarray": "FULL",
        "ngroups": 3,
        "nints": 1,
        "stars": 0,
        "sky": 15.0,
        "dark": False,
        "dark_frames": 1,
    }
)
"""An even sky in a full frame; correlated noise as large as the read noise."""

AVERAGED = replace(PROGRAMME, readpatt="NRSIRS2", sky=3.0)
"""The same number of photons in groups of five frames, whose noise is less."""

OFF = {name: {"skip": True} for name in ("jump", "dark_current")}


@functools.lru_cache(maxsize=1)
def _made(options: ImageSimulation, folder: Path, seed: int) -> SimulatedSet:
    return simulate_files(options, folder, seed=seed)


def _simulated(options: ImageSimulation, folder: Path, seed: int) -> SimulatedSet:
    """Simulate one exposure for both runs, with the step and without."""
    return _made(options, folder.parent / "exposure", seed)


def interleaved(folder: Path, corrected: bool) -> Measured:
    """Measure what is left of shared noise in single frames."""
    return _measure_noise(PROGRAMME, folder, corrected)


def averaged(folder: Path, corrected: bool) -> Measured:
    """Measure what is left of shared noise in groups of averaged frames."""
    return _measure_noise(AVERAGED, folder, corrected)


def _measure_noise(programme: ImageSimulation, folder: Path, corrected: bool) -> Measured:
    """Simulate and calibrate; without correction, the filters are zero.

    The step itself cannot be left out: it takes the reference pixels out of the frames.
    """
    files = _simulated(programme, folder, seed=21)
    references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
    if not corrected:
        references["refpix"] = _without_filters(references, folder)
    (outcome,) = webbcal.run(
        files.exposures[0], output_dir=folder, options=OFF, references=references, threads=2
    )
    rate = webbcal.open(outcome.outputs["rate"])
    truth = read_truth(files.truths[0]).rate
    told = np.isfinite(rate.sci) & (rate.err > 0) & (truth > 0)
    told[:BORDER], told[-BORDER:], told[:, :BORDER], told[:, -BORDER:] = False, False, False, False
    return compare(rate.sci[told], rate.err[told], truth[told])


def _without_filters(references: Mapping[str, Path | None], folder: Path) -> Path:
    path = references["refpix"]
    assert path is not None
    reference = webbcal.open(path)
    assert isinstance(reference, ReferencePixelFilters)
    none = np.zeros_like(reference.filters)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "no_filters.fits"
    write_product(replace(reference, filters=none), target)
    return target


GLOW = ImageSimulation.from_mapping(
    {
        **QUIET,
        "read_noise": True,
        "picture_frame": 1.0,
        "detector": "NRS1",
        "readpatt": "NRSRAPID",
        "subarray": "FULL",
        "ngroups": 4,
        "nints": 1,
        "stars": 0,
        "sky": 25.0,
        "flat": False,
        "dark_frames": 1,
    }
)
"""An even sky whose edges glow.

All pixels respond alike: where those at the edges see 0.23 % less of the sky than those in the
centre, as with the flat field of the simulation, the step takes that for glow.
The sky is background to the step and goes with the glow; it is put back here. Errors then tell
nothing of its photons, whose noise is left out.
"""


def glow(folder: Path, corrected: bool) -> Measured:
    """Simulate and calibrate; the rates are those above the median of the frame."""
    files = _simulated(GLOW, folder, seed=22)
    options = {name: {"skip": True} for name in ("jump", "dark_current", "refpix")} | {
        "picture_frame": {"skip": not corrected, "mask_science_regions": False, "n_sigma": 5.0}
    }
    (outcome,) = webbcal.run(
        files.exposures[0],
        output_dir=folder,
        options=options,
        references=dict.fromkeys(REFERENCES) | dict(files.references),
        threads=2,
    )
    rate = webbcal.open(outcome.outputs["rate"])
    truth = read_truth(files.truths[0]).rate
    told = np.isfinite(rate.sci) & (rate.err > 0) & (truth > 0)
    level = np.median(truth[told]) - np.median(rate.sci[told])
    edges = told.copy()
    edges[EDGE:-EDGE, EDGE:-EDGE] = False
    edges[:BORDER], edges[-BORDER:], edges[:, :BORDER], edges[:, -BORDER:] = (False,) * 4
    return compare(rate.sci[edges] + level, rate.err[edges], truth[edges])


EFFECTS = (
    Effect("noise that all outputs share, IRS2", "refpix", interleaved),
    Effect("noise that all outputs share, IRS2, averaged frames", "refpix", averaged),
    Effect("glowing edges", "picture_frame", glow),
)
