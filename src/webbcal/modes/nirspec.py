"""Observing modes of NIRSpec."""

from webbcal.modes._mode import DARK_NEAR_INFRARED, NEAR_INFRARED, Kind, Mode


def _mode(
    exposure_type: str,
    kind: Kind,
    stage1: str = NEAR_INFRARED,
    *,
    integral_field: bool | None = False,
) -> Mode:
    return Mode(exposure_type, "NIRSPEC", kind, stage1, integral_field)


MODES: tuple[Mode, ...] = (
    _mode("NRS_FIXEDSLIT", Kind.SPECTRUM),
    _mode("NRS_MSASPEC", Kind.SPECTRUM),
    _mode("NRS_IFU", Kind.INTEGRAL_FIELD, NEAR_INFRARED, integral_field=True),
    _mode("NRS_BRIGHTOBJ", Kind.TIME_SERIES_SPECTRUM),
    _mode("NRS_IMAGE", Kind.IMAGE),
    _mode("NRS_FOCUS", Kind.IMAGE),
    _mode("NRS_MIMF", Kind.IMAGE),
    _mode("NRS_CONFIRM", Kind.TARGET_ACQUISITION),
    _mode("NRS_MSATA", Kind.TARGET_ACQUISITION),
    _mode("NRS_TACONFIRM", Kind.TARGET_ACQUISITION),
    _mode("NRS_TACQ", Kind.TARGET_ACQUISITION),
    _mode("NRS_TASLIT", Kind.TARGET_ACQUISITION),
    _mode("NRS_VERIFY", Kind.TARGET_ACQUISITION),
    _mode("NRS_WATA", Kind.TARGET_ACQUISITION),
    _mode("NRS_AUTOFLAT", Kind.CALIBRATION),
    _mode("NRS_AUTOWAVE", Kind.CALIBRATION, NEAR_INFRARED, integral_field=None),
    _mode("NRS_LAMP", Kind.CALIBRATION, NEAR_INFRARED, integral_field=None),
    _mode("NRS_DARK", Kind.DARK, DARK_NEAR_INFRARED),
)
