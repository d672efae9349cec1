"""Picture frame: subtract the glow of the edges that follows a change of temperature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import FlickerMask, Ramp
from webbcal.spec.references import Gain, PictureFrame, ReadNoise
from webbcal.steps._draft_rates import draft_rates
from webbcal.steps._exposure import frame_of
from webbcal.steps._step import Frames, Needs, Parallel, Scope, Step, Survey

CENTRE = slice(76, 1984)
"""Rows and columns of the middle of the detector."""

INNER, OUTER = slice(75, 1985), slice(4, 2043)
"""The edge: rows and columns of OUTER beyond those of INNER."""


@dataclass(frozen=True)
class PictureFrameOptions(Options):
    """Options of `subtract_picture_frame`."""

    mask_science_regions: bool = option(
        True, "Leave out where spectra fall; needs their positions, which stage 1 does not know."
    )
    n_sigma: float = option(
        2.0,
        "Pixels of the draft image further above its level are no background.",
        unit="sigma",
        low=0.0,
    )
    save_mask: bool = option(False, "Write which pixels are background: suffix pctfrm_mask.")
    save_correction: bool = option(False, "Write what is subtracted: suffix pctfrm_correction.")


@dataclass(frozen=True)
class Scene:
    """What is known of the exposure.

    Parameters
    ----------
    mask : array
        Where there is only background, bool, (y, x).
    """

    mask: np.ndarray


def subtract_picture_frame(
    ramp: Ramp,
    pictureframe: PictureFrame | None,
    readnoise: ReadNoise,
    gain: Gain,
    options: PictureFrameOptions,
    measured: Scene | None = None,
) -> Ramp:
    r"""Subtract from each group the pattern P, scaled to what its edges show.

    With the medians :math:`c_j, e_j` of what group j has gained since the first group, over the
    background in the centre and at the edges of the detector, and those of the pattern over the
    same pixels, C and E,

    .. math:: s'_j = s_j - \left[ \frac{c_j - e_j}{C - E} (P - E) + e_j \right]

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x), whole frames.
    pictureframe : PictureFrame or None
        The pattern, axes (y, x).
    readnoise, gain : ReadNoise, Gain
        Of the draft count rates.
    options : PictureFrameOptions
        The limit of the background; what to save.
    measured : Scene or None
        Which pixels are background; None to find them here.

    Returns
    -------
    Ramp
        New product; `sci` differs, but in the first group. `thermal_mask` and `thermal_pattern`
        are there where they are to be saved.

    Raises
    ------
    CannotCalibrate
        If it is no full frame of NIRSpec, there is one group, no pattern, a pattern without
        contrast, or no background, and if spectra are to be masked.
    InvalidProduct
        If the exposure lacks its group time, frame time or number of frames.

    Notes
    -----
    Flags used: those of the draft rates. Flags set: none. NaN in the signal stays NaN and tells
    nothing; where the pattern is NaN, so is the result.
    Flagged groups tell of the level like others: a median hardly feels a few cosmic rays, and to
    leave out flags would leave out what glows most.
    The background level goes with the pattern: both are what is not in the sources. Medians of
    some million pixels; their error is not propagated.

    Source: JWST User Documentation, calwebb_detector1, picture frame correction.
    """
    references = pictureframe, readnoise, gain
    scene = measured
    if scene is None:
        scene = conclude(look(ramp, *references, options), ramp.meta, *references, options)
    return correct_integrations(ramp, *references, options, measured=scene)[0]


def look(
    ramp: Ramp,
    pictureframe: PictureFrame | None,
    readnoise: ReadNoise,
    gain: Gain,
    options: PictureFrameOptions,
) -> Mapping[str, Any]:
    """Return a draft of the count rate of a window, DN/s; NaN where there is none.

    It is weighted like the final one: where the sky is steep, what is a little brighter than the
    background decides on the mask, and with it on the level.

    Raises
    ------
    CannotCalibrate
        See `subtract_picture_frame`.
    InvalidProduct
        If the exposure lacks its group time, frame time or number of frames.
    """
    _check(ramp, pictureframe, options)
    return {"rate": draft_rates(ramp, readnoise, gain)[-1]}


def conclude(
    planes: Mapping[str, np.ndarray],
    meta: Meta,
    pictureframe: PictureFrame | None,
    readnoise: ReadNoise,
    gain: Gain,
    options: PictureFrameOptions,
) -> Scene:
    """Return what the draft image tells of the exposure.

    Raises
    ------
    CannotCalibrate
        If centre or edge show no background.
    """
    from webbcal.numerics.background_mask import background_mask

    rate = planes["rate"]
    if rate.shape != (DETECTOR_SIZE, DETECTOR_SIZE):
        raise CannotCalibrate("the picture frame is only known for full frames")
    mask = background_mask(rate, np.isfinite(rate), options.n_sigma)
    for part, name in zip(_parts(mask), ("centre", "edges"), strict=True):
        if not part.any():
            raise CannotCalibrate(f"no background at the {name} of the detector")
    return Scene(mask)


def correct_integrations(
    ramp: Ramp,
    pictureframe: PictureFrame | None,
    readnoise: ReadNoise,
    gain: Gain,
    options: PictureFrameOptions,
    *,
    carried: None = None,
    measured: Scene,
    parallel: Parallel = map,
) -> tuple[Ramp, None]:
    """Correct whole frames of some integrations, their groups shared out."""
    assert pictureframe is not None, "the survey has seen it"
    pattern = np.asarray(pictureframe.sci, np.float32)
    parts = _parts(measured.mask)
    everywhere = np.isfinite(pattern)
    c, e = (_median(pattern, part & everywhere) for part in parts)
    if not abs(c - e) > 0:
        raise CannotCalibrate("the pattern of the picture frame is the same at edges and centre")
    shape = ramp.shape_of("sci")
    out = np.empty(shape, np.float32)
    removed = np.zeros(shape, np.float32) if options.save_correction else None

    def correct(number: int) -> None:
        i, j = divmod(number, shape[1])
        signal = frame_of(ramp, "sci", i, j)
        if j == 0:
            out[i, j] = signal
            return
        first = frame_of(ramp, "sci", i, 0)
        gained = signal - first
        told = np.isfinite(gained)
        centre, edge = (_median(gained, part & told) for part in parts)
        model: np.ndarray = np.zeros(1, np.float32)
        if np.isfinite(centre) and np.isfinite(edge):
            scale = np.float32((centre - edge) / (c - e))
            model = scale * (pattern - np.float32(e)) + np.float32(edge)
        np.subtract(signal, model, out=out[i, j])
        if removed is not None:
            removed[i, j] = model

    for _ in parallel(correct, range(shape[0] * shape[1])):
        pass
    changes: dict[str, Any] = {"sci": out}
    if options.save_mask:
        changes["thermal_mask"] = measured.mask.astype(np.uint8)
    if removed is not None:
        changes["thermal_pattern"] = removed
    return ramp.with_changes(**changes), None


def _possible(options: PictureFrameOptions, meta: Meta) -> bool:
    """Tell whether it is worth while to store the ramp; else `_check` says why on any window."""
    return not options.mask_science_regions and _of_whole_detector(meta)


def _of_whole_detector(meta: Meta) -> bool:
    return bool(meta.instrument.name == "NIRSPEC" and meta.subarray.name == "FULL")


def _check(ramp: Ramp, pictureframe: PictureFrame | None, options: PictureFrameOptions) -> None:
    if not _of_whole_detector(ramp.meta):
        raise CannotCalibrate("the picture frame is only known for full frames of NIRSpec")
    if ramp.shape_of("sci")[1] == 1:
        raise CannotCalibrate("one group shows no change of temperature")
    if pictureframe is None:
        raise CannotCalibrate("no pattern of the picture frame applies to this exposure")
    if options.mask_science_regions:
        raise CannotCalibrate(
            "where spectra fall is not known in stage 1; set "
            "picture_frame.mask_science_regions=false to leave out bright pixels only"
        )


def _parts(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of a mask in the centre and at the edges."""
    centre, edges = np.zeros_like(mask), np.zeros_like(mask)
    centre[CENTRE, CENTRE] = mask[CENTRE, CENTRE]
    edges[OUTER, OUTER] = mask[OUTER, OUTER]
    edges[INNER, INNER] = False
    return centre, edges


def _median(image: np.ndarray, chosen: np.ndarray) -> float:
    """Return the median of the chosen pixels, NaN of none."""
    from webbcal.numerics.background_mask import Values

    return Values(image, chosen).median(-np.inf, np.inf)


def _mask(result: Ramp) -> FlickerMask | None:
    if not result.has("thermal_mask"):
        return None
    values = result.thermal_mask.astype(np.float32)
    return FlickerMask(sci=values, meta=result.meta, window=result.window)


def _correction(result: Ramp) -> Ramp | None:
    if not result.has("thermal_pattern"):
        return None
    return Ramp(
        sci=result.thermal_pattern,
        pixeldq=result.pixeldq,
        groupdq=result.groupdq,
        meta=result.meta,
        window=result.window,
    )


STEP = Step(
    "picture_frame",
    subtract_picture_frame,
    PictureFrameOptions,
    references={
        "pictureframe": Needs(PictureFrame, required=False),
        "readnoise": Needs(ReadNoise),
        "gain": Needs(Gain),
    },
    status="picture_frame",
    scope=Scope.EXPOSURE,
    survey=Survey(look, conclude, _possible),
    frames=Frames(correct_integrations, _possible),
    products={"pctfrm_mask": _mask, "pctfrm_correction": _correction},
    optional=True,
)
