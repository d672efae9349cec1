"""Extended events: snowballs and what they leave behind, showers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.persistence import compare
from webbcal.sim import QUIET, ImageSimulation, Truth, read_truth, simulate_files
from webbcal.sim.cosmic_rays import SHOWER, SNOWBALL
from webbcal.spec.references import REFERENCES

NOISE: dict[str, Any] = {**QUIET, "photon_noise": True, "read_noise": True, "bias_structure": True}

LEAST = 0.3
"""Charge that counts, relative to the noise of a difference of two groups."""

Select = Callable[[Truth, ImageSimulation, float], np.ndarray]


def charge_of(truth: Truth, kind: int, programme: ImageSimulation) -> np.ndarray:
    """Return the charge of events of a kind, electron, float32 (integration, group, y, x)."""
    charge = np.zeros((programme.nints, programme.ngroups + 1, *truth.rate.shape), np.float32)
    hits = truth.hits[truth.hits["kind"] == kind]
    index = tuple(hits[name] for name in ("integration", "group", "y", "x"))
    np.add.at(charge, index, hits["electrons"])
    inside: np.ndarray = charge[:, : programme.ngroups]
    return inside


def noise_of(truth: Truth, group_time: float) -> np.ndarray:
    """Return the standard deviation of a difference of two groups, electron, float64 (y, x)."""
    pixels = truth.pixels
    noise: np.ndarray = np.sqrt(
        truth.rate * pixels.gain * group_time + 2 * (pixels.read_noise * pixels.gain) ** 2
    )
    return noise


def in_halo(truth: Truth, programme: ImageSimulation, group_time: float) -> np.ndarray:
    """Return the pixels that snowballs reach and do not saturate."""
    charge = charge_of(truth, SNOWBALL, programme)
    full = truth.pixels.full_well * truth.pixels.gain
    some = np.any(charge[:, 1:] > LEAST * noise_of(truth, group_time), axis=(0, 1))
    return np.logical_and(some, np.all(charge < 0.5 * full, axis=(0, 1)))


def in_core(truth: Truth, programme: ImageSimulation, group_time: float) -> np.ndarray:
    """Return the pixels that snowballs saturate in the first integration, but not early."""
    charge = charge_of(truth, SNOWBALL, programme)
    full = truth.pixels.full_well * truth.pixels.gain
    late = charge[0, programme.ngroups // 2 :]
    others = charge.sum(axis=(0, 1)) - late.sum(axis=0)
    return np.logical_and(np.any(late > full, axis=0), others < noise_of(truth, group_time))


def in_shower(truth: Truth, programme: ImageSimulation, group_time: float) -> np.ndarray:
    """Return the pixels that showers reach."""
    charge = charge_of(truth, SHOWER, programme)
    return np.asarray(np.any(charge[:, 1:] > LEAST * noise_of(truth, group_time), axis=(0, 1)))


def effect(
    name: str,
    option: str,
    programme: ImageSimulation,
    select: Select,
    steps: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Effect:
    """Return an effect that an option of the jump search turns off; `steps` are other options."""

    def measure(folder: Path, corrected: bool) -> Measured:
        files = simulate_files(programme, folder, seed=seed)
        references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
        (outcome,) = webbcal.run(
            files.exposures[0],
            output_dir=folder,
            options={**steps, "jump": {**steps.get("jump", {}), option: corrected}},
            references=references,
            threads=2,
        )
        rate = webbcal.open(outcome.outputs["rate"])
        truth = read_truth(files.truths[0])
        told = select(truth, programme, rate.meta.exposure.group_time)
        told &= truth.good & np.isfinite(rate.sci) & (rate.err > 0)
        return compare(rate.sci[told], rate.err[told], truth.rate[told])

    return Effect(name, "jump", measure)


SNOWBALLS = ImageSimulation(
    detector="NRCA1",
    subarray="200x400",
    readpatt="BRIGHT2",
    ngroups=10,
    nints=2,
    stars=0,
    sky=100.0,
    **{**NOISE, "snowballs": 250.0},
)
SHOWERS = ImageSimulation(
    detector="MIRIMAGE",
    subarray="256x256",
    ngroups=30,
    nints=2,
    stars=0,
    sky=500.0,
    **{**NOISE, "showers": 40.0},
)

AFTERWARDS = replace(SNOWBALLS, ngroups=20, sky=1000.0, traps=20.0, snowballs=1500.0)

EFFECTS: tuple[Effect, ...] = (
    effect("snowball", "expand_large_events", SNOWBALLS, in_halo, {}, 5),
    effect(
        "core of a snowball, afterwards",
        "mask_snowball_core_next_int",
        AFTERWARDS,
        in_core,
        {"jump": {"expand_large_events": True}, "persistence": {"skip": True}},
        6,
    ),
    effect("shower", "find_showers", SHOWERS, in_shower, {}, 5),
)
