"""1/f noise: what pixels read together share is removed by three ways of telling it.

What is faster stays: to whoever measures the noise of single pixels it is read noise, and the
read noise reference of these exposures holds it. The level is chosen such that the slow part
widens the pulls by several times the tolerance.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import webbcal
from validation.effects._effect import Effect, Measured
from validation.effects.persistence import compare
from webbcal.sim import QUIET, ImageSimulation, read_truth, simulate_files
from webbcal.sim.electronics import COMMON_PINK_DN, fast_variance, pink_shares
from webbcal.sim.readout import Readout
from webbcal.spec.references import REFERENCES

SEED = 5

WAVES_HZ = 1136.0
"""Up to which frequency waves in time follow the noise: the middle of where they fade out."""

IMAGE = ImageSimulation.from_mapping(
    {
        **QUIET,
        "photon_noise": True,
        "read_noise": True,
        "one_over_f": True,
        "one_over_f_level": 8.0,
        "detector": "NRCB1",
        "subarray": "512x256",
        "x_start": 401,
        "y_start": 401,
        "ngroups": 4,
        "stars": 40,
        "sky": 100.0,
        "flat": False,  # with one, the background is uneven, and apply_flat_field called for
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
    one_over_f_level=16.0,
)

WHOLE = replace(
    IMAGE,
    subarray="FULL",
    x_start=None,
    y_start=None,
    one_over_f_level=23.0,
    stars=0,
    sky=700.0,
    dark_frames=4,
)


def within_lines(programme: ImageSimulation, readout: Readout) -> float:
    """Return the variance of what medians of lines leave, DN^2."""
    return fast_variance(programme, readout)


def above_waves(programme: ImageSimulation, readout: Readout) -> float:
    """Return the variance of what waves in time leave, DN^2."""
    share, length = pink_shares(readout.scan_shape[0] * readout.row_clocks)
    hertz = np.arange(share.size) / (length * readout.instrument.clock_s)
    return float((programme.one_over_f_level * COMMON_PINK_DN) ** 2 * share[hertz > WAVES_HZ].sum())


def effect(
    name: str,
    programme: ImageSimulation,
    step: str,
    options: dict[str, Any],
    without: dict[str, Any],
    left: Callable[[ImageSimulation, Readout], float],
    seed: int = SEED,
) -> Effect:
    """Return the 1/f noise of an exposure, removed with some options and not without."""

    def measure(folder: Path, corrected: bool) -> Measured:
        files = simulate_files(programme, folder, seed=seed)
        readout = Readout.of(
            programme.chip, programme.window, programme.read_pattern, programme.ngroups, 1
        )
        _add_read_noise(files.references["readnoise"], left(programme, readout))
        references: dict[str, Path | None] = dict.fromkeys(REFERENCES) | dict(files.references)
        (outcome,) = webbcal.run(
            files.exposures[0],
            output_dir=folder,
            options={
                step: options if corrected else without,
                "jump": {"skip": True},  # there are no cosmic rays, and noise alone makes a bias
            },
            references=references,
            threads=2,
        )
        rate = webbcal.open(outcome.outputs["rate"])
        truth = read_truth(files.truths[0]).rate
        told = np.isfinite(rate.sci) & (rate.err > 0) & (truth > 0)
        return compare(rate.sci[told], rate.err[told], truth[told])

    return Effect(name, step, measure)


def _add_read_noise(path: Path, variance: float) -> None:
    """Add the variance of a read to a reference for the difference of two, DN."""
    from astropy.io import fits

    with fits.open(path, mode="update", memmap=False) as file:
        pair = file["SCI"].data.astype(float)
        file["SCI"].data = np.sqrt(pair**2 + 2 * variance).astype(np.float32)


def effects(seed: int = SEED) -> tuple[Effect, ...]:
    """Return the effects with their noise drawn anew for each seed."""
    clean, skip = "clean_flicker_noise", {"skip": True}
    return (
        effect(
            "1/f noise, medians of rows", IMAGE, clean, {"skip": False}, skip, within_lines, seed
        ),
        effect(
            "1/f noise, waves in time",
            SPECTRUM,
            clean,
            {"skip": False, "fit_method": "fft"},
            skip,
            above_waves,
            seed,
        ),
        effect(
            "1/f noise, filters of side columns",
            WHOLE,
            "refpix",
            {"refpix_algorithm": "sirs"},
            {"use_side_ref_pixels": False},
            within_lines,
            seed,
        ),
    )


EFFECTS: tuple[Effect, ...] = effects()
