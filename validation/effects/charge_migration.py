"""Charge that bright pixels lose to their neighbours."""

from pathlib import Path

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.jumps import NOISE
from validation.effects.persistence import compare
from webbcal.sim import ImageSimulation, read_truth, simulate_files
from webbcal.spec.references import REFERENCES

PROGRAMME = ImageSimulation(
    detector="NRCA1",
    subarray="320x320",
    readpatt="DEEP2",
    ngroups=12,
    nints=2,
    stars=2000,
    brightest_star=1e5,
    faintest_star=5e3,
    sky=200.0,
    charge_migration=1.0,
    **NOISE,
)
ONSET_DN = 25_000.0  # where the step begins to flag, by default


def measure(folder: Path, corrected: bool) -> Measured:
    """Compare the rates of the pixels that get bright on the way, and brighter than others."""
    files = simulate_files(PROGRAMME, folder, seed=7)
    references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
    (outcome,) = webbcal.run(
        files.exposures[0],
        output_dir=folder,
        options={"charge_migration": {"skip": not corrected}, "jump": {"skip": True}},
        references=references,
        threads=2,
    )
    rate = webbcal.open(outcome.outputs["rate"])
    truth = read_truth(files.truths[0])
    group = rate.meta.exposure.group_time
    signal = truth.rate * group * PROGRAMME.ngroups  # DN, at the end
    told = (signal > 1.4 * ONSET_DN) & (signal < 3 * ONSET_DN)
    told[1:-1, 1:-1] &= truth.rate[1:-1, 1:-1] > 1.1 * _around(truth.rate)
    told &= truth.good & np.isfinite(rate.sci) & (rate.err > 0)
    return compare(rate.sci[told], rate.err[told], truth.rate[told])


def _around(rate: np.ndarray) -> np.ndarray:
    """Return the mean of the four neighbours of all pixels but those at the edge."""
    mean: np.ndarray = (rate[:-2, 1:-1] + rate[2:, 1:-1] + rate[1:-1, :-2] + rate[1:-1, 2:]) / 4
    return mean


EFFECT = Effect("charge migration", "charge_migration", measure)
