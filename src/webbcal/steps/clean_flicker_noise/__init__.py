"""1/f noise: subtract the drift of the electronics that pixels read together share."""

from collections.abc import Callable
from typing import Any

import numpy as np

from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import FlickerMask, FlickerMasks, Ramp
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps._step import Frames, Needs, Scope, Step, Survey
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

__all__ = ["STEP", "CleanFlickerNoiseOptions", "clean_flicker_noise"]


def clean_flicker_noise(
    ramp: Ramp,
    readnoise: ReadNoise,
    gain: Gain,
    flat: Flat | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
    measured: Any = None,
) -> Ramp:
    r"""Subtract the noise that the pixels of a line share from what each group adds.

    A draft of the count rate r tells where there is nothing but background, and what light adds
    to every group. For group j > 0, spacing :math:`\Delta t`, the noise of the difference

    .. math:: d_j = s_j - s_{j-1} - r \Delta t

    is, in masked pixels, the median of each line, or of each amplifier's part of it; or, with
    ``fit_method = "fft"``, slow waves along the line. There is no light in it, so sources and
    gradients of the sky stay as they are. The slope of the noise is in the rate, with the light:
    what lines have in common in :math:`r \Delta t` less the background b (the median of the
    masked pixels or a smooth surface through them) is noise :math:`n` as far as the noise of the
    differences explains it, and light beyond that (see ``light.py``):

    .. math:: s'_j = s_j - j n - \sum_{k=1}^{j} n_k

    The noise has mean zero where a background is subtracted: lines cannot tell a common level
    from background.
    Lines run along the fast axis of the readout; those of MIRI along y.

    With ``background_method = "median_image"`` all integrations tell the light: it is their mean
    rate, with the sources as bright as in the integration at hand. What lines share in the rate
    of an integration beyond that is noise, and so is the level that all lines share.

    Of n pixels with a scatter s, a median has an error of variance :math:`e = \pi s^2 / 2 n`. Only
    the part :math:`1 - e / v` of the noise counts, v being its mean square around the line.

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x), whole frames.
    readnoise, gain : ReadNoise, Gain
        Of the draft count rates.
    flat : Flat or None
        Response of the pixels, for `apply_flat_field` and `mask_science_regions`.
    user_mask : BackgroundMask or None
        A mask to use instead of one made from the draft.
    options : CleanFlickerNoiseOptions
        Methods, the limit of the mask, what to save.
    measured : clean_flicker_noise.scene.Scene or None
        What is known of the exposure; None to find it here.

    Returns
    -------
    Ramp
        New product; `sci` differs, but in the first group. `background_mask`,
        `flicker_background` and `flicker_noise` are there where they are to be saved.

    Raises
    ------
    CannotCalibrate
        If there is one group or no background, or if a method is not defined for this kind of
        exposure or needs a reference that does not exist.
    InvalidProduct
        If the exposure lacks its group time, frame time or number of frames, or the orientation
        of its readout.

    Notes
    -----
    Flags used: DO_NOT_USE and JUMP_DET of `groupdq` exclude a pixel from the noise of a
    difference; all flags count for the draft rates. Flags set: none.
    NaN in the signal stays NaN and tells nothing. Lines without a masked pixel have no noise.
    Lines with fewer than 16 masked pixels or 5 % of them are left alone, too, but for the level
    that all lines share.
    The mask takes the pixels of the draft rate from 3 standard deviations below to `n_sigma`
    above its median. Sums in float64, result float32.
    With two groups in one integration nothing tells light from the slope of the noise but that it
    is smooth across lines.
    The noise of the correction, at most about 1.25 times that of a pixel over the square root of
    the pixels of a line, is not propagated.

    Source: JWST User Documentation, calwebb_detector1, 1/f noise correction; B. Rauscher 2024,
    PASP 136, 015001 (fit of waves); W. James, C. Stein 1961, Proc. Fourth Berkeley Symp. 1, 361
    (what is light, and what an error).
    Departures: ``docs/decisions/0055-mean-level-of-flicker-noise.md``,
    ``0056-waves-are-real-and-centred.md``.
    """
    count, _, rows, columns = ramp.sci.shape
    references = readnoise, gain, flat, user_mask
    scene = measured
    if scene is None:
        planes = _look(ramp, *references, options)
        scene = _conclude(planes, ramp.meta, *references, options)
    whole = Window.whole((rows, columns))
    parts = []
    for i in range(count):
        one = ramp.cut(whole, slice(i, i + 1))
        first = ramp.meta.exposure.lookup("integration_start") or 1
        one = one.with_changes(meta=ramp.meta.replace({"exposure.integration_start": first + i}))
        parts.append(_clean_integration(one, *references, options, measured=scene)[0])
    names = ("sci", "background_mask", "flicker_background", "flicker_noise")
    changes = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in names
        if getattr(parts[0], name) is not None
    }
    return ramp.with_changes(**changes)


# A run that leaves the noise alone loads nothing of how it is found.


def _look(*arguments: Any) -> Any:
    from webbcal.steps.clean_flicker_noise.scene import look

    return look(*arguments)


def _conclude(*arguments: Any) -> Any:
    from webbcal.steps.clean_flicker_noise.scene import conclude

    return conclude(*arguments)


def _clean_integration(*arguments: Any, **more: Any) -> Any:
    from webbcal.steps.clean_flicker_noise.frames import clean_integration

    return clean_integration(*arguments, **more)


def _mask(result: Ramp) -> FlickerMask | FlickerMasks | None:
    """Return the mask as a product; one for each integration where they differ."""
    if not result.has("background_mask"):
        return None
    values = result.background_mask.astype(np.float32)
    if len(values) == 1:
        return FlickerMask(sci=values[0], meta=result.meta, window=result.window)
    return FlickerMasks(sci=values, meta=result.meta, window=result.window)


def _ramp_of(name: str) -> Callable[[Ramp], Ramp | None]:
    def product(result: Ramp) -> Ramp | None:
        if not result.has(name):
            return None
        return Ramp(
            sci=getattr(result, name),
            pixeldq=result.pixeldq,
            groupdq=result.groupdq,
            meta=result.meta,
            window=result.window,
        )

    return product


def _one_by_one(meta: Meta) -> int:
    return 1


STEP = Step(
    "clean_flicker_noise",
    clean_flicker_noise,
    CleanFlickerNoiseOptions,
    references={
        "readnoise": Needs(ReadNoise),
        "gain": Needs(Gain),
        "flat": Needs(Flat, required=False),
        "user_mask": Needs(BackgroundMask, required=False, option="user_mask"),
    },
    status="clean_flicker_noise",
    scope=Scope.EXPOSURE,
    survey=Survey(_look, _conclude),
    frames=Frames(_clean_integration, together=_one_by_one),
    products={
        "mask": _mask,
        "flicker_bkg": _ramp_of("flicker_background"),
        "flicker_noise": _ramp_of("flicker_noise"),
    },
    optional=True,
)
