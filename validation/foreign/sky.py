"""Where pixels look: a pointing, and the references that say where on the sky they lie."""

from pathlib import Path
from typing import Any

from astropy import units
from astropy.modeling.models import Scale, Shift
from stdatamodels.jwst import datamodels

SCALE_ARCSEC = 0.031
V2_V3_ARCSEC = (90.0, -500.0)
RA_DEC_DEG = (245.98, 28.38)


def point(meta: Any, x: float, y: float) -> None:
    """Fill the keywords of a pointing; the reference pixel (x, y) counts from 1."""
    meta.wcsinfo.v2_ref, meta.wcsinfo.v3_ref = V2_V3_ARCSEC
    meta.wcsinfo.ra_ref, meta.wcsinfo.dec_ref = RA_DEC_DEG
    meta.wcsinfo.roll_ref, meta.wcsinfo.v3yangle, meta.wcsinfo.vparity = 0.0, 0.0, -1
    meta.wcsinfo.siaf_xref_sci, meta.wcsinfo.siaf_yref_sci = x, y
    meta.wcsinfo.crpix1, meta.wcsinfo.crpix2 = x, y
    meta.velocity_aberration.scale_factor = 1.0


def write_sky_references(spec: dict[str, Any], folder: Path, stem: str) -> dict[str, Path]:
    """Write an undistorted grid about the middle of the first exposure, and no offset of filters.

    For NIRCam, short wavelengths.
    """
    first = spec["exposures"][0]["frame"]
    x, y = (corner - 1 + (size - 1) / 2 for corner, size in zip(first[:2], first[2:], strict=True))
    grid = Shift(-x) & Shift(-y) | Scale(SCALE_ARCSEC) & Scale(SCALE_ARCSEC)
    grid = grid | Shift(V2_V3_ARCSEC[0]) & Shift(V2_V3_ARCSEC[1])
    distortion = datamodels.DistortionModel(
        model=grid, input_units=units.pixel, output_units=units.arcsec
    )
    offset = datamodels.FilteroffsetModel(
        filters=[{"filter": "F200W", "pupil": "CLEAR", "column_offset": 0.0, "row_offset": 0.0}],
        instrument=spec["instrument"],
    )
    files = {}
    for kind, model in (("distortion", distortion), ("filteroffset", offset)):
        meta = model.meta
        meta.author, meta.pedigree, meta.reftype = "foreign.py", "DUMMY", kind
        meta.description = f"{kind} of a detector that does not exist"
        meta.useafter, meta.telescope = "2020-01-01T00:00:00", "JWST"
        meta.instrument.name, meta.instrument.detector = spec["instrument"], spec["detector"]
        meta.instrument.channel, meta.instrument.module = "SHORT", spec["detector"][3]
        meta.exposure.type = spec["exp_type"]
        meta.input_units = units.pixel
        files[kind] = folder / f"{stem}_{kind}.asdf"
        model.save(str(files[kind]))
        model.close()
    return files
