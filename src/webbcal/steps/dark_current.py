"""Dark current: subtract the ramp that a pixel shows without light."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.core.options import Options, option
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Dark
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Derivation, Needs, Step

RAMP_AXES = 4
"""Axes of a dark that differs from integration to integration."""


@dataclass(frozen=True)
class DarkCurrentOptions(Options):
    """Options of `subtract_dark`."""

    dark_output: bool | None = option(
        None,
        "Write the dark as it is subtracted, averaged to the read pattern, as a product of its "
        "own (suffix subtracteddark).",
    )
    average_dark_current: float | None = option(
        None, "Mean dark current of all pixels, in place of the reference's.", unit="electron/s"
    )


def subtract_dark(ramp: Ramp, dark: Dark, options: DarkCurrentOptions) -> Ramp:
    r"""Subtract the dark ramp of each pixel, averaged to the read pattern of the exposure.

    .. math:: s'_{ijk} = s_{ijk} - d_{\min(i, n - 1)\,jk}

    for integration i of the whole exposure, group j, pixel k, with a dark of n integrations.

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x).
    dark : Dark
        Dark ramp on the same pixels, DN, axes (group, y, x) or (integration, group, y, x). One
        that does not have the read pattern of the exposure passes through `average_dark`.
    options : DarkCurrentOptions
        A mean dark current to use in place of the reference's; whether to keep the dark.

    Returns
    -------
    Ramp
        New product; `sci`, `pixeldq` and `average_dark_current` differ. The latter, electron/s,
        axes (y, x), is the option, else the map of the reference, its keyword where the map is
        0 or missing, else absent. `subtracted_dark` and its flags hold the dark if asked for.

    Raises
    ------
    CannotCalibrate
        If the dark is averaged over more frames than the groups of the exposure, or with
        another pattern.
    InvalidReference, InvalidProduct
        If a read pattern is not recorded.

    Notes
    -----
    Flags used: none. Flags set: those of the reference, in `pixeldq`. A dark that is NaN counts
    as zero. NaN in the signal stays NaN. Zero frames stay as they are.
    Assumes that the error of the dark is negligible.

    Source: JWST User Documentation, calwebb_detector1, dark current subtraction.
    """
    pattern = _pattern(ramp.meta, "exposure")
    integrations, groups = ramp.sci.shape[:2]
    if not _fits(dark, pattern, groups):
        dark = average_dark(dark, nframes=pattern[0], groupgap=pattern[1], ngroups=groups)
    signal, flags = dark.sci, dark.dq
    if np.isnan(signal.min(initial=0.0)):  # one pass without a copy, as NaN is rare
        signal = np.nan_to_num(signal, nan=0.0)
    if signal.ndim == RAMP_AXES:
        first, last = first_integration(ramp.meta), len(signal) - 1
        sci = np.empty_like(ramp.sci)
        for i in range(integrations):
            np.subtract(ramp.sci[i], signal[min(first + i, last)], out=sci[i])
    else:
        sci = ramp.sci - signal
    if flags.ndim == RAMP_AXES:
        flags = np.bitwise_or.reduce(flags, axis=(0, 1))
    kept: tuple[Any, Any] = (None, None)
    if options.dark_output:
        kept = (signal.reshape(-1, *signal.shape[-3:]), flags)
    return replace(
        ramp,
        sci=sci,
        pixeldq=ramp.pixeldq | flags,
        average_dark_current=_mean_current(dark, ramp.pixeldq.shape, options),
        subtracted_dark=kept[0],
        subtracted_dark_dq=kept[1],
    )


def average_dark(dark: Dark, *, nframes: int, groupgap: int, ngroups: int) -> Dark:
    r"""Average the frames of a dark as the groups of an exposure were averaged on board.

    Group j of the result is

    .. math:: d'_j = \frac{1}{n} \sum_{f=0}^{n-1} d_{j (n + g) + f}

    for groups of n frames with g frames dropped after each. A dark that ends early is continued
    by its last difference.

    Parameters
    ----------
    dark : Dark
        Single frames (NFRAMES 1, GROUPGAP 0), or groups of the pattern asked for, of which the
        first ones are taken. Axes (group, y, x) or (integration, group, y, x), DN.
    nframes, groupgap, ngroups : int
        Frames per group, frames dropped between groups, groups.

    Returns
    -------
    Dark
        New product without `err`; ``meta.exposure`` tells its pattern.

    Raises
    ------
    CannotCalibrate
        If the dark is averaged over more frames, drops more, or is averaged otherwise.
    InvalidReference
        If the pattern of the dark is not recorded, or it is too short to be continued.

    Notes
    -----
    NaN counts as zero, also where it keeps a pixel from being continued. Sums in float64.
    Pixel by pixel: works on any window.
    """
    pattern = _pattern(dark.meta, "dark")
    if pattern == (nframes, groupgap):
        step, count = 1, 1
    elif pattern[0] > nframes or pattern[1] > groupgap:
        raise CannotCalibrate(
            "the dark is averaged over more frames than the exposure",
            expected=f"at most {nframes} frames and {groupgap} dropped per group",
            found=f"{pattern[0]} and {pattern[1]}",
        )
    elif pattern != (1, 0):
        raise CannotCalibrate(
            "the dark cannot be averaged to the pattern of the exposure",
            expected=f"single frames, or {nframes} per group and {groupgap} dropped",
            found=f"{pattern[0]} and {pattern[1]}",
        )
    else:
        step, count = nframes + groupgap, nframes
    ramps = dark.sci.reshape(-1, *dark.sci.shape[-3:])
    averaged = np.empty((len(ramps), ngroups, *ramps.shape[2:]), np.float32)
    for frames, target in zip(ramps, averaged, strict=True):
        for group in range(ngroups):
            total = np.zeros(frames.shape[1:])
            for frame in range(group * step, group * step + count):
                total += np.nan_to_num(_frame(frames, frame), nan=0.0)
            target[group] = total / count
    meta = dark.meta.replace(
        {"exposure.nframes": nframes, "exposure.groupgap": groupgap, "exposure.ngroups": ngroups}
    )
    without: Any = None
    shape = (*dark.sci.shape[:-3], *averaged.shape[1:])
    return replace(dark, sci=averaged.reshape(shape), err=without, meta=meta)


def _frame(frames: np.ndarray, index: int) -> np.ndarray:
    """Return one frame; beyond the last one, a continuation."""
    last = len(frames) - 1
    if index <= last:
        return np.asarray(frames[index])
    if last < 1:
        raise InvalidReference("dark", expected="2 or more groups", found=len(frames))
    end = frames[last].astype(np.float64)
    return np.asarray(end + (index - last) * (end - frames[last - 1]))


def _pattern(meta: Meta, where: str) -> tuple[int, int]:
    """Return the frames per group and those dropped between groups."""
    frames, gap = meta.exposure.nframes, meta.exposure.groupgap
    if not isinstance(frames, int) or frames < 1 or not isinstance(gap, int) or gap < 0:
        raise InvalidReference(
            "read pattern",
            where=where,
            expected="NFRAMES >= 1 and GROUPGAP >= 0",
            found=f"{frames} and {gap}",
        )
    return frames, gap


def _fits(dark: Dark, pattern: tuple[int, int], groups: int) -> bool:
    return _pattern(dark.meta, "dark") == pattern and dark.shape_of("sci")[-3] == groups


def _mean_current(dark: Dark, shape: tuple[int, ...], options: DarkCurrentOptions) -> Any:
    """Return the mean dark current, (y, x), electron/s, or None where it is not known."""
    if options.average_dark_current is not None:
        return np.full(shape, options.average_dark_current, np.float32)
    keyword = dark.meta.exposure.average_dark_current
    if dark.has("average_dark_current"):
        image = dark.average_dark_current
        return np.where(image != 0, image, np.float32(keyword or 0.0))
    return np.full(shape, keyword, np.float32) if keyword else None


def _key(dark: Dark, meta: Meta) -> str | None:
    """Name the averaged dark of an exposure; None where the reference serves as it is."""
    pattern, groups = _pattern(meta, "exposure"), meta.exposure.ngroups
    own = _pattern(dark.meta, "dark")
    if _fits(dark, pattern, groups) or own not in (pattern, (1, 0)):
        return None
    return f"{groups}x{pattern[0]}+{pattern[1]}"


def _derive(dark: Dark, meta: Meta) -> Dark:
    exposure = meta.exposure
    return average_dark(
        dark, nframes=exposure.nframes, groupgap=exposure.groupgap, ngroups=exposure.ngroups
    )


def _subtracted(ramp: Ramp) -> Dark | None:
    """Return the dark that was subtracted, as a reference with the read pattern of the exposure."""
    if not ramp.has("subtracted_dark"):
        return None
    signal, meta = ramp.subtracted_dark, ramp.meta.replace({"reftype": "DARK"})
    if len(signal) == 1:
        signal = signal[0]
    return Dark(meta=meta, window=ramp.window, sci=signal, dq=ramp.subtracted_dark_dq)


STEP = Step(
    "dark_current",
    subtract_dark,
    DarkCurrentOptions,
    references={"dark": Needs(Dark)},
    status="dark_sub",
    derivations={"dark": Derivation(_key, _derive)},
    products={"subtracteddark": _subtracted},
)
