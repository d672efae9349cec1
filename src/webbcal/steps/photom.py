"""Flux scale: turn count rates into surface brightness."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidProduct, InvalidReference
from webbcal.core.options import Options, option
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts
from webbcal.spec.references import Area, Photom
from webbcal.steps._step import Needs, Step

Images = TypeVar("Images", Cal, CalInts)

ARCSEC2 = (math.pi / 648000) ** 2  # in sr
MICRO_PER_MEGA = 1e12
YEAR = 365.0  # days, as the tables of the throughput count them

CALIBRATED, RAW = "MJy/sr", "DN/s"

SETTINGS = {
    "filter": "instrument.filter",
    "pupil": "instrument.pupil",
    "grating": "instrument.grating",
    "subarray": "subarray.name",
}
"""Columns that tell the rows of a table apart, and where the metadata hold the same."""

ANY_SUBARRAY = "GENERIC"
OF_SPECTRA = ("order", "slit")


@dataclass(frozen=True)
class PhotomOptions(Options):
    """Options of `calibrate_flux`."""

    inverse: bool = option(False, "Divide by the factor instead, to undo the calibration.")
    source_type: str | None = option(
        None,
        "Kind of source, instead of SRCTYPE; images are surface brightness whatever it is.",
        choices=("POINT", "EXTENDED"),
    )
    apply_time_correction: bool = option(
        True, "Correct for the throughput at the time of the exposure."
    )


@dataclass(frozen=True)
class FluxScale:
    """What the count rates of one exposure mean.

    Attributes
    ----------
    factor : float
        Surface brightness of 1 DN/s, MJy/sr.
    area : float or None
        Nominal area of a pixel, sr.
    area_arcsec2 : float or None
        The same in arcsec2.
    """

    factor: float
    area: float | None = None
    area_arcsec2: float | None = None


def calibrate_flux(
    image: Images,
    photom: Photom | None,
    area: Area | None,
    options: PhotomOptions,
    *,
    measured: FluxScale | None = None,
) -> Images:
    r"""Turn count rates into surface brightness.

    .. math:: s' = c s, \qquad \sigma' = c \sigma, \qquad V' = c^2 V, \qquad c = c_0 / T(t)

    with the factor :math:`c_0` of the optical elements and the throughput T at the middle of the
    exposure, see `throughput`.

    Parameters
    ----------
    image : Cal or CalInts
        Count rates, DN/s, axes (y, x) or (integration, y, x).
    photom : Photom or None
        Factors by optical element.
    area : Area or None
        Relative area of each pixel, axes (y, x).
    options : PhotomOptions
        Direction of the calibration.
    measured : FluxScale or None
        What `flux_scale` gave for the whole exposure, if this is a part of it.

    Returns
    -------
    Cal or CalInts
        New product in MJy/sr; values, errors and variances differ. `area` is the relative area of
        the pixels. PHOTMJSR, PHOTUJA2, PIXAR_SR, PIXAR_A2 and BUNIT are set.

    Raises
    ------
    CannotCalibrate
        If no reference, or no row of it, is for the optical elements of the exposure.
    InvalidReference
        If a row is there twice, is not a positive number, or is one of spectra; or the tables of
        the throughput contradict the others.
    InvalidProduct
        If the throughput changes with time and the exposure has no time.

    Notes
    -----
    Flags used: none. Flags set: none. NaN stays NaN.
    The area is not applied: flat fields are made to correct surface brightness.
    The uncertainty of the factor, common to all pixels, is not part of the errors.

    Source: JWST User Documentation, calwebb_image2, photom.
    """
    if measured is None:
        rows, columns = image.shape_of("sci")[-2:]
        measured = flux_scale(image.meta, (rows, columns), photom, area, options)
    factor = 1.0 / measured.factor if options.inverse else measured.factor
    scale, square = np.float32(factor), np.float32(factor * factor)
    unit = RAW if options.inverse else CALIBRATED
    changes: dict[str, Any] = {
        name: getattr(image, name) * by
        for name, by in (
            ("sci", scale),
            ("err", scale),
            ("var_poisson", square),
            ("var_rnoise", square),
            ("var_flat", square),
        )
        if image.has(name)
    }
    if area is not None and area.has("sci"):
        changes["area"] = area.sci
    values = {
        "bunit_data": unit,
        "bunit_err": unit,
        "photometry.conversion_megajanskys": measured.factor,
        "photometry.conversion_microjanskys": measured.factor * MICRO_PER_MEGA * ARCSEC2,
        "photometry.pixelarea_steradians": measured.area,
        "photometry.pixelarea_arcsecsq": measured.area_arcsec2,
    }
    return image.with_changes(meta=image.meta.replace(values), **changes)


def flux_scale(
    meta: Meta,
    shape: tuple[int, int],
    photom: Photom | None,
    area: Area | None,
    options: PhotomOptions,
) -> FluxScale:
    """Return what the count rates of an exposure mean.

    Parameters
    ----------
    meta : Meta
        Of the exposure.
    shape : tuple of int
        Its rows and columns.
    photom, area, options
        As for `calibrate_flux`, which says what may be raised.

    Source: JWST User Documentation, calwebb_image2, photom.
    """
    if photom is None:
        raise CannotCalibrate("no photom reference applies to this exposure")
    where = photom.meta.lookup("filename")
    table = photom.phot_table
    _refuse_spectra(table, where)
    row = _row_of(table, meta, where)
    steradians, arcsec2 = _nominal_area(photom, area)
    factor = _number(table, row, "photmjsr")
    if factor is None:
        flux = _number(table, row, "photmj")
        if flux is not None and steradians is None:
            raise InvalidReference(
                "photom reference: flux, but no area of a pixel",
                where=where,
                expected="PIXAR_SR, there or in the area reference",
            )
        factor = None if flux is None or steradians is None else flux / steradians
    if factor is None or not (math.isfinite(factor) and factor > 0):
        raise InvalidReference(
            f"photom reference: row {row + 1} is no flux scale",
            where=where,
            expected="a positive number in PHOTMJSR or PHOTMJ",
            found=factor,
        )
    if options.apply_time_correction:
        factor /= throughput(photom, row, meta)
    return FluxScale(factor, steradians, arcsec2)


def throughput(photom: Photom, row: int, meta: Meta) -> float:
    r"""Return the throughput at the middle of an exposure, relative to that of the table.

    It is the product of what the tables give that the reference has, at the time t in days:

    .. math:: T_\mathrm{lin} = 1 - l (t - t_0) / 365, \qquad
              T_\mathrm{exp} = A e^{-(t - t_0) / \tau} + c, \qquad
              T_\mathrm{pow} = T_1 \left( \frac{t - t_0 + t_s}{365 + t_s} \right)^\alpha

    Parameters
    ----------
    photom : Photom
        With the tables.
    row : int
        Row of the optical elements, the same in all tables.
    meta : Meta
        Of the exposure.

    Raises
    ------
    InvalidReference
        If a table has other rows, or the throughput is not a positive number; or in files of an
        older format.
    InvalidProduct
        If the exposure has no time.

    Source: JWST User Documentation, reference files, photom: time-dependent throughput.
    """
    where = photom.meta.lookup("filename")
    _refuse_older_format(photom)
    tables = {name: getattr(photom, name) for name in _IN_TIME if photom.has(name)}
    if not tables:
        return 1.0
    time = meta.exposure.lookup("mid_time")
    if not isinstance(time, int | float) or not math.isfinite(time):
        raise InvalidProduct(
            "meta.exposure.mid_time (EXPMID): the throughput changes with time",
            where=meta.lookup("filename"),
            expected="the middle of the exposure, MJD",
            found=time,
            advice="Set it, or use --option photom.apply_time_correction=false.",
        )
    total = 1.0
    for name, coefficients in tables.items():
        _check_rows(photom.phot_table, coefficients, row, name, where)
        entry = coefficients[row]
        with np.errstate(all="ignore"):
            value = _IN_TIME[name](entry, float(time) - float(entry["t0"]))
        if not (math.isfinite(value) and value > 0):
            raise InvalidReference(
                f"photom reference: row {row + 1} of TIMECOEFF_{name.upper()} gives no throughput",
                where=where,
                expected="a positive number",
                found=f"{value:g} at MJD {time:g}",
            )
        total *= value
    return total


def _linear(entry: np.void, days: float) -> float:
    return 1.0 - float(entry["lossperyear"]) * days / YEAR


def _exponential(entry: np.void, days: float) -> float:
    amplitude, tau = float(entry["amplitude"]), np.float64(entry["tau"])
    falling = amplitude * np.exp(-days / tau) if amplitude else 0.0
    return float(falling + float(entry["const"]))


def _powerlaw(entry: np.void, days: float) -> float:
    soft = float(entry["tsoft"])
    ratio = np.float64(days + soft) / (YEAR + soft)
    return float(float(entry["year1value"]) * ratio ** float(entry["alpha"]))


_IN_TIME = {"linear": _linear, "exponential": _exponential, "powerlaw": _powerlaw}


def _nominal_area(photom: Photom, area: Area | None) -> Sequence[float | None]:
    """Return the nominal area of a pixel, in sr and arcsec2: that of the area reference first."""
    found: list[float | None] = []
    for name in ("pixelarea_steradians", "pixelarea_arcsecsq"):
        values = [
            reference.meta.lookup(f"photometry.{name}")
            for reference in (area, photom)
            if reference is not None
        ]
        known = [float(v) for v in values if isinstance(v, int | float) and v > 0]
        found.append(known[0] if known else None)
    return found


def _row_of(table: np.ndarray, meta: Meta, where: Any) -> int:
    """Return the number of the row that is for an exposure."""
    assert table.dtype.names is not None
    wanted = {
        name: _word(meta.lookup(path))
        for name, path in SETTINGS.items()
        if name in table.dtype.names
    }
    if not wanted:
        if len(table) == 0:
            raise CannotCalibrate("the photom reference has no row")
        return 0
    for subarray in (wanted.get("subarray"), ANY_SUBARRAY):
        if "subarray" in wanted:
            wanted["subarray"] = subarray or ANY_SUBARRAY
        rows = _matching(table, wanted)
        if len(rows) > 1:
            raise InvalidReference(
                "photom reference: several rows for the same setting",
                where=where,
                found=f"rows {', '.join(str(n + 1) for n in rows)} for {_named(wanted)}",
            )
        if rows:
            return rows[0]
    raise CannotCalibrate(f"the photom reference has no row for {_named(wanted)}")


def _matching(table: np.ndarray, wanted: Mapping[str, str]) -> list[int]:
    return [
        n
        for n, row in enumerate(table)
        if all(_word(row[name]) == value for name, value in wanted.items())
    ]


def _named(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value or '(none)'}" for name, value in wanted.items())


def _word(value: Any) -> str:
    """Return a name as it is compared: without padding, in capitals."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    word = text.strip(" \0").upper()
    return "" if word == "N/A" else word


def _number(table: np.ndarray, row: int, name: str) -> float | None:
    assert table.dtype.names is not None
    return float(table[name][row]) if name in table.dtype.names else None


def _refuse_spectra(table: np.ndarray, where: Any) -> None:
    """Refuse a table of spectra, whose factor is not that of an image."""
    assert table.dtype.names is not None
    found = [name for name in OF_SPECTRA if name in table.dtype.names]
    if "nelem" in table.dtype.names and (table["nelem"] > 0).any():
        found.append("nelem")
    if found:
        raise InvalidReference(
            "photom reference is for spectra",
            where=where,
            expected="one number for each setting of the instrument",
            found=f"values in {', '.join(found)}",
            advice="Name another file: --reference photom=FILE.",
        )


def _check_rows(
    table: np.ndarray, coefficients: np.ndarray, row: int, name: str, where: Any
) -> None:
    """Refuse a table of the throughput whose rows are not those of the flux scale."""
    assert table.dtype.names is not None
    assert coefficients.dtype.names is not None
    keys = [k for k in SETTINGS if k in table.dtype.names and k in coefficients.dtype.names]
    same = len(table) == len(coefficients) and all(
        _word(table[key][row]) == _word(coefficients[key][row]) for key in keys
    )
    if not same:
        raise InvalidReference(
            f"photom reference: TIMECOEFF_{name.upper()} has other rows than PHOTOM", where=where
        )


def _refuse_older_format(photom: Photom) -> None:
    """Refuse files whose one table of the throughput would have to be applied otherwise."""
    names = {extension.name for extension in photom.extras.get("extensions", ())}
    if "TIMECOEFF" in names:
        raise InvalidReference(
            "photom reference of an older format: TIMECOEFF",
            where=photom.meta.lookup("filename"),
            expected="TIMECOEFF_LINEAR, TIMECOEFF_EXPONENTIAL or TIMECOEFF_POWERLAW",
            advice="Use --option photom.apply_time_correction=false to go without it.",
        )


STEP = Step(
    "photom",
    calibrate_flux,
    PhotomOptions,
    references={"photom": Needs(Photom, required=False), "area": Needs(Area, required=False)},
    prepare=flux_scale,
    status="photom",
)
