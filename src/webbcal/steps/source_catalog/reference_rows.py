"""Which rows of the references apply to an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.meta import Meta
from webbcal.spec.references import ApertureCorrection, VegaOffset
from webbcal.steps.source_catalog.detection import FWHM_PER_SIGMA

_KEYS: Mapping[str, tuple[str, ...]] = {
    "NIRCAM": ("filter", "pupil"),
    "NIRISS": ("filter", "pupil"),
    "MIRI": ("filter", "subarray"),
    "FGS": (),
}
_OFFSET_KEYS: Mapping[str, tuple[str, ...]] = {**_KEYS, "MIRI": ("filter",), "FGS": ("detector",)}
HALF = 50  # percent
_GENERIC = {"", "N/A", "ANY", "GENERIC", "NONE"}


@dataclass(frozen=True)
class Apertures:
    """Apertures of an image, by their encircled energy, ascending.

    Attributes
    ----------
    energies : tuple of int
        Percent.
    radii, corrections : numpy.ndarray
        float64; radii in pixels of the image.
    sky_inner, sky_outer : float
        Ring of the local background, pixels of the image.
    """

    energies: tuple[int, ...]
    radii: np.ndarray
    corrections: np.ndarray
    sky_inner: float
    sky_outer: float

    @property
    def window(self) -> float:
        """Standard deviation of a Gaussian curve as wide as the circle with half of the light.

        Pixels of the image; of the aperture nearest to half of the light. Source: E. Bertin,
        SExtractor manual, windowed positional parameters.
        """
        nearest = int(np.argmin(np.abs(np.array(self.energies) - HALF)))
        return float(2 * self.radii[nearest] / FWHM_PER_SIGMA)


def choose_apertures(
    reference: ApertureCorrection, meta: Meta, energies: tuple[int, ...], scale_ratio: float
) -> Apertures:
    """Return the apertures for an image whose pixels are `scale_ratio` of those of the detector.

    Raises
    ------
    CannotCalibrate
        No row for the optical elements, or for one of the encircled energies.

    Source: JWST User Documentation, source_catalog reference files: rows by optical element.
    """
    table = {name.lower(): reference.apcorr_table[name] for name in _names(reference.apcorr_table)}
    rows = _matching("apcorr", table, meta, _KEYS)
    needed = ("eefraction", "radius", "apcorr", "skyin", "skyout")
    if missing := [name for name in needed if name not in table]:
        raise CannotCalibrate(f"the apcorr reference lacks the column {missing[0]}")
    percent = np.rint(np.asarray(table["eefraction"], np.float64)[rows] * 100)
    chosen = []
    for energy in energies:
        places = np.flatnonzero(percent == energy)
        if places.size == 0:
            have = ", ".join(f"{value:.0f}" for value in sorted(set(percent)))
            raise CannotCalibrate(
                f"the apcorr reference has no aperture of {energy} percent for this image "
                f"(it has {have})"
            )
        chosen.append(rows[places[0]])
    column = {name: np.asarray(table[name], np.float64)[chosen] for name in needed}
    radii = column["radius"] / scale_ratio
    inner, outer = float(column["skyin"][0]), float(column["skyout"][0])
    usable = np.isfinite(radii).all() and (radii > 0).all() and 0 <= inner < outer
    if not usable or not (column["apcorr"] > 0).all():
        raise CannotCalibrate("the apcorr reference holds nonsense for this image")
    return Apertures(energies, radii, column["apcorr"], inner / scale_ratio, outer / scale_ratio)


def vega_offset(reference: VegaOffset, meta: Meta) -> float:
    """Return AB minus Vega magnitude.

    Raises
    ------
    CannotCalibrate
        No row for the optical elements.

    Source: JWST User Documentation, source_catalog reference files: ABVEGAOFFSET.
    """
    offsets = reference.offsets
    names = list(getattr(offsets, "colnames", None) or offsets)
    table = {str(name).lower(): np.atleast_1d(np.asarray(offsets[name])) for name in names}
    if "abvega_offset" not in table:
        raise CannotCalibrate("the abvegaoffset reference lacks the column abvega_offset")
    rows = _matching("abvegaoffset", table, meta, _OFFSET_KEYS)
    return float(table["abvega_offset"][rows[0]])


def _names(table: np.ndarray) -> tuple[str, ...]:
    return tuple(table.dtype.names or ())


def _word(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip().upper()


def _matching(
    reftype: str,
    table: Mapping[str, np.ndarray],
    meta: Meta,
    keys_of: Mapping[str, tuple[str, ...]],
) -> np.ndarray:
    """Return the rows whose keys are those of the image, else those that are for any."""
    name = _word(meta.instrument.name)
    if name not in keys_of:
        raise CannotCalibrate(f"no {reftype} rows are defined for {name}")
    keys = [key for key in keys_of[name] if key in table]
    count = len(next(iter(table.values())))
    exact, generic = np.ones(count, bool), np.ones(count, bool)
    wanted = {}
    for key in keys:
        place = "subarray.name" if key == "subarray" else f"instrument.{key}"
        wanted[key] = _word(meta.lookup(place, ""))
        words = np.array([_word(value) for value in table[key]])
        same = words == wanted[key]
        exact &= same
        generic &= same | np.isin(words, sorted(_GENERIC)) if key == "subarray" else same
    rows = np.flatnonzero(exact if exact.any() else generic)
    if rows.size == 0:
        elements = ", ".join(f"{key} {value}" for key, value in wanted.items()) or name
        raise CannotCalibrate(f"the {reftype} reference has no row for {elements}")
    return rows
