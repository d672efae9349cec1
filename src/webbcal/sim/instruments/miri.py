"""Facts of the three MIRI detectors, their read patterns, filters and subarrays, as simulated.

Source: JWST User Documentation, "MIRI Detector Overview", "MIRI Detector Performance", "MIRI
Detector Readout Overview", "MIRI Detector Subarrays" (corners, sizes and frame times, here as
clocks of 10 us), "MIRI Filters and Dispersers". The four outputs read neighbouring columns at
the same time. Noise, gain and full well are typical figures, not a calibration.
"""

from typing import Any

from webbcal.sim.instruments._instrument import Detector, Instrument, ReadPattern, Subarray

OUTPUTS = 4
SLOW_SAMPLES = 9


def _detector(name: str, number: int, v2: float, v3: float, scale: float) -> Detector:
    return Detector(
        name=name,
        instrument="MIRI",
        number=number,
        fast_axis=1,
        slow_axis=2,
        gain=3.1,
        read_noise=18.0,
        full_well=1.55e5,
        dark_rate=0.2,
        v2=v2,
        v3=v3,
        pixel_scale=scale,
    )


DETECTORS = {
    d.name: d
    for d in (
        _detector("MIRIMAGE", 493, -453.56, -373.81, 0.11),
        _detector("MIRIFULONG", 494, -503.65, -318.74, 0.24),
        _detector("MIRIFUSHORT", 495, -503.65, -318.74, 0.196),
    )
}

READ_PATTERNS: dict[str, ReadPattern] = {
    "FASTR1": ReadPattern(1),
    "SLOWR1": ReadPattern(1, samples=SLOW_SAMPLES),
    "FASTGRPAVG": ReadPattern(4),
    "FASTGRPAVG8": ReadPattern(8),
}

FILTERS = {
    "F560W": 5.6,
    "F770W": 7.7,
    "F1000W": 10.0,
    "F1130W": 11.3,
    "F1280W": 12.8,
    "F1500W": 15.0,
    "F1800W": 18.0,
    "F2100W": 21.0,
    "F2550W": 25.5,
}

SUBARRAYS = {
    w.name: w
    for w in (
        Subarray("BRIGHTSKY", 457, 51, 512, 512),
        Subarray("SUB256", 413, 51, 256, 256),
        Subarray("SUB128", 1, 889, 136, 128),
        Subarray("SUB64", 1, 779, 72, 64),
        Subarray("SLITLESSPRISM", 1, 529, 72, 416),
        Subarray("MASK1065", 1, 19, 288, 224),
        Subarray("MASK1140", 1, 245, 288, 224),
        Subarray("MASK1550", 1, 467, 288, 224),
        Subarray("MASKLYOT", 1, 717, 320, 304),
    )
}

CLOCKS: dict[str, tuple[int, int]] = {
    "FULL": (271, 277504),
    "BRIGHTSKY": (162, 86528),
    "SUB256": (96, 29952),
    "SUB128": (44, 11904),
    "SUB64": (28, 8512),
    "SLITLESSPRISM": (28, 15904),
    "MASK1065": (82, 23968),
    "MASK1140": (82, 23968),
    "MASK1550": (82, 23968),
    "MASKLYOT": (90, 32400),
}
"""Clocks of a row and of a frame with one sample per pixel."""


def _row_clocks(window: Subarray, _detector: Detector, pattern: ReadPattern) -> int:
    if pattern.samples > 1:
        return window.columns // OUTPUTS * pattern.samples + 11
    row, _ = CLOCKS.get(window.name, (window.columns // OUTPUTS + 13, 0))
    return row


def _frame_clocks(window: Subarray, detector: Detector, pattern: ReadPattern) -> int:
    if pattern.samples == 1 and window.name in CLOCKS:
        return CLOCKS[window.name][1]
    return window.rows * _row_clocks(window, detector, pattern)


def _keywords(detector: Detector, filter_name: str) -> dict[str, Any]:
    if detector.name == "MIRIMAGE":
        return {"FILTER": filter_name, "CCCSTATE": "OPEN"}
    channel = "12" if detector.name == "MIRIFUSHORT" else "34"
    return {"CHANNEL": channel, "BAND": "SHORT", "CCCSTATE": "OPEN"}


KEYS: dict[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY"),
    "saturation": ("DETECTOR",),
    "linearity": ("DETECTOR", "SUBARRAY", "FILTER", "BAND"),
    "dark": ("DETECTOR", "READPATT", "SUBARRAY"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
    "reset": ("DETECTOR", "SUBARRAY", "READPATT"),
    "rscd": ("DETECTOR",),
    "lastframe": ("DETECTOR", "SUBARRAY", "READPATT"),
    "emicorr": (),
    "flat": ("DETECTOR", "FILTER", "BAND", "READPATT", "SUBARRAY"),
    "distortion": ("DETECTOR", "EXP_TYPE", "CHANNEL", "BAND"),
    "filteroffset": ("DETECTOR", "EXP_TYPE"),
    "area": ("DETECTOR", "FILTER", "EXP_TYPE"),
    "photom": ("DETECTOR", "BAND"),
    "apcorr": ("EXP_TYPE",),
    "abvegaoffset": ("EXP_TYPE",),
}

MIRI = Instrument(
    name="MIRI",
    prefix="MIR",
    rows=1024,
    columns=1032,
    border=(0, 4),
    detectors=DETECTORS,
    read_patterns=READ_PATTERNS,
    wavelengths=lambda _: FILTERS,
    subarray=lambda name, _: SUBARRAYS.get(name),
    subarray_names=tuple(SUBARRAYS),
    outputs=lambda _: OUTPUTS,
    frame_clocks=_frame_clocks,
    row_clocks=_row_clocks,
    interleaved_outputs=True,
    alternating="rows",
    image="MIR_IMAGE",
    dark="MIR_DARKIMG",
    further_types=("MIR_LRS-SLITLESS", "MIR_LRS-FIXEDSLIT", "MIR_MRS", "MIR_DARKALL"),
    keywords=_keywords,
    keys=KEYS,
    default_detector="MIRIMAGE",
    default_subarray="SUB64",
    default_pattern="FASTR1",
    default_filter=lambda _: "F770W",
    aperture=lambda _, window: f"MIRIM_{window.name}",
    template="MIRI Imaging",
    pixel_um=25.0,
    thickness_um=35.0,
    snowballs=False,
)
