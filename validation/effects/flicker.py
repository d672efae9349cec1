"""1/f noise: rows of a subarray drift together, and a median along each tells by how much.

Most of the power of the noise is in drifts slower than a row; what is faster stays. Its level is
chosen such that the slow part widens the pulls by more than the tolerance and the fast one by less.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.persistence import compare
from webbcal.sim import QUIET, ImageSimulation, read_truth, simulate_files
from webbcal.spec.references import REFERENCES

IMAGE = ImageSimulation.from_mapping(
    {
        **QUIET,
        "photon_noise": True,
        "read_noise": True,
        "one_over_f": True,
        "one_over_f_level": 2.8,
        "detector": "NRCB1",
        "subarray": "512x256",
        "ngroups": 4,
        "stars": 40,
        "sky": 100.0,
    }
)

SPECTRUM = replace(
    IMAGE,
    detector="NRS1",
    filter=None,
    readpatt="NRSRAPID",
    exposure_type="NRS_FIXEDSLIT",
    subarray="64x512",
    sky=1000.0,
    brightest_star=3000.0,
    one_over_f_level=8.0,
)


def effect(name: str, programme: ImageSimulation, **options: Any) -> Effect:
    """Return the 1/f noise of an exposure, removed with some options."""

    def measure(folder: Path, corrected: bool) -> Measured:
        files = simulate_files(programme, folder, seed=5)
        references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
        (outcome,) = webbcal.run(
            files.exposures[0],
            output_dir=folder,
            options={
                "clean_flicker_noise": {"skip": not corrected, **options},
                "jump": {"skip": True},  # there are no cosmic rays, and noise alone makes a bias
            },
            references=references,
            threads=2,
        )
        rate = webbcal.open(outcome.outputs["rate"])
        truth = read_truth(files.truths[0]).rate
        told = np.isfinite(rate.sci) & (rate.err > 0) & (truth > 0)
        return compare(rate.sci[told], rate.err[told], truth[told])

    return Effect(name, "clean_flicker_noise", measure)


EFFECTS: tuple[Effect, ...] = (
    effect("1/f noise, medians of rows", IMAGE),
    effect("1/f noise, waves in time", SPECTRUM, fit_method="fft"),
)
