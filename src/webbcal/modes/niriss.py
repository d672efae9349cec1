"""Observing modes of NIRISS."""

from webbcal.modes._mode import DARK_NEAR_INFRARED, NEAR_INFRARED, Kind, Mode


def _mode(
    exposure_type: str,
    kind: Kind,
    stage1: str = NEAR_INFRARED,
    *,
    integral_field: bool | None = False,
) -> Mode:
    return Mode(exposure_type, "NIRISS", kind, stage1, integral_field)


MODES: tuple[Mode, ...] = (
    _mode("NIS_IMAGE", Kind.IMAGE),
    _mode("NIS_AMI", Kind.INTERFEROGRAM),
    _mode("NIS_WFSS", Kind.SLITLESS),
    _mode("NIS_SOSS", Kind.TIME_SERIES_SPECTRUM),
    _mode("NIS_TACQ", Kind.TARGET_ACQUISITION),
    _mode("NIS_TACONFIRM", Kind.TARGET_ACQUISITION),
    _mode("NIS_FOCUS", Kind.IMAGE),
    _mode("NIS_EXTCAL", Kind.CALIBRATION),
    _mode("NIS_LAMP", Kind.CALIBRATION),
    _mode("NIS_DARK", Kind.DARK, DARK_NEAR_INFRARED),
)
