"""Simulated exposures, references and truth.

* `simulate_files(options, output_dir, seed)` writes raw exposures, an offline reference
  cache, associations and the truth, and returns a `SimulatedSet` of paths.
* `simulate_exposure(options, seed)` does the same in memory: a `SimulatedExposure` with `uncal`,
  `truth`, `references` (by type) and `readout`. `simulate_exposures` iterates over several.
* `ImageSimulation` holds the options; `ImageSimulation(**QUIET)` is free of noise and defects.
  Its `detector` decides on the instrument. What detectors do besides is in `sim.effects`.
* `read_truth(path)` reads back a file of the truth.
"""

from webbcal.sim.program import (
    SimulatedExposure,
    SimulatedSet,
    simulate_exposure,
    simulate_exposures,
    simulate_files,
)
from webbcal.sim.settings import QUIET, ImageSimulation
from webbcal.sim.truth import Truth, read_truth

__all__ = [
    "QUIET",
    "ImageSimulation",
    "SimulatedExposure",
    "SimulatedSet",
    "Truth",
    "read_truth",
    "simulate_exposure",
    "simulate_exposures",
    "simulate_files",
]
