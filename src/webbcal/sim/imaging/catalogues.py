"""The catalogues of a programme: the truth, and what an astrometric survey knows."""

from pathlib import Path
from typing import Any

import numpy as np

from webbcal.sim.imaging.field import GALAXY, moved, reference_catalogue
from webbcal.sim.imaging.plan import Plan

TRUTH, REFERENCE, AT_EPOCH = "catalogue.ecsv", "reference_catalogue.ecsv", "reference_at_epoch.ecsv"


def write_catalogues(plan: Plan, folder: Path) -> tuple[Path, ...]:
    """Write the catalogues as ECSV; return their paths.

    * ``truth/catalogue.ecsv``: all sources at the time of the programme.
    * ``reference_catalogue.ecsv``: the brighter stars as a survey lists them: places at its own
      epoch, proper motions, errors; columns as in the Gaia archive.
    * ``reference_at_epoch.ecsv``: the same, moved to the time of the programme: RA, DEC.
    """
    year = plan.year
    known = reference_catalogue(plan.sources, year, plan.seed)
    ra, dec = moved(
        known["ra"], known["dec"], known["pmra"], known["pmdec"], year - known["ref_epoch"]
    )
    tables = {
        folder / "truth" / TRUTH: _truth_table(plan),
        folder / REFERENCE: _with_units(known),
        folder / AT_EPOCH: _with_units({"RA": ra, "DEC": dec, "id": known["source_id"]}),
    }
    for path, table in tables.items():
        table.meta["epoch"] = round(year, 6)
        table.write(path, format="ascii.ecsv", overwrite=True)
    return tuple(tables)


def _truth_table(plan: Plan) -> Any:
    sources = plan.sources
    table = _with_units(sources)
    table["kind"] = np.where(sources["kind"] == GALAXY, "galaxy", "star")
    return table


def _with_units(columns: Any) -> Any:
    from astropy.table import Table

    table = Table(columns)
    for name, unit in (
        ("ra", "deg"),
        ("dec", "deg"),
        ("RA", "deg"),
        ("DEC", "deg"),
        ("flux", "Jy"),
        ("rate", "electron / s"),
        ("pmra", "mas / yr"),
        ("pmdec", "mas / yr"),
        ("ra_error", "mas"),
        ("dec_error", "mas"),
        ("pmra_error", "mas / yr"),
        ("pmdec_error", "mas / yr"),
        ("ref_epoch", "yr"),
        ("phot_g_mean_mag", "mag"),
        ("radius", "arcsec"),
        ("angle", "deg"),
    ):
        if name in table.colnames:
            table[name].unit = unit
    return table
