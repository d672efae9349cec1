"""Folders of small products as a run of stages 2 and 3 leaves them, made by `io` alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, Cat, I2d, Rate, Segm
from webbcal.spec.products.catalogs import CATALOG_COLUMNS

SIDE = 96
SCALE = 0.031 / 3600.0
RA, DEC = 80.4903, -69.4978
JUMPS, SATURATED, OUTLIERS, UNUSABLE = 120, 30, 12, 55


def region(ra: float, dec: float, half: float) -> str:
    """Return a square footprint, half a side in degrees."""
    across = half / np.cos(np.radians(dec))
    corners = [(across, -half), (across, half), (-across, half), (-across, -half)]
    return "POLYGON ICRS  " + " ".join(f"{ra + x:.9f} {dec + y:.9f}" for x, y in corners)


def coordinates(ra: float, dec: float, side: int) -> dict[str, Any]:
    """Return the linear part of FITS coordinates, north up, east to the left."""
    return {
        "ctype1": "RA---TAN",
        "ctype2": "DEC--TAN",
        "cunit1": "deg",
        "cunit2": "deg",
        "crpix1": side / 2 + 0.5,
        "crpix2": side / 2 + 0.5,
        "crval1": ra,
        "crval2": dec,
        "cdelt1": SCALE,
        "cdelt2": SCALE,
        "pc1_1": -1.0,
        "pc1_2": 0.0,
        "pc2_1": 0.0,
        "pc2_2": 1.0,
        "s_region": region(ra, dec, side / 2 * SCALE),
    }


def exposure_meta(dither: int, detector: str, ra: float, dec: float, **more: Any) -> Meta:
    """Return the metadata of an exposure."""
    return Meta(
        {
            "telescope": "JWST",
            "filename": f"jw99001001001_02101_{dither:05d}_{detector.lower()}_cal.fits",
            "observation": {
                "program_number": "99001",
                "observation_number": "001",
                "visit_number": "001",
                "visit_group": "02",
                "sequence_id": "1",
                "activity_id": "01",
                "exposure_number": str(dither),
                "date": "2026-11-21",
                "time": "12:00:00.000",
            },
            "target": {"catalog_name": "A FIELD", "proposer_name": "A-FIELD"},
            "instrument": {"name": "NIRCAM", "detector": detector, "filter": "F200W"},
            "exposure": {"type": "NRC_IMAGE", "effective_exposure_time": 526.1},
            "calibration_software_version": "webbcal 0.1.0",
            "wcsinfo": coordinates(ra, dec, SIDE),
            **more,
        }
    )


def sky_image(rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """Return noise with a handful of stars."""
    y, x = np.mgrid[:side, :side]
    image = rng.normal(0.3, 0.01, (side, side))
    for _ in range(25):
        a, b, flux = rng.uniform(0, side), rng.uniform(0, side), 10 ** rng.uniform(-1, 1.5)
        image += flux * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 4.0)
    return image.astype("f4")


def flagged(rng: np.random.Generator) -> np.ndarray:
    """Return flags: so many of each kind as the constants say, on different pixels."""
    dq = np.zeros(SIDE * SIDE, "u4")
    places = rng.permutation(dq.size)
    start = 0
    for flag, number in (
        (DQ.JUMP_DET, JUMPS),
        (DQ.SATURATED, SATURATED),
        (DQ.OUTLIER, OUTLIERS),
        (DQ.DO_NOT_USE, UNUSABLE),
    ):
        dq[places[start : start + number]] = int(flag)
        start += number
    return dq.reshape(SIDE, SIDE)


def calibrated(
    rng: np.random.Generator, meta: Meta, record: Mapping[str, Any] | None, *, empty: bool = False
) -> Cal:
    """Return a calibrated image; without any value if `empty`."""
    image = sky_image(rng)
    if empty:
        image[:] = np.nan
    ones = np.full_like(image, 1e-4)
    return Cal(
        sci=image,
        err=np.sqrt(ones),
        dq=flagged(rng),
        var_poisson=ones,
        var_rnoise=ones,
        var_flat=ones,
        meta=meta,
        extras={"tree": {"webbcal": dict(record)}} if record else {},
    )


def record(steps: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return what a product remembers of its making."""
    return {
        "version": "0.1.0",
        "recipe": "image3",
        "input": "an input",
        "context": "jwst_0001.pmap",
        "steps": [dict(step) for step in steps],
        "references": {
            "flat": {
                "file": "jwst_nircam_flat_0001.fits",
                "origin": "crds jwst_0001.pmap",
                "sha256": "0f" * 32,
            },
            "area": {"file": None, "origin": "crds jwst_0001.pmap", "sha256": None},
        },
        **more,
    }


FLAT = {
    "name": "flat_field",
    "status": "COMPLETE",
    "options": {"inverse": True},
    "seconds": 0.25,
    "peak_mb": 210,
}
SKYMATCH = {
    "name": "skymatch",
    "status": "COMPLETE",
    "options": {"skymethod": "match"},
    "seconds": 1.5,
    "peak_mb": 320,
    "figures": {"method": "match", "pairs": 12, "residual": 0.0002},
}


def catalogue(rng: np.random.Generator, sources: int) -> Cat:
    """Return a catalogue of point sources whose apertures hold 30, 50 and 70 per cent."""
    rows = np.zeros(sources, np.dtype([(c.name, c.dtype) for c in CATALOG_COLUMNS]))
    flux = 10 ** rng.uniform(-8, -5, sources)
    rows["label"] = np.arange(sources) + 1
    rows["xcentroid"], rows["ycentroid"] = rng.uniform(0, 1.3 * SIDE, (2, sources))
    rows["sky_centroid.ra"], rows["sky_centroid.dec"] = RA, DEC
    for size, share in (("30", 0.3), ("50", 0.5), ("70", 0.7), ("_total", 1.0)):
        rows[f"aper{size}_flux"] = share * flux
        rows[f"aper{size}_flux_err"] = 1e-9
        rows[f"aper{size}_abmag"] = 8.9 - 2.5 * np.log10(share * flux)
    rows["isophotal_abmag"] = rows["aper_total_abmag"]
    rows["CI_50_30"] = 5 / 3
    rows["is_extended"] = rng.random(sources) < 0.3
    return Cat(sources=rows)


def imaging_run(folder: Path, *, dithers: int = 4, sources: int = 60) -> Path:
    """Write cal, crf, i2d, segm and cat of two detectors and some dithers; return the folder."""
    rng = np.random.default_rng(20261121)
    folder.mkdir(parents=True, exist_ok=True)
    step = 12 * SCALE
    for dither in range(1, dithers + 1):
        for side, detector in enumerate(("NRCA1", "NRCB1")):
            ra = RA + (1.1 * SIDE * SCALE * side + step * (dither % 2)) / np.cos(np.radians(DEC))
            dec = DEC + step * (dither // 2)
            background = {"level": 0.3 + 0.01 * dither, "subtracted": False, "method": "match"}
            meta = exposure_meta(dither, detector, ra, dec)
            root = folder / f"jw99001001001_02101_{dither:05d}_{detector.lower()}"
            write_product(calibrated(rng, meta, record([FLAT])), f"{root}_cal.fits")
            meta = exposure_meta(dither, detector, ra, dec, background=background)
            write_product(calibrated(rng, meta, record([FLAT, SKYMATCH])), f"{root}_o001_crf.fits")
    mosaic(folder, rng)
    write_product(catalogue(rng, sources), folder / "jw99001-o001_t001_nircam_f200w_cat.ecsv")
    return folder


def mosaic(folder: Path, rng: np.random.Generator) -> None:
    """Write a mosaic and its segmentation map."""
    side = int(1.4 * SIDE)
    image = sky_image(rng, side)
    image[:8] = np.nan
    ones = np.ones_like(image)
    meta = exposure_meta(1, "MULTIPLE", RA, DEC).replace(
        {f"wcsinfo.{k}": v for k, v in coordinates(RA, DEC, side).items()}
    )
    context = np.ones((1, side, side), "i4")
    made = I2d(
        sci=image, err=ones, con=context, wht=ones, var_poisson=ones, var_rnoise=ones,
        var_flat=ones, meta=meta, extras={"tree": {"webbcal": record([SKYMATCH])}},
    )  # fmt: skip
    root = folder / "jw99001-o001_t001_nircam_f200w"
    write_product(made, f"{root}_i2d.fits")
    labels = np.zeros((side, side), "u4")
    labels[20:24, 30:34] = 1
    write_product(Segm(sci=labels, meta=meta), f"{root}_segm.fits")


def rate(meta: Meta, rng: np.random.Generator) -> Rate:
    """Return a count rate without a record, as from elsewhere."""
    image = sky_image(rng)
    return Rate(
        sci=image, err=np.ones_like(image), dq=flagged(rng), var_poisson=image, var_rnoise=image,
        meta=meta,
    )  # fmt: skip
