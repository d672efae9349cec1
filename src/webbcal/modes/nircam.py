"""Observing modes of NIRCam."""

from webbcal.modes._mode import Kind, Mode

_STAGE1 = "detector1_near_infrared"


def _mode(exposure_type: str, kind: Kind, stage1: str | None = _STAGE1) -> Mode:
    return Mode(exposure_type, "NIRCAM", kind, stage1)


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
    _mode("NRC_DARK", Kind.CALIBRATION, stage1=None),
)
