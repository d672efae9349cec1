"""Facts of the NIRISS detector, its read patterns, filters and subarrays, as simulated.

Source: JWST User Documentation, "NIRISS Detector Overview", "NIRISS Detector Performance",
"NIRISS Detector Readout Patterns", "NIRISS Detector Subarrays" (frame times: 10 us per pixel,
12 clocks per row besides, two further rows per subarray), "NIRISS Filters". Noise, gain and full
well are typical figures, not a calibration.
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

NIS = Detector(
    name="NIS",
    instrument="NIRISS",
    number=496,
    fast_axis=-2,
    slow_axis=-1,
    gain=1.61,
    read_noise=11.5,
    full_well=8.0e4,
    dark_rate=2.6e-2,
    v2=-290.10,
    v3=-697.50,
    pixel_scale=0.0656,
)

READ_PATTERNS: dict[str, ReadPattern] = {"NISRAPID": ReadPattern(1), "NIS": ReadPattern(4)}

SHORT_FILTERS = {
    "F090W": 0.902,
    "F115W": 1.150,
    "F140M": 1.404,
    "F150W": 1.494,
    "F158M": 1.582,
    "F200W": 1.989,
}
"""In the pupil wheel."""

LONG_FILTERS = {
    "F277W": 2.764,
    "F356W": 3.594,
    "F380M": 3.827,
    "F430M": 4.284,
    "F444W": 4.427,
    "F480M": 4.815,
}
"""In the filter wheel."""

FILTERS = {**SHORT_FILTERS, **LONG_FILTERS}

SUBARRAYS = {
    w.name: w
    for w in (
        Subarray("SUB80", 1045, 1, 80, 80),
        Subarray("SUBSTRIP256", 1, 1793, 2048, 256),
        Subarray("SUBSTRIP96", 1, 1803, 2048, 96),
    )
}


def _keywords(_detector: Detector, filter_name: str) -> dict[str, Any]:
    if filter_name in SHORT_FILTERS:
        return {"FILTER": "CLEAR", "PUPIL": filter_name}
    return {"FILTER": filter_name, "PUPIL": "CLEARP"}


KEYS: dict[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY"),
    "saturation": ("DETECTOR",),
    "superbias": ("DETECTOR", "READPATT", "SUBARRAY"),
    "linearity": ("DETECTOR", "SUBARRAY"),
    "dark": ("DETECTOR", "READPATT", "SUBARRAY"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
    "sirskernel": (),
    "trapdensity": ("DETECTOR",),
    "trappars": ("DETECTOR",),
    "persat": ("DETECTOR",),
    "flat": ("DETECTOR", "FILTER", "PUPIL"),
    "distortion": ("EXP_TYPE", "PUPIL"),
    "filteroffset": ("EXP_TYPE",),
    "area": ("DETECTOR", "FILTER", "PUPIL", "EXP_TYPE"),
    "photom": ("DETECTOR",),
    "apcorr": ("EXP_TYPE",),
    "abvegaoffset": ("EXP_TYPE",),
}

NIRISS = Instrument(
    name="NIRISS",
    prefix="NIS",
    detectors={NIS.name: NIS},
    read_patterns=READ_PATTERNS,
    wavelengths=lambda _: FILTERS,
    subarray=lambda name, _: SUBARRAYS.get(name),
    subarray_names=tuple(SUBARRAYS),
    outputs=four_when_whole,
    frame_clocks=hawaii_frame_clocks(2),
    row_clocks=hawaii_row_clocks,
    image="NIS_IMAGE",
    dark="NIS_DARK",
    further_types=("NIS_AMI", "NIS_SOSS"),
    keywords=_keywords,
    keys=KEYS,
    default_detector="NIS",
    default_subarray="SUB80",
    default_pattern="NISRAPID",
    default_filter=lambda _: "F200W",
    aperture=lambda _, window: "NIS_CEN" if window.full_frame else f"NIS_{window.name}",
    template="NIRISS Imaging",
)
