"""Simulated exposures whose pixels form a ladder of brightness, and their calibration."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

import webbcal
from webbcal.io.write import write_product
from webbcal.sim.crds_cache import write_cache
from webbcal.sim.keywords import exposure_meta, root_name
from webbcal.sim.pixels import Pixels, make_pixels
from webbcal.sim.ramps import expose
from webbcal.sim.readout import Readout
from webbcal.sim.references import make_references
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.products import Uncal

STRIPE = 4
"""Columns of one level next to each other."""

WHITE: dict[str, Any] = {
    "amplifier_offsets": False,
    "odd_even_columns": False,
    "one_over_f": False,
    "cosmic_rays": 0.0,
    "snowballs": 0.0,
    "hot_pixels": False,
    "dead_pixels": False,
    "stars": 0,
}
"""Photon noise, white read noise and the bias of the pixels; nothing correlated, no particles."""

CORRELATED = WHITE | {"amplifier_offsets": True, "odd_even_columns": True, "one_over_f": True}


@dataclass(frozen=True)
class Ladder:
    """A simulated exposure on disk and what is true of it.

    Arrays (y, x): `level` index into `electrons`; `rate` DN/s; `hits` structured as in
    `webbcal.sim.ramps.Ramps`.
    """

    uncal: Path
    cache: Path
    readout: Readout
    pixels: Pixels
    electrons: np.ndarray
    level: np.ndarray
    rate: np.ndarray
    hits: np.ndarray
    saturation_group: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """Pixels that see light and are neither hot nor dead."""
        return np.asarray(~(self.pixels.reference | self.pixels.dead | self.pixels.hot))


def make_ladder(
    options: ImageSimulation, electrons: Sequence[float], folder: Path, seed: int
) -> Ladder:
    """Simulate an exposure in which each pixel collects one of some numbers of electrons.

    `electrons` are those of an integration, from the reset to the last frame, in a pixel of
    response one.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    readout = Readout.of(
        options.chip, options.window, options.read_pattern, options.ngroups, options.nints
    )
    pixels = make_pixels(options, readout, seed)
    columns = np.arange(readout.shape[1]) // STRIPE % len(electrons)
    level = np.broadcast_to(columns, readout.shape)
    scene = np.asarray(electrons, dtype=float)[level] / readout.integration_time_s
    ramps = expose(options, readout, pixels, scene, seed)
    uncal = Uncal(
        meta=exposure_meta(options, readout, 0, (0.0, 0.0)),
        sci=ramps.groups,
    )
    path = folder / f"{root_name(options, 0)}_uncal.fits"
    write_product(uncal, path)
    references = make_references(options, readout, pixels, seed)
    write_cache(references, options, readout.outputs, folder / "crds")
    return Ladder(
        path,
        folder / "crds",
        readout,
        pixels,
        np.asarray(electrons, dtype=float),
        level,
        scene * pixels.response / pixels.gain,
        ramps.hits,
        ramps.saturation_group,
    )


def calibrate(
    ladder: Ladder, name: str, *, ramp: bool = False, **settings: Any
) -> dict[str, dict[str, np.ndarray]]:
    """Calibrate with webbcal; return arrays by product and extension."""
    folder = ladder.uncal.parent / name
    outcome = webbcal.run(
        ladder.uncal,
        output_dir=folder,
        reference_folder=ladder.cache / "references/jwst",
        references={"ipc": None},
        save=("ramp",) if ramp else (),
        **settings,
    )[0]
    return {suffix: read_arrays(path) for suffix, path in outcome.outputs.items()}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the image extensions of a product by name."""
    with fits.open(path, memmap=False) as units:
        return {u.name: u.data for u in units[1:] if u.is_image and u.data is not None}
