"""Which sources a catalogue holds, and which of its entries are sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table

from validation.imaging.products import Image

MATCH_PIXELS = 2.0
STEP_MAG = 0.5


@dataclass(frozen=True)
class MagnitudeBin:
    """Sources within half a magnitude.

    Attributes
    ----------
    magnitude : float
        AB, middle of the bin.
    true, found : int
        True sources on the mosaic, and those of them in the catalogue.
    entries, real : int
        Entries of the catalogue of that magnitude, and those of them that are sources.
    """

    magnitude: float
    true: int
    found: int
    entries: int
    real: int

    @property
    def completeness(self) -> float:
        """Share of the sources that were found."""
        return self.found / self.true if self.true else np.nan

    @property
    def purity(self) -> float:
        """Share of the entries that are sources."""
        return self.real / self.entries if self.entries else np.nan


def measure_completeness(
    catalogue: Table, sources: Table, images: Sequence[Image], pixel_scale: float
) -> list[MagnitudeBin]:
    """Return completeness and purity by AB magnitude.

    Only sources that some exposure has on its pixels count. An entry is real if a source lies
    within two pixels, or within its own half-light radius.
    """
    true = SkyCoord(sources["ra"], sources["dec"], unit="deg")
    seen = np.zeros(len(true), bool)
    for image in images:
        seen[image.truth.positions["id"] - 1] = True
    found = SkyCoord(catalogue["sky_centroid"])
    _, distance, _ = true.match_to_catalog_sky(found)
    reach = MATCH_PIXELS * pixel_scale
    in_catalogue = distance.arcsec < reach
    nearest, back, _ = found.match_to_catalog_sky(true)
    real = back.arcsec < np.maximum(reach, np.asarray(sources["radius"])[nearest])
    true_mag = -2.5 * np.log10(np.asarray(sources["flux"]) / 3631)
    flux: np.ndarray = np.ma.filled(np.ma.asarray(catalogue["isophotal_flux"], dtype=float), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        entry_mag = -2.5 * np.log10(flux / 3631)
    low = np.floor(true_mag[seen].min() / STEP_MAG) * STEP_MAG
    high = max(true_mag[seen].max(), np.nanmax(entry_mag))
    bins = []
    for start in np.arange(low, high, STEP_MAG):
        here = seen & (true_mag >= start) & (true_mag < start + STEP_MAG)
        there = (entry_mag >= start) & (entry_mag < start + STEP_MAG)
        bins.append(
            MagnitudeBin(
                float(start + STEP_MAG / 2),
                int(here.sum()),
                int((here & in_catalogue).sum()),
                int(there.sum()),
                int((there & real).sum()),
            )
        )
    return bins


def plot_completeness(bins: Sequence[MagnitudeBin], path: Path) -> None:
    """Draw completeness and purity against magnitude."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="AB magnitude", ylabel="share", ylim=(0, 1.05))
    magnitude = [one.magnitude for one in bins]
    axes.step(magnitude, [b.completeness for b in bins], where="mid", label="completeness")
    axes.step(magnitude, [b.purity for b in bins], where="mid", label="purity", linestyle="--")
    axes.legend()
    figure.savefig(path, dpi=120)
