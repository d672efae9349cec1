"""Facts of the two NIRSpec detectors, their read patterns and subarrays, as simulated.

Source: JWST User Documentation, "NIRSpec Detectors", "NIRSpec Detector Recommended Strategies",
"NIRSpec Detector Readout Modes and Patterns", "NIRSpec Detector Subarrays" (frame times: 10 us
per pixel, 12 clocks per row besides, one further row; with IRS2, 712 clocks per row: 512 pixels,
4 reads of reference pixels after every 16, and what it takes to get there and back). Noise,
gain and full well are typical figures, not a calibration.
"""

from typing import Any

from webbcal.sim.instruments._instrument import (
    Detector,
    Instrument,
    ReadPattern,
    Subarray,
    fast_and_slow,
    four_when_whole,
    hawaii_frame_clocks,
    hawaii_row_clocks,
)

IRS2_ROW_CLOCKS = 712
_IRS2 = (16, 4)


def _detector(name: str, number: int, sign: int, gain: float, v2: float, v3: float) -> Detector:
    return Detector(
        name=name,
        instrument="NIRSPEC",
        number=number,
        fast_axis=2 * sign,
        slow_axis=sign,
        gain=gain,
        read_noise=8.5,
        full_well=5.5e4,
        dark_rate=8e-3,
        v2=v2,
        v3=v3,
        pixel_scale=0.105,
    )


DETECTORS = {
    d.name: d
    for d in (
        _detector("NRS1", 491, 1, 1.00, 378.56, -428.40),
        _detector("NRS2", 492, -1, 1.14, 378.56, -428.40),
    )
}

READ_PATTERNS: dict[str, ReadPattern] = {
    "NRSRAPID": ReadPattern(1),
    "NRS": ReadPattern(4),
    "NRSIRS2RAPID": ReadPattern(1, reference_reads=_IRS2),
    "NRSIRS2": ReadPattern(5, reference_reads=_IRS2),
}

FILTERS = {
    "F110W": 1.10,
    "F140X": 1.40,
    "CLEAR": 2.00,
    "F070LP": 1.00,
    "F100LP": 1.40,
    "F170LP": 2.40,
    "F290LP": 4.00,
}
"""A typical wavelength in micrometre: the simulated scene is an image."""

SUBARRAYS = {
    w.name: w
    for w in (
        Subarray("ALLSLITS", 1, 897, 2048, 256),
        Subarray("SUB512", 1025, 957, 512, 32),
        Subarray("SUB2048", 1, 957, 2048, 32),
    )
}


def _row_clocks(window: Subarray, detector: Detector, pattern: ReadPattern) -> int:
    if pattern.reference_reads is None:
        return hawaii_row_clocks(window, detector, pattern)
    fast, _ = fast_and_slow(window, detector)
    amplifier = fast // four_when_whole(window)
    return IRS2_ROW_CLOCKS * amplifier // 512


def _frame_clocks(window: Subarray, detector: Detector, pattern: ReadPattern) -> int:
    if pattern.reference_reads is None:
        return hawaii_frame_clocks(1)(window, detector, pattern)
    _, slow = fast_and_slow(window, detector)
    return (slow + 1) * _row_clocks(window, detector, pattern) + 1


def _keywords(_detector: Detector, filter_name: str) -> dict[str, Any]:
    return {"FILTER": filter_name, "GRATING": "MIRROR", "FXD_SLIT": "NONE", "LAMP": "NO_LAMP"}


KEYS: dict[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY", "READPATT"),
    "saturation": ("DETECTOR", "SUBARRAY"),
    "superbias": (
        "DETECTOR",
        "READPATT",
        "SUBARRAY",
        "SUBSTRT1",
        "SUBSTRT2",
        "SUBSIZE1",
        "SUBSIZE2",
    ),
    "linearity": ("DETECTOR", "SUBARRAY"),
    "dark": ("DETECTOR", "READPATT", "SUBARRAY", "SUBSTRT1", "SUBSTRT2", "SUBSIZE1", "SUBSIZE2"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
    "refpix": ("DETECTOR", "READPATT"),
    "sirskernel": (),
    "pictureframe": ("DETECTOR",),
}

NIRSPEC = Instrument(
    name="NIRSPEC",
    prefix="NRS",
    detectors=DETECTORS,
    read_patterns=READ_PATTERNS,
    wavelengths=lambda _: FILTERS,
    subarray=lambda name, _: SUBARRAYS.get(name),
    subarray_names=tuple(SUBARRAYS),
    outputs=four_when_whole,
    frame_clocks=_frame_clocks,
    row_clocks=_row_clocks,
    image="NRS_IMAGE",
    dark="NRS_DARK",
    time_series="NRS_BRIGHTOBJ",
    further_types=("NRS_FIXEDSLIT", "NRS_MSASPEC", "NRS_IFU"),
    keywords=_keywords,
    keys=KEYS,
    default_detector="NRS1",
    default_subarray="SUB512",
    default_pattern="NRSRAPID",
    default_filter=lambda _: "F110W",
    aperture=lambda detector, window: f"{detector.name}_{window.name}",
    template="NIRSpec Imaging",
)
