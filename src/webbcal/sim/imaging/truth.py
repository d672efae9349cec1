"""What was true of one exposure of the sky."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.sim.imaging.optics import FilePlane
from webbcal.sim.imaging.pointing import Attitude, View

POINTING = ("V2_REF", "V3_REF", "RA_REF", "DEC_REF", "ROLL_REF", "VA_SCALE")
POSITION_DTYPE = np.dtype([("id", "i4"), ("x", "f8"), ("y", "f8")])


@dataclass(frozen=True)
class SceneTruth:
    """The truth of one exposure of one detector.

    Attributes
    ----------
    keywords : mapping
        DETECTOR, FILTER; the true pointing V2_REF, V3_REF, RA_REF, DEC_REF, ROLL_REF and VA_SCALE,
        as headers have the planned one; XCORNER and YCORNER (first pixel of the image on the
        detector, from 0) and XSHIFT, YSHIFT (of the filter); SKY (MJy/sr).
    positions : numpy.ndarray
        `POSITION_DTYPE`: sources of the catalogue on the image, pixel from 0.
    missed : numpy.ndarray
        Cosmic rays left in a rate, `webbcal.sim.imaging.rates.MISSED_DTYPE`; none in raw
        exposures, whose own truth lists all.
    scene : numpy.ndarray or None
        float32 (y, x), MJy/sr: what a perfect calibration without noise would show.
    """

    keywords: Mapping[str, Any]
    positions: np.ndarray
    missed: np.ndarray
    scene: np.ndarray | None

    def view(self, distortion: Path) -> View:
        """Return the true relation of pixels and sky, by the distortion file of the detector."""
        k = self.keywords
        attitude = Attitude.of(
            (k["V2_REF"], k["V3_REF"]), (k["RA_REF"], k["DEC_REF"]), k["ROLL_REF"]
        )
        return View(
            FilePlane(distortion),
            attitude,
            (k["XCORNER"], k["YCORNER"]),
            (k["XSHIFT"], k["YSHIFT"]),
            (k["V2_REF"], k["V3_REF"]),
            k["VA_SCALE"],
        )


def write_scene(truth: SceneTruth, path: Path) -> None:
    """Write the truth as a FITS file: primary header, SCENE, MISSED, SOURCES."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    for name, value in truth.keywords.items():
        primary.header[name] = value
    units = fits.HDUList([primary])
    if truth.scene is not None:
        units.append(fits.ImageHDU(truth.scene, name="SCENE"))
        units["SCENE"].header["BUNIT"] = "MJy/sr"
    units.append(fits.BinTableHDU(truth.missed, name="MISSED"))
    units.append(fits.BinTableHDU(truth.positions, name="SOURCES"))
    partial = path.with_name(f".{path.name}.part")
    try:
        units.writeto(partial, overwrite=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_scene(path: Path) -> SceneTruth:
    """Read what `write_scene` wrote."""
    from astropy.io import fits

    with fits.open(path, memmap=False) as units:
        header = units[0].header
        names = (*POINTING, "XCORNER", "YCORNER", "XSHIFT", "YSHIFT", "SKY", "DETECTOR", "FILTER")
        data = {u.name: np.asarray(u.data) for u in units[1:]}
        native = {n: d.astype(d.dtype.newbyteorder("=")) for n, d in data.items()}
        return SceneTruth(
            {name: header[name] for name in names},
            native["SOURCES"],
            native["MISSED"],
            native.get("SCENE"),
        )
