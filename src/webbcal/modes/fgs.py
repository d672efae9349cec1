"""Observing modes of the fine guidance sensor."""

from webbcal.modes._mode import DARK_NEAR_INFRARED, GUIDER, NEAR_INFRARED, Kind, Mode


def _mode(exposure_type: str, kind: Kind, stage1: str = NEAR_INFRARED, **more: bool | None) -> Mode:
    return Mode(exposure_type, "FGS", kind, stage1, **more)


MODES: tuple[Mode, ...] = (
    _mode("FGS_IMAGE", Kind.IMAGE),
    _mode("FGS_FOCUS", Kind.IMAGE),
    _mode("FGS_SKYFLAT", Kind.CALIBRATION),
    _mode("FGS_INTFLAT", Kind.CALIBRATION),
    _mode("FGS_DARK", Kind.DARK, DARK_NEAR_INFRARED),
    _mode("FGS_ACQ1", Kind.GUIDING, GUIDER),
    _mode("FGS_ACQ2", Kind.GUIDING, GUIDER),
    _mode("FGS_FINEGUIDE", Kind.GUIDING, GUIDER),
    _mode("FGS_ID-IMAGE", Kind.GUIDING, GUIDER),
    _mode("FGS_ID-STACK", Kind.GUIDING, GUIDER),
    _mode("FGS_TRACK", Kind.GUIDING, GUIDER),
)
