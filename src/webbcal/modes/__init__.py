"""Observing modes: the one list of exposure types, one table per instrument."""

from webbcal.core.errors import UnsupportedMode
from webbcal.modes import fgs, miri, nircam, niriss, nirspec
from webbcal.modes._mode import Guiding, Kind, Mode

__all__ = ["MODES", "Guiding", "Kind", "Mode", "mode_of"]

MODES: dict[str, Mode] = {
    mode.exposure_type: mode
    for table in (nircam, niriss, nirspec, miri, fgs)
    for mode in table.MODES
}


def mode_of(exposure_type: str | None, *, where: object = None) -> Mode:
    """Return the mode of an exposure type.

    Raises
    ------
    UnsupportedMode
        If no table has it; the message lists what there is.
    """
    mode = MODES.get(exposure_type or "")
    if mode is None:
        raise UnsupportedMode(
            "exposure type (EXP_TYPE) that webbcal cannot calibrate",
            where=where,
            expected=", ".join(MODES),
            found="no EXP_TYPE" if exposure_type is None else repr(exposure_type),
        )
    return mode
