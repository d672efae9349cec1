"""Facts of the ten NIRCam detectors, their read patterns, filters and subarrays, as simulated.

Source: JWST User Documentation, "NIRCam Detectors", "NIRCam Detector Readout" (pixel clock of
10 us, 12 clocks per row besides the pixels; one further row and clock per full frame, two rows
per subarray), "NIRCam Detector Readout Patterns", "NIRCam Filters", "NIRCam Detector Subarrays";
orientation keywords of flight exposures. Noise, gain and full well are typical figures of each
channel, not a calibration.
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

FRAME_SIZE = 2048


def _short(
    name: str, number: int, gain: float, v2: float, v3: float, innermost: tuple[str, str]
) -> Detector:
    fast = -1 if name in {"NRCA1", "NRCA3", "NRCB2", "NRCB4"} else 1
    return Detector(
        name=name,
        instrument="NIRCAM",
        number=number,
        fast_axis=fast,
        slow_axis=-2 * fast,
        gain=gain,
        read_noise=11.2,
        full_well=1.05e5,
        dark_rate=2e-3,
        v2=v2,
        v3=v3,
        pixel_scale=0.031,
        module=name[3],
        channel="SHORT",
        innermost=innermost,
    )


def _long(name: str, number: int, gain: float, v2: float, v3: float) -> Detector:
    fast = -1 if name == "NRCALONG" else 1
    return Detector(
        name=name,
        instrument="NIRCAM",
        number=number,
        fast_axis=fast,
        slow_axis=-2 * fast,
        gain=gain,
        read_noise=9.6,
        full_well=8.3e4,
        dark_rate=3e-2,
        v2=v2,
        v3=v3,
        pixel_scale=0.063,
        module=name[3],
        channel="LONG",
        innermost=("middle", "middle"),
    )


DETECTORS: dict[str, Detector] = {
    d.name: d
    for d in (
        _short("NRCA1", 481, 2.08, 120.67, -527.39, ("high", "high")),
        _short("NRCA2", 482, 2.02, 120.11, -459.68, ("high", "low")),
        _short("NRCA3", 483, 2.17, 51.93, -527.80, ("low", "high")),
        _short("NRCA4", 484, 2.02, 52.28, -459.81, ("low", "low")),
        _long("NRCALONG", 485, 1.84, 86.10, -493.23),
        _short("NRCB1", 486, 2.01, -120.97, -457.75, ("low", "low")),
        _short("NRCB2", 487, 2.14, -121.14, -525.46, ("low", "high")),
        _short("NRCB3", 488, 1.94, -53.12, -457.78, ("high", "low")),
        _short("NRCB4", 489, 2.03, -52.82, -525.73, ("high", "high")),
        _long("NRCBLONG", 490, 1.85, -89.39, -491.44),
    )
}

READ_PATTERNS: dict[str, ReadPattern] = {
    "RAPID": ReadPattern(1, 0),
    "BRIGHT1": ReadPattern(1, 1),
    "BRIGHT2": ReadPattern(2, 0),
    "SHALLOW2": ReadPattern(2, 3),
    "SHALLOW4": ReadPattern(4, 1),
    "MEDIUM2": ReadPattern(2, 8),
    "MEDIUM8": ReadPattern(8, 2),
    "DEEP2": ReadPattern(2, 18),
    "DEEP8": ReadPattern(8, 12),
}

FILTERS: dict[str, dict[str, float]] = {
    "SHORT": {
        "F070W": 0.704,
        "F090W": 0.901,
        "F115W": 1.154,
        "F140M": 1.404,
        "F150W": 1.501,
        "F150W2": 1.671,
        "F182M": 1.845,
        "F187N": 1.874,
        "F200W": 1.990,
        "F210M": 2.093,
        "F212N": 2.120,
    },
    "LONG": {
        "F250M": 2.503,
        "F277W": 2.786,
        "F300M": 2.996,
        "F322W2": 3.247,
        "F335M": 3.365,
        "F356W": 3.563,
        "F360M": 3.621,
        "F410M": 4.092,
        "F430M": 4.280,
        "F444W": 4.421,
        "F460M": 4.624,
        "F480M": 4.834,
    },
}
"""Pivot wavelength in micrometre, by channel."""

DEFAULT_FILTER = {"SHORT": "F200W", "LONG": "F356W"}

SUBARRAY_SIZES = {
    "SUB640": 640,
    "SUB320": 320,
    "SUB160": 160,
    "SUB400P": 400,
    "SUB160P": 160,
    "SUB64P": 64,
}


def _subarray(name: str, detector: Detector) -> Subarray | None:
    """Find a subarray.

    Those for extended sources lie at the corner of a short-wavelength detector next to the
    middle of its module, and in the middle of a long-wavelength one; those for points at the
    top left.
    """
    size = SUBARRAY_SIZES.get(name)
    if size is None:
        return None
    where = ("low", "high") if name.endswith("P") else detector.innermost
    spare = FRAME_SIZE - size
    corner = {"low": 0, "middle": spare // 2, "high": spare}
    return Subarray(name, 1 + corner[where[0]], 1 + corner[where[1]], size, size)


def _keywords(detector: Detector, filter_name: str) -> dict[str, Any]:
    return {
        "MODULE": detector.module,
        "CHANNEL": detector.channel,
        "FILTER": filter_name,
        "PUPIL": "CLEAR",
        "PILIN": False,
    }


KEYS: dict[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY"),
    "saturation": ("DETECTOR",),
    "superbias": ("DETECTOR", "READPATT", "SUBARRAY"),
    "linearity": ("DETECTOR", "SUBARRAY"),
    "dark": ("DETECTOR", "EXP_TYPE", "NOUTPUTS", "SUBARRAY"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
    "sirskernel": (),
    "trapdensity": ("DETECTOR",),
    "trappars": ("DETECTOR",),
    "persat": ("DETECTOR",),
    "flat": ("DETECTOR", "FILTER", "PUPIL"),
    "distortion": ("DETECTOR", "EXP_TYPE", "CHANNEL", "FILTER", "PUPIL"),
    "filteroffset": ("CHANNEL", "MODULE"),
    "area": ("DETECTOR", "FILTER", "PUPIL", "EXP_TYPE"),
    "photom": ("DETECTOR",),
    "apcorr": ("EXP_TYPE",),
    "abvegaoffset": ("EXP_TYPE",),
}

NIRCAM = Instrument(
    name="NIRCAM",
    prefix="NRC",
    detectors=DETECTORS,
    read_patterns=READ_PATTERNS,
    wavelengths=lambda detector: FILTERS[detector.channel],
    subarray=_subarray,
    subarray_names=tuple(SUBARRAY_SIZES),
    outputs=four_when_whole,
    frame_clocks=hawaii_frame_clocks(2),
    row_clocks=hawaii_row_clocks,
    image="NRC_IMAGE",
    dark="NRC_DARK",
    time_series="NRC_TSIMAGE",
    keywords=_keywords,
    keys=KEYS,
    default_detector="NRCB1",
    default_subarray="SUB160",
    default_pattern="RAPID",
    default_filter=lambda detector: DEFAULT_FILTER[detector.channel],
    aperture=lambda detector, window: f"{detector.name.replace('LONG', '5')}_{window.name}",
    template="NIRCam Imaging",
)
