"""Observing modes of the fine guidance sensor."""

from webbcal.modes._mode import DARK_NEAR_INFRARED, GUIDER, NEAR_INFRARED, Guiding, Kind, Mode


def _mode(
    exposure_type: str,
    kind: Kind,
    stage1: str = NEAR_INFRARED,
    *,
    integral_field: bool | None = False,
) -> Mode:
    return Mode(exposure_type, "FGS", kind, stage1, integral_field)


def _guider(exposure_type: str, guiding: Guiding) -> Mode:
    return Mode(exposure_type, "FGS", Kind.GUIDING, GUIDER, guiding=guiding)


MODES: tuple[Mode, ...] = (
    _mode("FGS_IMAGE", Kind.IMAGE),
    _mode("FGS_FOCUS", Kind.IMAGE),
    _mode("FGS_SKYFLAT", Kind.CALIBRATION),
    _mode("FGS_INTFLAT", Kind.CALIBRATION),
    _mode("FGS_DARK", Kind.DARK, DARK_NEAR_INFRARED),
    _guider("FGS_ACQ1", Guiding.PAIRS),
    _guider("FGS_ACQ2", Guiding.PAIRS),
    _guider("FGS_FINEGUIDE", Guiding.FOURS),
    _guider("FGS_ID-IMAGE", Guiding.SMALLER),
    _guider("FGS_ID-STACK", Guiding.SMALLER),
    _guider("FGS_TRACK", Guiding.PAIRS),
)
