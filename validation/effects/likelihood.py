"""Cosmic rays that the likelihood fit finds on its own, where the jump step is left out."""

from pathlib import Path

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.jumps import NOISE, noise_of
from validation.effects.persistence import compare
from webbcal.sim import ImageSimulation, read_truth, simulate_files
from webbcal.spec.references import REFERENCES

PROGRAMME = ImageSimulation(
    detector="NRCA1",
    subarray="256x256",
    readpatt="RAPID",
    ngroups=16,
    nints=2,
    stars=0,
    sky=200.0,
    **{**NOISE, "cosmic_rays": 100.0},
)
CLEAR = 7.0  # charge of a hit that cannot be missed, over the noise of a difference of groups


def measure(folder: Path, corrected: bool) -> Measured:
    """Compare the rates of pixels that were hit, by likelihood and by least squares.

    Pixels with a hit too faint for any search are left out.
    """
    files = simulate_files(PROGRAMME, folder, seed=9)
    references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
    algorithm = "LIKELY" if corrected else "OLS_C"
    (outcome,) = webbcal.run(
        files.exposures[0],
        output_dir=folder,
        options={"jump": {"skip": True}, "ramp_fit": {"algorithm": algorithm}},
        references=references,
        threads=2,
    )
    rate = webbcal.open(outcome.outputs["rate"])
    truth = read_truth(files.truths[0])
    hits = truth.hits[(truth.hits["group"] > 0) & (truth.hits["group"] < PROGRAMME.ngroups)]
    noise = noise_of(truth, rate.meta.exposure.group_time)[hits["y"], hits["x"]]
    told, faint = np.zeros((2, *truth.rate.shape), bool)
    told[hits["y"], hits["x"]] = True
    hidden = hits["electrons"] < CLEAR * noise
    faint[hits["y"][hidden], hits["x"][hidden]] = True
    told &= ~faint & truth.good & np.isfinite(rate.sci) & (rate.err > 0)
    return compare(rate.sci[told], rate.err[told], truth.rate[told])


EFFECT = Effect("cosmic rays, found by the likelihood fit", "ramp_fit", measure)
