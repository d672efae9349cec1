"""Facts of the two detectors of the fine guidance sensor, as simulated.

Source: JWST User Documentation, "Fine Guidance Sensor, FGS", "FGS Instrumentation"; keywords of
flight exposures of GUIDER1: orientation, frame and group times, subarrays of guide stars. Noise,
gain and full well are typical figures, not a calibration.
"""

from typing import Any

from webbcal.sim.instruments._instrument import (
    Detector,
    Instrument,
    ReadPattern,
    Subarray,
    four_when_whole,
    hawaii_frame_clocks,
    hawaii_row_clocks,
)


def _guider(name: str, number: int, fast_axis: int, v2: float, v3: float) -> Detector:
    return Detector(
        name=name,
        instrument="FGS",
        number=number,
        fast_axis=fast_axis,
        slow_axis=-1,
        gain=1.7,
        read_noise=12.0,
        full_well=8.0e4,
        dark_rate=2e-2,
        v2=v2,
        v3=v3,
        pixel_scale=0.069,
    )


DETECTORS = {
    d.name: d
    for d in (
        _guider("GUIDER1", 497, -2, 206.41, -697.77),
        _guider("GUIDER2", 498, 2, 24.43, -697.00),
    )
}

FOURS = (*range(4), *range(43, 47))
READ_PATTERNS: dict[str, ReadPattern] = {
    "FGSRAPID": ReadPattern(1),
    "FGS": ReadPattern(4),
    "ID": ReadPattern(1, reads=(0, 1)),
    "ACQ1": ReadPattern(1, 1, reads=(1, 3)),
    "ACQ2": ReadPattern(1, 1, reads=(1, 3)),
    "TRACK": ReadPattern(1, 1, reads=(1, 3)),
    "FINEGUIDE": ReadPattern(4, 39, reads=FOURS),
}
"""The last five follow guide stars; fine guiding reads four times at either end."""

GUIDER_CLOCKS = {"ID": 34060, "FINEGUIDE": 126}
"""Clocks of a frame where they are not those of an image: one strip of 64 columns, 8 x 8."""

GUIDING: dict[str, dict[str, Any]] = {
    "FGS_ID-IMAGE": {"readpatt": "ID", "subarray": "2048X64", "ngroups": 2, "nints": 2},
    "FGS_ID-STACK": {"readpatt": "ID", "subarray": "2048X64", "ngroups": 2, "nints": 2},
    "FGS_ACQ1": {"readpatt": "ACQ1", "subarray": "128X128", "ngroups": 2, "nints": 6},
    "FGS_ACQ2": {"readpatt": "ACQ2", "subarray": "32X32", "ngroups": 2, "nints": 5},
    "FGS_TRACK": {"readpatt": "TRACK", "subarray": "32X32", "ngroups": 2, "nints": 100},
    "FGS_FINEGUIDE": {"readpatt": "FINEGUIDE", "subarray": "8X8", "ngroups": 8, "nints": 100},
}
"""Exposure types of guide stars, and how they are read."""

SUBARRAYS = {
    w.name: w
    for w in (
        Subarray("SUB128LL", 1, 1, 128, 128),
        Subarray("SUB128CNTR", 961, 961, 128, 128),
        Subarray("SUB32LL", 1, 1, 32, 32),
        Subarray("SUB32CNTR", 1009, 1009, 32, 32),
        Subarray("SUB8LL", 1, 1, 8, 8),
        Subarray("SUB8CNTR", 1021, 1021, 8, 8),
        Subarray("2048X64", 13, 1, 2024, 2048),
        Subarray("128X128", 1018, 841, 128, 128),
        Subarray("32X32", 1066, 889, 32, 32),
        Subarray("8X8", 1226, 209, 8, 8),
    )
}


def _frame_clocks(window: Subarray, detector: Detector, pattern: ReadPattern) -> int:
    for name, clocks in GUIDER_CLOCKS.items():
        if pattern is READ_PATTERNS[name]:
            return clocks
    return hawaii_frame_clocks(2)(window, detector, pattern)


def _keywords(_detector: Detector, _filter_name: str) -> dict[str, Any]:
    return {}


KEYS: dict[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY", "EXP_TYPE"),
    "saturation": ("DETECTOR",),
    "superbias": ("DETECTOR", "READPATT", "SUBARRAY"),
    "linearity": ("DETECTOR", "SUBARRAY"),
    "dark": ("DETECTOR", "READPATT", "SUBARRAY"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
    "trapdensity": ("DETECTOR",),
    "trappars": ("DETECTOR",),
    "persat": ("DETECTOR",),
    "flat": ("DETECTOR", "EXP_TYPE"),
    "distortion": ("DETECTOR", "EXP_TYPE"),
    "area": ("DETECTOR",),
    "photom": ("DETECTOR",),
    "apcorr": ("EXP_TYPE",),
    "abvegaoffset": ("EXP_TYPE",),
}

FGS = Instrument(
    name="FGS",
    prefix="FGS",
    detectors=DETECTORS,
    read_patterns=READ_PATTERNS,
    wavelengths=lambda _: {"CLEAR": 2.5},
    subarray=lambda name, _: SUBARRAYS.get(name),
    subarray_names=tuple(SUBARRAYS),
    outputs=four_when_whole,
    frame_clocks=_frame_clocks,
    row_clocks=hawaii_row_clocks,
    image="FGS_IMAGE",
    dark="FGS_DARK",
    further_types=tuple(GUIDING),
    keywords=_keywords,
    keys=KEYS,
    default_detector="GUIDER1",
    default_subarray="SUB128LL",
    default_pattern="FGSRAPID",
    default_filter=lambda _: "CLEAR",
    aperture=lambda detector, window: f"FGS{detector.name[-1]}_{window.name}",
    template="FGS External Calibration",
)
