"""Observing modes of NIRCam."""

from webbcal.modes._mode import DARK_NEAR_INFRARED, NEAR_INFRARED, Kind, Mode


def _mode(
    exposure_type: str,
    kind: Kind,
    stage1: str = NEAR_INFRARED,
    *,
    integral_field: bool | None = False,
) -> Mode:
    return Mode(exposure_type, "NIRCAM", kind, stage1, integral_field)


MODES: tuple[Mode, ...] = (
    _mode("NRC_IMAGE", Kind.IMAGE),
    _mode("NRC_CORON", Kind.CORONAGRAPH),
    _mode("NRC_WFSS", Kind.SLITLESS),
    _mode("NRC_GRISM", Kind.SLITLESS),
    _mode("NRC_TSIMAGE", Kind.TIME_SERIES_IMAGE),
    _mode("NRC_TSGRISM", Kind.TIME_SERIES_SPECTRUM),
    _mode("NRC_TACQ", Kind.TARGET_ACQUISITION),
    _mode("NRC_TACONFIRM", Kind.TARGET_ACQUISITION),
    _mode("NRC_FOCUS", Kind.IMAGE),
    _mode("NRC_FLAT", Kind.CALIBRATION),
    _mode("NRC_LED", Kind.CALIBRATION),
    _mode("NRC_DARK", Kind.DARK, DARK_NEAR_INFRARED),
)
