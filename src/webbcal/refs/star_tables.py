"""Tables of stars that users give: positions on the sky, or on the detector."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidReference
from webbcal.spec.meta import Meta
from webbcal.spec.references.astrometry import STAR_DTYPE, AstrometricCatalog, SourceLists

_LIMIT = 1 << 30  # bytes: ten million stars

_NAMES = {
    "ra": ("ra", "ra_deg", "raj2000", "ra_icrs", "alpha_j2000", "_raj2000"),
    "dec": ("dec", "de", "dec_deg", "decj2000", "dej2000", "de_icrs", "delta_j2000", "_dej2000"),
    "pmra": ("pmra", "pm_ra", "pm_ra_cosdec", "pmra_cosdec", "pmracosdec"),
    "pmdec": ("pmdec", "pm_dec", "pmde"),
    "epoch": ("ref_epoch", "epoch", "refepoch", "ep"),
    "weight": ("weight", "weights"),
    "mag": ("mag", "magnitude", "phot_g_mean_mag", "gmag", "abmag", "vegamag"),
    "ra_error": ("ra_error", "e_ra_icrs", "e_ra", "ra_err"),
    "dec_error": ("dec_error", "e_de_icrs", "e_dec", "dec_err"),
}
_UNITS = {
    "ra": "deg",
    "dec": "deg",
    "pmra": "mas / yr",
    "pmdec": "mas / yr",
    "ra_error": "mas",
    "dec_error": "mas",
}
_X = ("x", "xcentroid", "x_centroid", "xcenter")
_Y = ("y", "ycentroid", "y_centroid", "ycenter")
_FLUX = ("flux", "aper_total_flux", "isophotal_flux")


def load_astrometric_catalog(path: Path) -> AstrometricCatalog:
    """Read positions of stars on the sky.

    Parameters
    ----------
    path : Path
        ECSV, FITS or CSV table. Names of columns are matched regardless of case; ``RA`` and
        ``DEC`` (or a column of sky coordinates) must be there; errors, proper motions (with
        ``epoch``, a column or an entry of the header), weight and magnitude may be. Without
        units, positions are in degrees, proper motions in mas/yr, errors in mas.

    Raises
    ------
    InvalidReference
        If the file is no table, a column is missing, or a value absurd.
    """
    table = _table(path)
    columns = {str(name).lower(): name for name in table.colnames}
    values: dict[str, Any] = {key: _values(table, columns, key, path) for key in _NAMES}
    for name in table.colnames if values["ra"] is None else ():
        if hasattr(table[name], "icrs"):
            values |= {"ra": table[name].icrs.ra.deg, "dec": table[name].icrs.dec.deg}
    if values["ra"] is None or values["dec"] is None:
        raise InvalidReference(
            "no positions on the sky",
            where=path,
            expected="columns RA and DEC",
            found=", ".join(map(str, table.colnames))[:200],
        )
    if values["epoch"] is None:
        values["epoch"] = _epoch(table.meta, path)
    moving = values["pmra"] is not None and values["pmdec"] is not None
    if moving and values["epoch"] is None:
        raise InvalidReference(
            "proper motions without the epoch of the positions",
            where=path,
            expected="a column epoch or ref_epoch, Julian year, or such an entry in the header",
        )
    return AstrometricCatalog(
        stars=catalog_rows(values, len(table), path), meta=Meta({"filename": path.name})
    )


def catalog_rows(values: Mapping[str, Any], count: int, where: object) -> np.ndarray:
    """Return the rows of an `AstrometricCatalog` from columns that may be missing (None)."""
    stars = np.full(count, np.nan, STAR_DTYPE)
    for key in ("ra", "dec", "epoch", "mag"):
        if values.get(key) is not None:
            stars[key] = values[key]
    stars["weight"] = 1.0 if values.get("weight") is None else values["weight"]
    moving = values.get("pmra") is not None and values.get("pmdec") is not None
    for key in ("pmra", "pmdec"):
        stars[key] = values[key] if moving else 0.0
    if values.get("ra_error") is not None and values.get("dec_error") is not None:
        stars["error"] = np.sqrt((values["ra_error"] ** 2 + values["dec_error"] ** 2) / 2)
    good = np.isfinite(stars["ra"]) & np.isfinite(stars["dec"]) & (stars["weight"] > 0)
    stars = stars[good]
    if np.any(np.abs(stars["dec"]) > 90.0) or np.any(np.abs(stars["ra"]) > 360.0):
        raise InvalidReference("positions that are not on the sky", where=where, expected="degrees")
    epochs = stars["epoch"][np.isfinite(stars["epoch"])]
    if np.any((epochs < 1800.0) | (epochs > 2200.0)):
        raise InvalidReference(
            "absurd epoch", where=where, expected="a Julian year", found=f"{epochs[0]:g}"
        )
    return np.asarray(stars)


def load_source_lists(path: Path) -> SourceLists:
    """Read the lists of stars of exposures.

    Parameters
    ----------
    path : Path
        Text, two columns: name of the exposure, name of the list (ECSV, FITS or CSV with x and y
        in pixel from 0, and maybe flux), relative to the folder of this file. An exposure
        without a list has no second column. Empty lines and those that begin with # are ignored.

    Raises
    ------
    InvalidReference
        If a line has more columns, or a list is missing or no list of stars.
    """
    lists = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) > 2:
            raise InvalidReference(
                "a line of the list of catalogues has more than two columns",
                where=f"{path}, line {number}",
                found=line.strip()[:80],
            )
        if len(words) == 2:
            lists[Path(words[0]).name] = load_source_list(path.parent / words[1])
    return SourceLists(lists=lists, meta=Meta({"filename": path.name}))


def load_source_list(path: Path) -> np.ndarray:
    """Read the stars of an exposure: structured array with x, y (pixel, from 0) and flux.

    Raises
    ------
    InvalidReference
        If the file is no table or has no x and y.
    """
    table = _table(path)
    columns = {str(name).lower(): name for name in table.colnames}
    stars = np.full(len(table), np.nan, [("x", "f8"), ("y", "f8"), ("flux", "f8")])
    for key, names in (("x", _X), ("y", _Y), ("flux", _FLUX)):
        name = _first(columns, names)
        if name is not None:
            stars[key] = _numbers(table[name], path)
        elif key != "flux":
            raise InvalidReference(
                "the list of stars has no positions",
                where=path,
                expected=f"a column {' or '.join(names)}",
                found=", ".join(map(str, table.colnames))[:200],
            )
    return np.asarray(stars[np.isfinite(stars["x"]) & np.isfinite(stars["y"])])


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LIMIT:
            raise InvalidReference("the table is too large", where=path, expected="1 GiB at most")
        return path.read_text("utf-8")
    except OSError as error:
        raise InvalidReference(f"cannot be read ({error.strerror})", where=path) from None
    except UnicodeDecodeError:
        raise InvalidReference("not a text file", where=path) from None


def _table(path: Path) -> Any:
    """Return a table of any of the formats, as astropy reads it."""
    import warnings

    from astropy.table import Table

    try:
        with path.open("rb") as stream:
            is_fits = stream.read(6) == b"SIMPLE"
    except OSError as error:
        raise InvalidReference(f"cannot be read ({error.strerror})", where=path) from None
    text = "" if is_fits else _text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on units and formats of columns that nobody needs
            if is_fits:
                return Table.read(path, format="fits")
            form = "ascii.ecsv" if text.startswith("# %ECSV") else "ascii.csv"
            return Table.read(text.splitlines(), format=form)
    except Exception as error:  # noqa: BLE001 (whatever a damaged table makes the readers raise)
        raise InvalidReference(
            "not a table", where=path, expected="ECSV, FITS or CSV", found=str(error)[:150]
        ) from None


def _first(columns: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((columns[name] for name in names if name in columns), None)


def _values(table: Any, columns: Mapping[str, str], key: str, path: Path) -> np.ndarray | None:
    name = _first(columns, _NAMES[key])
    return None if name is None else _numbers(table[name], path, _UNITS.get(key, ""))


def _numbers(column: Any, path: Path, unit: str = "") -> np.ndarray:
    """Return a column as plain numbers in a unit, NaN where it is masked."""
    from astropy import units

    try:
        values = np.ma.asarray(getattr(column, "value", column), np.float64).filled(np.nan)
    except (TypeError, ValueError):
        raise InvalidReference(
            f"column {column.info.name} holds no numbers", where=path, found=str(column[0])[:40]
        ) from None
    own = getattr(column, "unit", None)
    if unit and own is not None:
        try:
            values = values * units.Unit(own).to(units.Unit(unit))
        except (units.UnitConversionError, ValueError, TypeError):
            raise InvalidReference(
                f"column {column.info.name} is in an unknown unit",
                where=path,
                expected=unit,
                found=own,
            ) from None
    return np.asarray(values)


def _epoch(header: Mapping[str, Any], path: Path) -> float | None:
    """Return the epoch that a header gives, Julian year."""
    for key, value in header.items():
        if str(key).lower() in _NAMES["epoch"]:
            try:
                return float(str(value).strip().upper().removeprefix("J"))
            except ValueError:
                raise InvalidReference(
                    f"{key} in the header", where=path, expected="a Julian year", found=value
                ) from None
    return None
