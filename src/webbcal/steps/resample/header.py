"""Metadata of a mosaic."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from webbcal.geometry.footprints import counterclockwise, cut, union
from webbcal.geometry.imaging import ARCSEC
from webbcal.geometry.mosaic_grid import Grid, corners
from webbcal.spec.blending import blend
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._set import groups_of
from webbcal.steps.resample.options import ResampleOptions

OF_ONE_DETECTOR = ("v2_ref", "v3_ref", "ra_ref", "dec_ref", "roll_ref", "v3yangle", "vparity")
"""Entries of ``wcsinfo`` that a mosaic does not have."""

DISTORTION = ("a_", "b_", "ap_", "bp_", "sip", "cd")
"""Beginnings of entries of ``wcsinfo`` that tell of distortion."""


def mosaic_meta(
    images: Sequence[Cal], grid: Grid, options: ResampleOptions, factors: tuple[float, float]
) -> Meta:
    """Return the metadata of a mosaic.

    Parameters
    ----------
    images : sequence of Cal
        That it combines.
    grid : Grid
        Its pixels.
    options : ResampleOptions
        As used.
    factors : tuple of float
        Of the errors, for one pixel alone and for large apertures.
    """
    metas = [image.meta for image in images]
    meta = metas[0]
    if options.blendheaders and len(images) > 1:
        meta = blend(metas)
    changes: dict[str, Any] = {
        f"wcsinfo.{name}": None
        for name in meta.wcsinfo
        if name in OF_ONE_DETECTOR or name.startswith(DISTORTION)
    }
    changes |= {f"wcsinfo.{name}": value for name, value in grid.tangent.keywords().items()}
    changes |= {
        "wcs": grid.wcs,
        "wcsinfo.s_region": region(images, grid),
        "background.level": None,
        "background.subtracted": _sky_is_gone(metas),
        "resample.pointings": len(groups_of(images)),
        "resample.pixel_scale_ratio": grid.ratio,
        "resample.pixfrac": options.pixfrac,
        "resample.weight_type": options.weight_type,
        "resample.noise_factor_pixel": _finite(factors[0]),
        "resample.noise_factor_large": _finite(factors[1]),
        "photometry.pixelarea_arcsecsq": grid.pixel_area,
        "photometry.pixelarea_steradians": float(grid.pixel_area * np.deg2rad(ARCSEC) ** 2),
    }
    if len(images) > 1:
        changes |= _times(images)
    return meta.replace(changes)


def _sky_is_gone(metas: Sequence[Meta]) -> bool | None:
    """Tell whether the sky of all exposures is subtracted in the mosaic; None: no sky is known."""
    known = [meta.background.lookup("level") is not None for meta in metas]
    known = [k or bool(meta.background.subtracted) for k, meta in zip(known, metas, strict=True)]
    return all(known) if any(known) else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _times(images: Sequence[Cal]) -> Mapping[str, Any]:
    """Return the times of all exposures together; those taken together count once."""
    times = [image.meta.exposure for image in images]
    firsts = [times[members[0]] for members in groups_of(images).values()]
    found: dict[str, Any] = {}
    for name, of, rule in (
        ("start_time", times, min),
        ("end_time", times, max),
        ("effective_exposure_time", firsts, sum),
        ("exposure_time", firsts, sum),
        ("measurement_time", firsts, sum),
    ):
        values = [exposure.lookup(name) for exposure in of]
        if all(value is not None for value in values):
            found[f"exposure.{name}"] = rule(values)
        elif name == "measurement_time":
            found[f"exposure.{name}"] = None
    return found


def region(images: Sequence[Cal], grid: Grid) -> str:
    """Return the part of the sky that images cover of a grid, as polygons.

    Returns
    -------
    str
        ``POLYGON ICRS`` with right ascension and declination of each corner in degrees, to
        3.6 micro-arcsec; one after the other where images lie apart.

    Source: Space-Time Coordinate metadata linear string implementation, section 4.
    """
    parts = []
    for image in images:
        x, y = grid.wcs.invert(*corners(image.world), with_bounding_box=False)
        part = cut(counterclockwise(np.stack([x, y], axis=1)), grid.shape)
        if part is not None:
            parts.append(part)
    if not parts:
        return ""
    words = []
    for polygon in union(parts):
        ra, dec = grid.wcs(*polygon.T, with_bounding_box=False)
        numbers = " ".join(f"{v:.9f}" for corner in zip(ra, dec, strict=True) for v in corner)
        words.append(f"POLYGON ICRS  {numbers}")
    return " ".join(words)
