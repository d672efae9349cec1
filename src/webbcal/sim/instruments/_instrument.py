"""The face that the facts of every instrument show to the simulator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webbcal.core.errors import InvalidOptions

WHOLE = "FULL"


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One sensor chip assembly.

    Attributes
    ----------
    name, instrument : str
        Values of DETECTOR and INSTRUME.
    number : int
        Value of SCA_NUM.
    fast_axis, slow_axis : int
        Direction of the readout in the science frame: 1 is x, 2 is y, negative runs down.
    gain : float
        Electron/DN.
    read_noise : float
        Of one read, electron.
    full_well : float
        Electron.
    dark_rate : float
        Typical, electron/s.
    v2, v3 : float
        Position in the focal plane, arcsec.
    pixel_scale : float
        Arcsec per pixel.
    module, channel : str
        As in the keywords; empty where the instrument has none.
    innermost : tuple of str
        Corner next to the middle of the module, for subarrays that lie there.
    """

    name: str
    instrument: str
    number: int
    fast_axis: int
    slow_axis: int
    gain: float
    read_noise: float
    full_well: float
    dark_rate: float
    v2: float
    v3: float
    pixel_scale: float
    module: str = ""
    channel: str = ""
    innermost: tuple[str, str] = ("low", "low")


@dataclass(frozen=True)
class ReadPattern:
    """How reads become groups.

    Attributes
    ----------
    frames_averaged, frames_dropped : int
        Frames averaged into a group, and dropped between groups.
    samples : int
        Reads of a pixel in one frame.
    reference_reads : tuple of int or None
        IRS2: pixels read between two visits to the reference pixels, and reads of those.
    reads : tuple of int
        Guide stars: the frames of an integration, from 0, that are stored one by one as its
        groups; the two numbers above are then no more than what the keywords say.
    """

    frames_averaged: int
    frames_dropped: int = 0
    samples: int = 1
    reference_reads: tuple[int, int] | None = None
    reads: tuple[int, ...] = ()


@dataclass(frozen=True)
class Subarray:
    """The part of a detector that is read; `x_start`, `y_start` count from 1, science frame."""

    name: str
    x_start: int
    y_start: int
    columns: int
    rows: int

    @property
    def full_frame(self) -> bool:
        """Whether the whole detector is read."""
        return self.name == WHOLE


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """Facts of one instrument.

    Attributes
    ----------
    name, prefix : str
        INSTRUME, and how its exposure types begin.
    rows, columns : int
        Size of a detector.
    border : tuple of int
        Width of the frame of light-insensitive pixels: rows on either side, columns on either
        side.
    detectors, read_patterns : mapping
        By name.
    wavelengths : callable
        Detector to the pivot wavelength (micrometre) by the name of the filter.
    subarray : callable
        Name, detector to the subarray, or None for an unknown name.
    outputs : callable
        Subarray to the number of amplifiers.
    frame_clocks : callable
        Subarray, detector, read pattern to the clock periods of a frame.
    row_clocks : callable
        Subarray, detector, read pattern to the clock periods of a row, as it is read.
    clock_s : float
        Period of the pixel clock.
    interleaved_outputs : bool
        Whether neighbouring pixels belong to different amplifiers (else each has a stripe).
    alternating : str
        Which reads share an offset: those of odd and even "columns" or "rows" of the readout.
    image, dark, time_series : str
        Exposure types; `time_series` may be empty.
    keywords : callable
        Detector, filter to the keywords of the optical elements.
    keys : mapping
        Reference type to the keywords that select its file.
    default_detector, default_subarray, default_pattern, default_filter
        What is simulated if nothing else is asked for; the filter may depend on the detector.
    aperture : callable
        Detector, subarray to the name of the aperture.
    template : str
        Observing template.
    pixel_um, thickness_um : float
        Size of a pixel and depth of the layer that particles cross.
    snowballs : bool
        Whether particles make snowballs.
    subarray_names : tuple of str
        For messages.
    further_types : tuple of str
        Other exposure types that may be simulated.
    """

    name: str
    prefix: str
    rows: int = 2048
    columns: int = 2048
    border: tuple[int, int] = (4, 4)
    detectors: Mapping[str, Detector]
    read_patterns: Mapping[str, ReadPattern]
    wavelengths: Callable[[Detector], Mapping[str, float]]
    subarray: Callable[[str, Detector], Subarray | None]
    subarray_names: tuple[str, ...]
    outputs: Callable[[Subarray], int]
    frame_clocks: Callable[[Subarray, Detector, ReadPattern], int]
    row_clocks: Callable[[Subarray, Detector, ReadPattern], int]
    clock_s: float = 1e-5
    interleaved_outputs: bool = False
    alternating: str = "columns"
    image: str
    dark: str
    time_series: str = ""
    further_types: tuple[str, ...] = ()
    keywords: Callable[[Detector, str], Mapping[str, Any]]
    keys: Mapping[str, tuple[str, ...]]
    default_detector: str
    default_subarray: str
    default_pattern: str
    default_filter: Callable[[Detector], str]
    aperture: Callable[[Detector, Subarray], str]
    template: str
    pixel_um: float = 18.0
    thickness_um: float = 8.0
    snowballs: bool = True

    @property
    def exposure_types(self) -> tuple[str, ...]:
        """All exposure types that may be simulated."""
        some = (self.image, self.time_series, self.dark, *self.further_types)
        return tuple(name for name in some if name)

    def window(
        self, text: str, detector: Detector, x_start: int | None = None, y_start: int | None = None
    ) -> Subarray:
        """Find a subarray by its name, or by its size ``ROWSxCOLUMNS``.

        A size by itself lies at the lower left, where it holds reference pixels.

        Raises
        ------
        InvalidOptions
            If the name is not known, or the subarray does not fit on the detector.
        """
        name = text.upper()
        if name == WHOLE:
            found = Subarray(WHOLE, 1, 1, self.columns, self.rows)
        else:
            found = self.subarray(name, detector) or self._generic(text)
        x0 = x_start if x_start is not None else found.x_start
        y0 = y_start if y_start is not None else found.y_start
        outside = x0 + found.columns - 1 > self.columns or y0 + found.rows - 1 > self.rows
        if min(x0, y0) < 1 or outside:
            raise InvalidOptions(
                "subarray",
                expected=f"inside a detector of {self.rows} x {self.columns} pixels",
                found=f"{found.rows}x{found.columns} starting at x = {x0}, y = {y0}",
            )
        return Subarray(found.name, x0, y0, found.columns, found.rows)

    def _generic(self, text: str) -> Subarray:
        rows, _, columns = text.lower().partition("x")
        if not (rows.isdecimal() and columns.isdecimal() and int(rows) > 0 and int(columns) > 0):
            names = ", ".join([WHOLE, *self.subarray_names])
            raise InvalidOptions("subarray", expected=f"{names} or ROWSxCOLUMNS", found=text)
        size = int(rows), int(columns)
        name = WHOLE if size == (self.rows, self.columns) else "GENERIC"
        return Subarray(name, 1, 1, size[1], size[0])


def fast_and_slow(window: Subarray, detector: Detector) -> tuple[int, int]:
    """Return the size of a subarray along the fast and the slow axis of the readout."""
    sizes = window.columns, window.rows
    return sizes if abs(detector.fast_axis) == 1 else sizes[::-1]


def four_when_whole(window: Subarray) -> int:
    """Return the amplifiers of a near-infrared detector: four for the full frame, else one."""
    return 4 if window.full_frame else 1


def hawaii_row_clocks(window: Subarray, detector: Detector, _pattern: ReadPattern) -> int:
    """Return the clocks of a row of a near-infrared detector: its pixels and 12 more."""
    fast, _ = fast_and_slow(window, detector)
    return fast // four_when_whole(window) + 12


def hawaii_frame_clocks(extra_rows: int) -> Callable[[Subarray, Detector, ReadPattern], int]:
    """Return the rule for the clocks of a frame of a near-infrared detector.

    One more row and one more clock for the full frame, `extra_rows` more for a subarray.
    """

    def clocks(window: Subarray, detector: Detector, pattern: ReadPattern) -> int:
        _, slow = fast_and_slow(window, detector)
        row = hawaii_row_clocks(window, detector, pattern)
        return (slow + 1) * row + 1 if window.full_frame else (slow + extra_rows) * row

    return clocks
