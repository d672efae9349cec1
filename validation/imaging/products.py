"""The products of a calibrated programme, each beside its truth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.table import Table

from webbcal.io.read import open_product
from webbcal.sim import SceneTruth, read_scene
from webbcal.sim.imaging.optics import plane_of
from webbcal.sim.imaging.pointing import Attitude, View
from webbcal.sim.instruments import DETECTORS

NAME = re.compile(r"(jw\d{11}_\d{5}_\d{5})_([a-z0-9]+)(?:_[a-z0-9]+)?_(cal|crf)\.fits")


@dataclass(frozen=True)
class Image:
    """One calibrated exposure of one detector.

    Attributes
    ----------
    path : Path
        Product: crf, or cal.
    group : str
        What it shares with the other detectors of its exposure.
    truth : SceneTruth
        What was true of it.
    view : View
        True relation of its pixels and the sky.
    raw_truth : Path or None
        Truth of the raw exposure that it began with, if it was one.
    """

    path: Path
    group: str
    truth: SceneTruth
    view: View
    raw_truth: Path | None = None

    @cached_property
    def wcs(self) -> Any:
        """World coordinates that the product claims."""
        return open_product(self.path).wcs

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        header = fits.getheader(self.path, "SCI")
        return header["NAXIS2"], header["NAXIS1"]

    @cached_property
    def hits(self) -> np.ndarray:
        """Pixels hit by cosmic rays, structured: y, x, and sigma, how far off the image is there.

        Where rates were simulated, those that their cosmic-ray search is said to have missed.
        Where raw exposures were, all, with what is left of them after stage 1: image minus truth
        in standard deviations, each pixel once; NaN where the image has no value.
        """
        if self.raw_truth is None:
            return self.truth.missed
        assert self.truth.scene is not None
        table = fits.getdata(self.raw_truth, "HITS")
        y, x = np.unique(np.stack([table["y"], table["x"]]).astype(int), axis=1)
        # Flagged pixels have no value later.
        before = self.path.with_name(
            re.sub(r"(_[a-z0-9]+)?_crf\.fits$", "_cal.fits", self.path.name)
        )
        with fits.open(before, memmap=False) as units:
            sci, err = (np.asarray(units[name].data)[y, x] for name in ("SCI", "ERR"))
        found = np.zeros(len(y), [("y", "i4"), ("x", "i4"), ("sigma", "f8")])
        found["y"], found["x"] = y, x
        with np.errstate(invalid="ignore", divide="ignore"):
            found["sigma"] = (sci - self.truth.scene[y, x]) / err
        return found

    def header(self) -> fits.Header:
        """Return all keywords of the primary and the SCI header."""
        header = fits.getheader(self.path)
        header.update(fits.getheader(self.path, "SCI"))
        return header

    def plane(self, name: str) -> np.ndarray:
        """Return an array."""
        with fits.open(self.path, memmap=False) as units:
            data = np.asarray(units[name].data)
        return data.astype(data.dtype.newbyteorder("="))


@dataclass(frozen=True)
class Programme:
    """All products of a programme, and the catalogue of the truth.

    Attributes
    ----------
    images, before : tuple of Image
        After stage 3 (crf), and before (cal).
    mosaic, catalogue : Path or None
        Combined products.
    sources : Table
        The true sources.
    apcorr : Path or None
        Reference that tells the apertures.
    """

    images: tuple[Image, ...]
    before: tuple[Image, ...]
    mosaic: Path | None
    catalogue: Path | None
    sources: Table
    apcorr: Path | None

    @property
    def instrument(self) -> str:
        """Name of the instrument."""
        return DETECTORS[self.before[0].truth.keywords["DETECTOR"]].instrument

    @property
    def pixel_scale(self) -> float:
        """Of the detectors, arcsec."""
        return DETECTORS[self.before[0].truth.keywords["DETECTOR"]].pixel_scale


def images_in(folder: Path, simulation: Path, suffix: str) -> tuple[Image, ...]:
    """Return the exposures of a folder, by name."""
    found = []
    for path in sorted(folder.glob(f"*_{suffix}.fits")):
        match = NAME.fullmatch(path.name)
        if match is None:
            continue
        root = f"{match[1]}_{match[2]}"
        scene = simulation / "truth" / f"{root}_scene.fits"
        raw = simulation / "truth" / f"{root}_truth.fits"
        if not scene.exists():
            continue
        truth = read_scene(scene)
        view = true_view(truth, simulation)
        found.append(Image(path, match[1], truth, view, raw if raw.exists() else None))
    return tuple(found)


def true_view(truth: SceneTruth, simulation: Path) -> View:
    """Return the true relation of pixels and sky, by the distortion in the reference cache."""
    k = truth.keywords
    plane = plane_of(DETECTORS[k["DETECTOR"]], str(simulation / "crds" / "references"))
    place = (k["V2_REF"], k["V3_REF"])
    attitude = Attitude.of(place, (k["RA_REF"], k["DEC_REF"]), k["ROLL_REF"])
    corner, shift = (k["XCORNER"], k["YCORNER"]), (k["XSHIFT"], k["YSHIFT"])
    return View(plane, attitude, corner, shift, place, k["VA_SCALE"])


def load(folder: Path, simulation: Path) -> Programme:
    """Find the products of a programme in a folder.

    Raises
    ------
    SystemExit
        If there are none with a truth.
    """
    before = images_in(folder, simulation, "cal")
    after = images_in(folder, simulation, "crf")
    if not before and not after:
        raise SystemExit(f"no cal or crf files in {folder} that {simulation} knows the truth of")
    mosaic = _combined(folder, "_i2d.fits")
    catalogue = _combined(folder, "_cat.ecsv")
    sources = Table.read(simulation / "truth" / "catalogue.ecsv")
    apcorr = next((simulation / "crds" / "references").rglob("*_apcorr_*.fits"), None)
    return Programme(after or before, before or after, mosaic, catalogue, sources, apcorr)


def _combined(folder: Path, ending: str) -> Path | None:
    found: Sequence[Path] = sorted(p for p in folder.glob(f"*{ending}") if "-o" in p.name[:15])
    return found[0] if found else None
