"""References that calibrate images of the sky: geometry, flux, apertures, flat field."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.sim.crds_cache import ReferenceFile
from webbcal.sim.imaging.photometry import STERADIAN_PER_ARCSEC2, apertures, vega_offset
from webbcal.sim.imaging.plan import Camera, filter_shift
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.pixels import Pixels
from webbcal.sim.references import USE_AFTER, reference_meta
from webbcal.sim.seeds import generator
from webbcal.spec.references import Flat

CONVERSION_ERROR = 0.02  # relative, of the flux calibration as it is told
TEXT_LENGTH = 12
OF_ALL_DETECTORS = ("filteroffset", "apcorr", "abvegaoffset")
KEYWORDS = {
    "name": "INSTRUME",
    "channel": "CHANNEL",
    "detector": "DETECTOR",
    "module": "MODULE",
}
MODELS = {"NIRCAM": "Nrc", "NIRISS": "Nis", "MIRI": "Mir", "FGS": "Fgs"}


def imaging_references(camera: Camera, pixels: Pixels, seed: int) -> dict[str, Any]:
    """Return the references of a detector by their type: the flat field, and files."""
    options = camera.options
    made: dict[str, Any] = {
        "distortion": _tree(
            "DistortionModel", "distortion", camera, lambda: {"model": camera.plane.model()}
        ),
        "area": _area(camera),
        "photom": _photom(camera),
        "apcorr": _apcorr(camera),
        "abvegaoffset": _tree(
            "ABVegaOffsetModel", "abvegaoffset", camera, lambda: _vega_offsets(camera)
        ),
        "flat": flat_field(camera, pixels, seed),
    }
    if "filteroffset" in options.instrument.keys:
        made["filteroffset"] = _tree(
            "FilteroffsetModel", "filteroffset", camera, lambda: _shifts(options)
        )
    return made


def flat_field(camera: Camera, pixels: Pixels, seed: int) -> Flat:
    """Return the flat field as it would be measured on an even sky, with its errors.

    It holds response, gain and the area of the pixels; pixels without response are 1 and
    flagged.
    """
    options = camera.options
    even = pixels.response * camera.relative_area() * (np.float32(camera.chip.gain) / pixels.gain)
    blind = even == 0
    rng = generator(seed, "flat error", options.detector)
    error = np.float32(options.flat_error)
    measured = even * (1 + error * rng.standard_normal(even.shape, dtype=np.float32))
    return Flat(
        meta=reference_meta(Flat, options, camera.readout),
        sci=np.where(blind, np.float32(1), measured).astype(np.float32),
        err=np.where(blind, np.float32(0), error * even).astype(np.float32),
        dq=np.where(blind, np.uint32(DQ.NO_FLAT_FIELD), np.uint32(0)),
    )


def _shifts(options: ImagingProgramme) -> dict[str, Any]:
    filters = []
    for name in options.instrument.wavelengths(options.chip):
        words = options.instrument.keywords(options.chip, name)
        column, row = filter_shift(options, name)
        filters.append(
            {
                "filter": words["FILTER"],
                "pupil": words.get("PUPIL", "N/A"),
                "column_offset": column,
                "row_offset": row,
            }
        )
    return {"filters": filters}


def _vega_offsets(camera: Camera) -> dict[str, Any]:
    from astropy.table import Table

    rows = _filters(camera)
    offsets = [vega_offset(um) for um in rows.pop("wavelength")]
    if camera.options.instrument.name == "FGS":
        names = list(camera.options.instrument.detectors)
        return {"abvega_offset": Table({"detector": names, "abvega_offset": offsets * len(names)})}
    return {"abvega_offset": Table({**rows, "abvega_offset": offsets})}


def _filters(camera: Camera) -> dict[str, list[Any]]:
    """Return columns that tell the filters of a detector, and their wavelengths."""
    options = camera.options
    instrument = options.instrument
    wavelengths = instrument.wavelengths(camera.chip)
    words = [instrument.keywords(camera.chip, name) for name in wavelengths]
    columns: dict[str, list[Any]] = {"wavelength": list(wavelengths.values())}
    for column, keyword in (("filter", "FILTER"), ("pupil", "PUPIL")):
        if all(keyword in word for word in words):
            columns[column] = [word[keyword] for word in words]
    return columns


def _area(camera: Camera) -> ReferenceFile:
    def write(path: Path) -> None:
        from astropy.io import fits

        header = _header("PixelAreaModel", "area", camera, path.name, whole=True) | _areas(camera)
        image = fits.ImageHDU(camera.relative_area(whole=True), name="SCI")
        _write_fits(path, header, image)

    return ReferenceFile("fits", write)


def _photom(camera: Camera) -> ReferenceFile:
    """Return the factor from DN/s of a pixel of nominal gain and area to MJy/sr."""
    instrument = camera.options.instrument
    kind = MODELS[instrument.name]
    columns = _filters(camera)
    del columns["wavelength"]
    values = [
        camera.chip.gain / camera.electrons_per_surface_brightness(name)
        for name in instrument.wavelengths(camera.chip)
    ]
    if instrument.name == "MIRI":
        columns["subarray"] = ["GENERIC"] * len(values)
    columns["photmjsr"] = values
    columns["uncertainty"] = [CONVERSION_ERROR * value for value in values]

    def write(path: Path) -> None:
        header = _header(f"{kind}ImgPhotomModel", "photom", camera, path.name) | _areas(camera)
        _write_fits(path, header, _table("PHOTOM", columns))

    return ReferenceFile("fits", write)


def _apcorr(camera: Camera) -> ReferenceFile:
    options = camera.options
    instrument = options.instrument
    kind = MODELS[instrument.name]
    words = instrument.keywords(camera.chip, options.filter_name)
    found = apertures(camera.chip, options.filter_name)
    columns: dict[str, list[Any]] = {}
    for column, keyword in (("filter", "FILTER"), ("pupil", "PUPIL")):
        if keyword in words:
            columns[column] = [words[keyword]] * len(found)
    if instrument.name == "MIRI":
        columns["subarray"] = [options.window.name] * len(found)
    columns |= {
        "eefraction": [a.fraction for a in found],
        "radius": [a.radius for a in found],
        "apcorr": [a.correction for a in found],
        "skyin": [a.sky_inner for a in found],
        "skyout": [a.sky_outer for a in found],
    }

    def write(path: Path) -> None:
        header = _header(f"{kind}ImgApcorrModel", "apcorr", camera, path.name)
        _write_fits(path, header, _table("APCORR", columns))

    return ReferenceFile("fits", write)


def _areas(camera: Camera) -> dict[str, float]:
    area = camera.nominal_area
    return {"PIXAR_SR": area * STERADIAN_PER_ARCSEC2, "PIXAR_A2": area}


def _table(name: str, columns: Mapping[str, list[Any]]) -> Any:
    from astropy.io import fits

    made = [
        fits.Column(
            column,
            f"{TEXT_LENGTH}A" if isinstance(values[0], str) else "E",
            array=np.array(values),
        )
        for column, values in columns.items()
    ]
    return fits.BinTableHDU.from_columns(made, name=name)


def _header(
    model: str, kind: str, camera: Camera, name: str, *, whole: bool = False
) -> dict[str, Any]:
    options = camera.options
    instrument = options.instrument
    header: dict[str, Any] = {
        "TELESCOP": "JWST",
        **{KEYWORDS[name]: value for name, value in _serves(kind, camera).items()},
        "EXP_TYPE": options.exptype,
        "REFTYPE": kind.upper(),
        "DATAMODL": model,
        "FILENAME": name,
        "PEDIGREE": "SIMULATION",
        "AUTHOR": "webbcal",
        "DESCRIP": f"Simulated {kind} of {options.detector}",
        "USEAFTER": USE_AFTER,
        "ORIGIN": "SIMULATION",
    }
    if whole:
        header |= {
            "SUBARRAY": "FULL",
            "SUBSTRT1": 1,
            "SUBSTRT2": 1,
            "SUBSIZE1": instrument.columns,
            "SUBSIZE2": instrument.rows,
            "FASTAXIS": camera.readout.detector.fast_axis,
            "SLOWAXIS": camera.readout.detector.slow_axis,
        }
    return {key: value for key, value in header.items() if value != ""}


def _serves(kind: str, camera: Camera) -> dict[str, str]:
    """Return what of an instrument a file of some type is for."""
    chip = camera.chip
    parts = {"name": camera.options.instrument.name, "channel": chip.channel}
    if kind not in OF_ALL_DETECTORS:
        parts |= {"detector": chip.name}
    if kind not in ("apcorr", "abvegaoffset"):
        parts |= {"module": chip.module}
    return {name: value for name, value in parts.items() if value}


def _write_fits(path: Path, header: Mapping[str, Any], hdu: Any) -> None:
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    for key, value in header.items():
        primary.header[key] = value
    fits.HDUList([primary, hdu]).writeto(path, overwrite=True)


def _tree(
    model: str, kind: str, camera: Camera, content: Callable[[], dict[str, Any]]
) -> ReferenceFile:
    """Return a file that is one ASDF tree."""
    options = camera.options

    def write(path: Path) -> None:
        import asdf
        from astropy import units

        meta: dict[str, Any] = {
            "author": "webbcal",
            "description": f"Simulated {kind} of {options.detector}",
            "exposure": {"type": options.exptype, "p_exptype": f"{options.exptype}|"},
            "filename": path.name,
            "instrument": _serves(kind, camera),
            "model_type": model,
            "origin": "SIMULATION",
            "pedigree": "SIMULATION",
            "reftype": kind,
            "telescope": "JWST",
            "title": f"Simulated {kind}",
            "useafter": USE_AFTER,
        }
        if kind == "distortion":
            meta |= {"input_units": units.pixel, "output_units": units.arcsec}
        if kind == "filteroffset":
            meta["input_units"] = "pixels"
        asdf.AsdfFile({"meta": meta, **content()}).write_to(path)

    return ReferenceFile("asdf", write)
