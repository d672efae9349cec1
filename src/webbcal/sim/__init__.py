"""Simulated exposures, references and truth.

* `simulate_files(options, output_dir, seed)` writes raw exposures, an offline reference
  cache, associations and the truth, and returns a `SimulatedSet` of paths.
* `simulate_exposure(options, seed)` does the same in memory: a `SimulatedExposure` with `uncal`,
  `truth`, `references` (by type) and `readout`. `simulate_exposures` iterates over several.
* `ImageSimulation` holds the options; `ImageSimulation(**QUIET)` is free of noise and defects.
  Its `detector` decides on the instrument. What detectors do besides is in `sim.effects`.
* `read_truth(path)` reads back a file of the truth.

Images of one field of the sky by several detectors and dithers, through to mosaics:

* ``simulate_files(ImagingProgramme(detectors="NRCB1,NRCB2", subarray="FULL", exposures=4,
  products="rate"), folder, seed)``, or ``webbcal simulate nircam-image -o folder --option
  products=rate --option subarray=FULL``. `ImagingProgramme` is an `ImageSimulation`, with
  distortion, pointing errors, stars and galaxies in right ascension and declination, sky levels,
  and cosmic rays that stage 1 missed.
* The folder gets ``*_rate.fits`` (or ``*_uncal.fits``), the associations of both levels, ``crds/``
  with all references up to the source catalogue, ``reference_catalogue.ecsv`` (survey epoch,
  proper motions), ``reference_at_epoch.ecsv``, ``truth/catalogue.ecsv`` (ra, dec, flux in Jy,
  rate) and a ``truth/*_scene.fits`` per exposure: `read_scene(path)` gives true pointing, sky
  level, scene, positions of the sources and cosmic rays that are left, and
  ``.view(distortion_file)`` the true relation of pixels and sky.
"""

from webbcal.sim.files import simulate_files
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.imaging.truth import SceneTruth, read_scene
from webbcal.sim.program import (
    SimulatedExposure,
    SimulatedSet,
    simulate_exposure,
    simulate_exposures,
)
from webbcal.sim.settings import QUIET, ImageSimulation
from webbcal.sim.truth import Truth, read_truth

__all__ = [
    "QUIET",
    "ImageSimulation",
    "ImagingProgramme",
    "SceneTruth",
    "SimulatedExposure",
    "SimulatedSet",
    "Truth",
    "read_scene",
    "read_truth",
    "simulate_exposure",
    "simulate_exposures",
    "simulate_files",
]
