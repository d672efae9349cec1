"""Simulate, and write files."""

import errno
from pathlib import Path

from webbcal.core.errors import CannotWrite
from webbcal.sim.imaging.programme import simulate_programme
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.program import SimulatedSet, write_programme
from webbcal.sim.settings import ImageSimulation


def simulate_files(options: ImageSimulation, output_dir: Path | str, seed: int = 0) -> SimulatedSet:
    """Simulate a programme and write its files.

    Parameters
    ----------
    options : ImageSimulation
        Instrument set-up, scene and effects; an `ImagingProgramme` for several detectors on one
        field of the sky.
    output_dir : path
        Made if it does not exist. Gets ``*_uncal.fits`` or ``*_rate.fits``, ``*_asn.json``,
        ``truth/``, ``crds/`` and, of a programme on the sky, ``reference_catalogue.ecsv``.
    seed : int
        Same seed and options: same pixels.

    Returns
    -------
    SimulatedSet
        The files.

    Raises
    ------
    CannotWrite
        If the folder cannot be written.
    """
    folder = Path(output_dir)
    try:
        if isinstance(options, ImagingProgramme):
            return simulate_programme(options, folder, seed)
        return write_programme(options, folder, seed)
    except OSError as error:
        advice = "Free some space." if error.errno == errno.ENOSPC else "Choose another folder."
        raise CannotWrite(
            f"cannot write the simulation ({error.strerror or error})",
            where=error.filename or folder,
            advice=advice,
        ) from None
