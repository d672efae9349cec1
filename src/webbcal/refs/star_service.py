"""Positions of stars from the archive of Gaia, through astroquery."""

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.refs.star_tables import catalog_rows
from webbcal.spec.meta import Meta
from webbcal.spec.references.astrometry import SERVICES, AstrometricCatalog

FAINTEST = 50000  # rows at most, the brightest first
_QUERY = (
    "SELECT TOP {limit} ra, dec, ra_error, dec_error, pmra, pmdec, ref_epoch, phot_g_mean_mag "
    "FROM {table} WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), "
    "CIRCLE('ICRS', {ra:.8f}, {dec:.8f}, {radius:.8f})) ORDER BY phot_g_mean_mag"
)


def query_stars(name: str, ra: float, dec: float, radius: float) -> AstrometricCatalog:
    """Ask a service for stars.

    Parameters
    ----------
    name : str
        One of `SERVICES`.
    ra, dec, radius : float
        Circle on the sky (ICRS), degrees.

    Raises
    ------
    CannotCalibrate
        If astroquery is not installed, or the service does not answer: that is the normal state
        of a machine without network.

    Source: Gaia archive, table gaia_source.
    """
    advice = "Name a catalogue file instead: --option tweakreg.abs_refcat=FILE."
    try:
        with redirect_stdout(io.StringIO()):  # it prints what its server has to say
            from astroquery.gaia import Gaia
    except ImportError:
        raise CannotCalibrate(
            f"{name} needs the package astroquery", advice=f"pip install webbcal[gaia]. {advice}"
        ) from None
    query = _QUERY.format(
        limit=FAINTEST, table=SERVICES[name.upper()], ra=ra, dec=dec, radius=radius
    )
    try:
        table = Gaia.launch_job(query, dump_to_file=False).get_results()
    except Exception as error:  # noqa: BLE001 (the client passes on whatever the network raises)
        raise CannotCalibrate(
            f"{name} does not answer ({type(error).__name__}: {str(error)[:100]})", advice=advice
        ) from None
    columns = {
        key: _plain(table[column])
        for key, column in (
            ("ra", "ra"),
            ("dec", "dec"),
            ("ra_error", "ra_error"),
            ("dec_error", "dec_error"),
            ("pmra", "pmra"),
            ("pmdec", "pmdec"),
            ("epoch", "ref_epoch"),
            ("mag", "phot_g_mean_mag"),
        )
    }
    return AstrometricCatalog(
        stars=catalog_rows(columns, len(table), name), meta=Meta({"filename": name.upper()})
    )


def _plain(column: Any) -> np.ndarray:
    return np.ma.asarray(column, np.float64).filled(np.nan)
