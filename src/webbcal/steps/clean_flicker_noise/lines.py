"""How the noise lies on the image of one exposure, and what can be done about it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.readout import DETECTOR_SIZE, Readout
from webbcal.modes import Kind, Mode, mode_of
from webbcal.spec.meta import Meta
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

AMPLIFIERS = 4

_ALONG_Y = ("MIRI",)
"""Instruments whose noise is common to columns, whatever the direction of the readout."""

_ONLY_KINDS = {"MIRI": (Kind.IMAGE,)}
"""Kinds of exposure with a background, where not all of an instrument have one."""

_WAVES = {
    "NIRSPEC": (Kind.SPECTRUM, Kind.INTEGRAL_FIELD, Kind.TIME_SERIES_SPECTRUM),
}
"""Where the fit of waves is defined: its time scales are those of this readout."""

LOW_PASS_HZ = (1061.0, 1211.0)
_LOW_PASS_HZ = {"ALLSLITS": (150.0, 200.0)}
"""By subarray, where the scene leaves too little background for faster waves."""


@dataclass(frozen=True)
class Lines:
    """The lines along which noise is common.

    Parameters
    ----------
    along_y : bool
        Whether they are columns of the image.
    parts : int
        Amplifiers that share a line and are treated apart.
    amplifiers : int
        That share a line.
    backwards : (bool, bool)
        Whether lines, and pixels in a line, lie against the order in which they are read.
    low_pass_hz : (float, float)
        Between which frequencies the noise of a subarray fades out.
    """

    along_y: bool
    parts: int
    amplifiers: int = 1
    backwards: tuple[bool, bool] = (False, False)
    low_pass_hz: tuple[float, float] = LOW_PASS_HZ

    @classmethod
    def of(cls, meta: Meta, shape: tuple[int, int], options: CleanFlickerNoiseOptions) -> Self:
        """Read them from the metadata of an exposure of `shape` (rows, columns).

        A subarray that one amplifier reads has one part, whatever the options.

        Raises
        ------
        CannotCalibrate
            If the options ask for what is not defined for this kind of exposure.
        InvalidProduct
            If the orientation of the readout is not recorded.
        """
        mode = mode_of(meta.lookup("exposure.type"), where=meta.lookup("filename"))
        refuse_undefined(mode, options)
        readout = Readout.of(meta)
        along_y = mode.instrument in _ALONG_Y or readout.swapped
        length = shape[0] if along_y else shape[1]
        four = mode.instrument not in _ALONG_Y and length == DETECTOR_SIZE
        four = four and (meta.exposure.noutputs == AMPLIFIERS or shape[0] == shape[1])
        backwards = readout.mirrored_y, readout.mirrored_x
        amplifiers = AMPLIFIERS if four else 1
        return cls(
            along_y,
            amplifiers if options.fit_by_channel else 1,
            amplifiers,
            backwards[::-1] if along_y else backwards,
            _LOW_PASS_HZ.get(meta.subarray.lookup("name"), LOW_PASS_HZ),
        )

    def turned(self, image: np.ndarray) -> np.ndarray:
        """Return an image with the lines along its last axis, contiguous."""
        return np.ascontiguousarray(image.T) if self.along_y else image

    def as_read(self, image: np.ndarray) -> np.ndarray:
        """Return an image as (line, pixel), in the order in which they are read."""
        turned = image.T if self.along_y else image
        lines, pixels = (slice(None, None, -1 if back else None) for back in self.backwards)
        return np.ascontiguousarray(turned[lines, pixels])

    def from_read(self, image: np.ndarray) -> np.ndarray:
        """Return (line, pixel), as read, as an image (y, x)."""
        lines, pixels = (slice(None, None, -1 if back else None) for back in self.backwards)
        turned = image[lines, pixels]
        return turned.T if self.along_y else turned

    def spread(
        self, levels: np.ndarray, shape: tuple[int, int], rows: slice = slice(None)
    ) -> np.ndarray:
        """Return levels (line, part) on the pixels (y, x) of an image, or on some of its rows.

        NaN becomes 0. Where lines have one part, the axis along them has length 1.
        """
        known = np.nan_to_num(levels, nan=0.0).astype(np.float32)
        if self.parts == 1:
            return np.asarray(known.T if self.along_y else known[rows])
        length = shape[0] if self.along_y else shape[1]
        bounds = np.arange(self.parts + 1) * length // self.parts
        part = np.repeat(np.arange(self.parts), np.diff(bounds))
        return np.asarray(known.T[part[rows]] if self.along_y else known[rows][:, part])


def refuse_undefined(mode: Mode, options: CleanFlickerNoiseOptions) -> None:
    """Raise CannotCalibrate where an option is not defined for a kind of exposure."""
    kinds = _ONLY_KINDS.get(mode.instrument)
    if kinds is not None and mode.kind not in kinds:
        raise CannotCalibrate(f"not defined for {mode.exposure_type}, which shows no background")
    if options.fit_method == "fft" and mode.kind not in _WAVES.get(mode.instrument, ()):
        raise CannotCalibrate(f"fit_method fft is not defined for {mode.exposure_type}")
    if options.mask_science_regions and mode.instrument not in _ALONG_Y:
        raise CannotCalibrate(
            "mask_science_regions needs the slits and traces of an exposure, which stage 1 "
            "does not know; use user_mask"
        )
