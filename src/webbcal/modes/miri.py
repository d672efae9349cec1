"""Observing modes of MIRI."""

from webbcal.modes._mode import DARK_MIRI, MIRI, Kind, Mode


def _mode(
    exposure_type: str,
    kind: Kind,
    stage1: str = MIRI,
    *,
    integral_field: bool | None = False,
) -> Mode:
    return Mode(exposure_type, "MIRI", kind, stage1, integral_field)


MODES: tuple[Mode, ...] = (
    _mode("MIR_IMAGE", Kind.IMAGE),
    _mode("MIR_4QPM", Kind.CORONAGRAPH),
    _mode("MIR_LYOT", Kind.CORONAGRAPH),
    _mode("MIR_LRS-FIXEDSLIT", Kind.SPECTRUM),
    _mode("MIR_LRS-SLITLESS", Kind.TIME_SERIES_SPECTRUM),
    _mode("MIR_MRS", Kind.INTEGRAL_FIELD, MIRI, integral_field=True),
    _mode("MIR_WFSS", Kind.SLITLESS),
    _mode("MIR_TACQ", Kind.TARGET_ACQUISITION),
    _mode("MIR_TACONFIRM", Kind.TARGET_ACQUISITION),
    _mode("MIR_CORONCAL", Kind.CALIBRATION),
    _mode("MIR_FLATIMAGE", Kind.CALIBRATION),
    _mode("MIR_FLATIMAGE-EXT", Kind.CALIBRATION),
    _mode("MIR_FLATMRS", Kind.CALIBRATION),
    _mode("MIR_FLATMRS-EXT", Kind.CALIBRATION),
    _mode("MIR_DARKALL", Kind.DARK, DARK_MIRI),
    _mode("MIR_DARKIMG", Kind.DARK, DARK_MIRI),
    _mode("MIR_DARKMRS", Kind.DARK, DARK_MIRI),
)
