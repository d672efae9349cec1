"""Persistence: stars fill charge traps, which release in the next exposure, moved on the sky."""

from pathlib import Path
from typing import Any

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from webbcal.sim import ImageSimulation, read_truth, simulate_files
from webbcal.spec.references import REFERENCES

BRIGHT, FAINT = 0.2, 0.15
"""Pixels that tell: filled to this part of the well before, and now at this part of that rate."""

FULL_WELL = 60000.0  # DN

PROGRAMME = ImageSimulation(
    detector="NRCB1",
    subarray="128x128",
    readpatt="DEEP8",
    ngroups=20,
    exposures=2,
    stars=700,
    brightest_star=1e5,
    faintest_star=1e4,
    sky=20.0,
    traps=4.0,
    cosmic_rays=0.0,
    snowballs=0.0,
    hot_pixels=False,
    dead_pixels=False,
    one_over_f=False,
)


def measure(folder: Path, corrected: bool) -> Measured:
    """Calibrate both exposures, the second with what the first has left in the traps."""
    files = simulate_files(PROGRAMME, folder, seed=3)
    references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)

    def run(number: int, **persistence: Any) -> dict[str, Path]:
        (outcome,) = webbcal.run(
            files.exposures[number],
            output_dir=folder,
            options={"persistence": {"skip": not corrected, **persistence}},
            references=references,
            reference_folder=files.crds,
            threads=2,
        )
        return dict(outcome.outputs)

    state = run(0).get("trapsfilled")
    rate = webbcal.open(run(1, input_trapsfilled=None if state is None else str(state))["rate"])
    before, now = (read_truth(path) for path in files.truths)
    time = rate.meta.exposure.integration_time
    told = before.rate * time > BRIGHT * FULL_WELL
    told &= (now.rate < FAINT * before.rate) & (now.rate > 0)
    told &= np.isfinite(rate.sci) & (rate.err > 0)
    return compare(rate.sci[told], rate.err[told], now.rate[told])


def compare(rate: np.ndarray, error: np.ndarray, truth: np.ndarray) -> Measured:
    """Compare rates with the truth: the mean ratio, and the pulls."""
    relative = rate.sum(dtype=float) / truth.sum(dtype=float) - 1
    uncertainty = np.sqrt((error.astype(float) ** 2).sum()) / truth.sum(dtype=float)
    pull = (rate - truth) / error
    low, high = np.percentile(pull, [15.865, 84.135])
    return Measured(float(relative), float(uncertainty), float(high - low) / 2, rate.size)


EFFECT = Effect("persistence", "persistence", measure)
