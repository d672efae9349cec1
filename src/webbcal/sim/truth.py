"""What a perfect calibration would find, beside each simulated exposure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from webbcal.sim.pixels import Pixels

REFERENCE, DEAD, HOT = 1, 2, 4
OWN = frozenset(
    (
        *("RATE", "SCENE", "SATGROUP", "GAIN", "RESPONSE", "DARKRATE", "RDNOISE", "FULLWELL"),
        *("KIND", "HITS", "STARS", "VARIABLE", "LIGHTCRV"),
    )
)
"""Extensions that every file of the truth has."""


@dataclass(frozen=True)
class Truth:
    r"""The truth of one exposure.

    Attributes
    ----------
    rate : numpy.ndarray
        float64 (y, x), DN/s, what the rate product should hold: scene rate times response over
        gain, :math:`r f / g`. The dark is not in it (stage 1 subtracts it), the flat field is
        (stage 2 divides by it), cosmic rays are not. Reference pixels are 0.
    scene : numpy.ndarray
        float64 (y, x), electron/s on pixels of response one.
    hits : numpy.ndarray
        Cosmic rays and snowballs by event and pixel, as in `webbcal.sim.ramps.Ramps`.
    saturation_group : numpy.ndarray
        int16 (integration, y, x), likewise.
    catalogue : numpy.ndarray
        Stars, as in `webbcal.sim.scene.Scene`.
    pixels : Pixels
        What the pixels are like.
    effects : mapping
        What effects of the detector did, by name; read back from a file in any extension that
        is not one of the others.
    variable_rate : numpy.ndarray or None
        float64 (y, x), DN/s: the star that a time series follows, at a relative flux of one.
    light_curve : numpy.ndarray or None
        Structured, by integration of the file: integration (in the exposure, from 1), mid_time
        (MJD, UTC), flux (relative). `rate` and `scene` have the mean of these.
    """

    rate: np.ndarray
    scene: np.ndarray
    hits: np.ndarray
    saturation_group: np.ndarray
    catalogue: np.ndarray
    pixels: Pixels
    effects: Mapping[str, np.ndarray] = field(default_factory=dict)
    variable_rate: np.ndarray | None = None
    light_curve: np.ndarray | None = None

    def rate_of(self, integration: int) -> np.ndarray:
        """Return what the rate product of one integration of the file should hold, DN/s."""
        if self.variable_rate is None or self.light_curve is None:
            return self.rate
        flux = self.light_curve["flux"]
        return self.rate + self.variable_rate * float(flux[integration] - flux.mean())

    @property
    def good(self) -> np.ndarray:
        """Light-sensitive pixels that are neither dead nor hot, bool (y, x)."""
        pixels = self.pixels
        bad: np.ndarray = pixels.reference | pixels.dead | pixels.hot
        return ~bad


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as a FITS file.

    Extensions: RATE (DN/s), SCENE (electron/s), SATGROUP, HITS, STARS, and the pixel maps GAIN
    (electron/DN), RESPONSE, DARKRATE (electron/s), RDNOISE (DN, one read), FULLWELL (DN), KIND
    (sum of 1 reference, 2 dead, 4 hot). Of a time series besides VARIABLE (DN/s) and LIGHTCRV.
    """
    from astropy.io import fits

    pixels = truth.pixels
    images = {
        "RATE": (truth.rate.astype("f4"), "DN/s"),
        "SCENE": (truth.scene.astype("f4"), "electron/s"),
        "SATGROUP": (truth.saturation_group, ""),
        "GAIN": (pixels.gain, "electron/DN"),
        "RESPONSE": (pixels.response, ""),
        "DARKRATE": (pixels.dark_rate, "electron/s"),
        "RDNOISE": (pixels.read_noise, "DN"),
        "FULLWELL": (pixels.full_well, "DN"),
        "KIND": (_kinds(pixels), ""),
    }
    if truth.variable_rate is not None:
        images["VARIABLE"] = (truth.variable_rate.astype("f4"), "DN/s")
    units = fits.HDUList([fits.PrimaryHDU()])
    for name, (data, unit) in images.items():
        image = fits.ImageHDU(data, name=name)
        if unit:
            image.header["BUNIT"] = unit
        units.append(image)
    for name, data in truth.effects.items():
        kind = fits.BinTableHDU if data.dtype.names else fits.ImageHDU
        units.append(kind(data, name=name))
    if truth.light_curve is not None:
        units.append(fits.BinTableHDU(truth.light_curve, name="LIGHTCRV"))
    units.append(fits.BinTableHDU(truth.hits, name="HITS"))
    units.append(fits.BinTableHDU(truth.catalogue, name="STARS"))
    # Whole or not at all, like the products.
    partial = path.with_name(f".{path.name}.part")
    try:
        units.writeto(partial, overwrite=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _kinds(pixels: Pixels) -> np.ndarray:
    kinds = np.zeros(pixels.gain.shape, np.uint8)
    for bit, where in ((REFERENCE, pixels.reference), (DEAD, pixels.dead), (HOT, pixels.hot)):
        kinds[where] |= bit
    return kinds


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote; bias and nonlinearity of the pixels come back as NaN."""
    from astropy.io import fits

    with fits.open(path, memmap=False) as units:
        data = {u.name: np.asarray(u.data) for u in units[1:]}
    image = {n: d.astype(d.dtype.newbyteorder("=")) for n, d in data.items() if d.dtype.kind != "V"}
    unknown = np.full(image["GAIN"].shape, np.nan, np.float32)
    kind = image["KIND"]
    pixels = Pixels(
        gain=image["GAIN"],
        response=image["RESPONSE"],
        dark_rate=image["DARKRATE"],
        read_noise=image["RDNOISE"],
        bias=unknown,
        quadratic=unknown,
        cubic=unknown,
        full_well=image["FULLWELL"],
        reference=(kind & REFERENCE) != 0,
        dead=(kind & DEAD) != 0,
        hot=(kind & HOT) != 0,
    )
    native = {name: d.astype(d.dtype.newbyteorder("=")) for name, d in data.items()}
    return Truth(
        rate=image["RATE"].astype(np.float64),
        scene=image["SCENE"].astype(np.float64),
        hits=native["HITS"],
        saturation_group=image["SATGROUP"],
        catalogue=native["STARS"],
        pixels=pixels,
        effects={name: d for name, d in native.items() if name not in OWN},
        variable_rate=native["VARIABLE"].astype(np.float64) if "VARIABLE" in native else None,
        light_curve=native.get("LIGHTCRV"),
    )
