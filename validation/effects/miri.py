"""What the electronics and the resets of MIRI add, each removed by its step."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.persistence import compare
from webbcal.sim import QUIET, ImageSimulation, read_truth, simulate_files
from webbcal.spec.references import REFERENCES

BORDER = 4

PROGRAMME = ImageSimulation.from_mapping(
    {
        **QUIET,
        "photon_noise": True,
        "read_noise": True,
        "detector": "MIRIMAGE",
        "subarray": "SUB64",
        "ngroups": 20,
        "nints": 4,
        "stars": 0,
        "sky": 1500.0,
    }
)
"""A bright sky in a subarray, with the noise of light and readout only."""

Options = Mapping[str, Mapping[str, Any]]

OFF = {name: {"skip": True} for name in ("emicorr", "lastframe", "rscd", "refpix")}
"""Steps that would have nothing to do."""


def effect(
    name: str, step: str, programme: ImageSimulation, on: Options | None = None, seed: int = 11
) -> Effect:
    """Return an effect that is simulated by a programme and removed by a step.

    `on` are further options, of the step and others, with which it is removed.
    """

    def measure(folder: Path, corrected: bool) -> Measured:
        files = simulate_files(programme, folder, seed=seed)
        options: dict[str, dict[str, Any]] = {k: dict(v) for k, v in OFF.items()}
        for other, values in (on or {}).items():
            options.setdefault(other, {}).update(values)
        options.setdefault(step, {})["skip"] = not corrected
        references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
        (outcome,) = webbcal.run(
            files.exposures[0],
            output_dir=folder,
            options=options,
            references=references,
            threads=2,
        )
        rate = webbcal.open(outcome.outputs["rate"])
        truth = read_truth(files.truths[0]).rate
        told = np.isfinite(rate.sci) & (rate.err > 0) & (truth > 0)
        told[:, :BORDER] = False
        return compare(rate.sci[told], rate.err[told], truth[told])

    return Effect(name, step, measure)


INTERFERENCE = replace(PROGRAMME, interference=3.0)

EFFECTS: tuple[Effect, ...] = (
    effect("interference, jointly", "emicorr", INTERFERENCE),
    effect(
        "interference, bin by bin",
        "emicorr",
        INTERFERENCE,
        {"emicorr": {"algorithm": "sequential", "use_n_cycles": 10}},
    ),
    effect(
        "interference, without a reference",
        "emicorr",
        replace(INTERFERENCE, nints=10),
        {"emicorr": {"onthefly_corr_freq": "390.625,10.039216", "nbins": 60, "use_n_cycles": 1000}},
    ),
    effect("reset anomaly", "reset", replace(PROGRAMME, reset_anomaly=1.0)),
    effect("decaying charge", "rscd", replace(PROGRAMME, charge_decay=2.0)),
    effect("last frame", "lastframe", replace(PROGRAMME, last_frame=1.0)),
    effect(
        "settling dark", "dark_current", replace(PROGRAMME, nints=1, sky=3000.0, dark_settling=2.0)
    ),
    effect(
        "drifting outputs",
        "refpix",
        replace(
            PROGRAMME,
            subarray="FULL",
            ngroups=6,
            nints=1,
            sky=30.0,
            amplifier_offsets=True,
            odd_even_columns=True,
        ),
    ),
)
