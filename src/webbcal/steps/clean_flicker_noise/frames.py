"""Clean the groups of one integration after the other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Parallel
from webbcal.steps.clean_flicker_noise.noise import Parted, part
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions
from webbcal.steps.clean_flicker_noise.scene import Scene, draft_rates

NO_NOISE = DQ.DO_NOT_USE | DQ.JUMP_DET
"""Groups with these flags tell nothing about noise."""

ROWS_AT_ONCE = 64


def clean_integration(  # noqa: PLR0913 (what the runner hands to every step of this kind)
    ramp: Ramp,
    readnoise: ReadNoise,
    gain: Gain,
    flat: Flat | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
    *,
    carried: None = None,
    measured: Scene,
    parallel: Parallel = map,
) -> tuple[Ramp, None]:
    """Subtract the noise from the groups of one integration, whole frames.

    Parameters
    ----------
    ramp : Ramp
        One integration, which may lie on disk; metadata say which one.
    readnoise, gain, flat, user_mask, options
        See `clean_flicker_noise`.
    carried : None
        Integrations know nothing of each other.
    measured : Scene
        What is known of the exposure.
    parallel : Parallel
        Shares the groups out.

    Returns
    -------
    Ramp
        `sci` differs; `background_mask`, `flicker_background` and `flicker_noise` are there
        where they are to be saved.
    None
        Nothing is carried on.
    """
    own = measured.options
    nints, groups, rows, columns = ramp.shape_of("sci")
    assert nints == 1, "integrations come one by one"
    rate = draft_rates(ramp, readnoise, gain)[0] if measured.mask is None else None
    mask = measured.mask_of(first_integration(ramp.meta), rate)
    signal, flags = _groups_of(ramp, "sci"), _groups_of(ramp, "groupdq")
    scale = 0.0 if measured.image is None else brightness(signal, flags, measured.image, mask)
    cleaned = np.empty((1, groups, rows, columns), np.float32)
    backgrounds = np.zeros_like(cleaned) if own.save_background else None

    def put_noise(group: int) -> None:
        parted = _part(signal, flags, group, mask, measured, scale)
        cleaned[0, group] = parted.noise
        if backgrounds is not None:
            backgrounds[0, group] = parted.background

    def accumulate_rows(first: int) -> None:
        _accumulate(signal, cleaned[0], slice(first, min(first + ROWS_AT_ONCE, rows)))

    cleaned[0, 0] = 0
    for _ in parallel(put_noise, range(1, groups)):
        pass
    noise = np.cumsum(cleaned, axis=1) if own.save_noise else None
    for _ in parallel(accumulate_rows, range(0, rows, ROWS_AT_ONCE)):
        pass
    changes: dict[str, Any] = {"sci": cleaned}
    if own.save_mask:
        changes["background_mask"] = mask[np.newaxis]
    if noise is not None:
        changes["flicker_noise"] = noise
    if backgrounds is not None:
        changes["flicker_background"] = backgrounds
    return ramp.with_changes(**changes), None


Groups = Callable[[int, slice], np.ndarray]
"""``groups(number, rows)``: these rows of a group, axes (y, x), read where they lie."""

ALL = slice(None)


def _groups_of(ramp: Ramp, name: str) -> Groups:
    """Return what reads the groups of the first integration, without holding them all."""
    stored = ramp.stored(name) if name not in vars(ramp) else None

    def group(number: int, rows: slice = ALL) -> np.ndarray:
        if stored is None:
            values: np.ndarray = getattr(ramp, name)[0, number, rows]
            return values
        index = (slice(0, 1), slice(number, number + 1), rows, ALL)
        piece: np.ndarray = stored.read(index)[0, 0]
        return piece

    return group


def _part(
    signal: Groups, flags: Groups, group: int, mask: np.ndarray, scene: Scene, scale: float
) -> Parted:
    difference, usable = _difference(signal, flags, group, mask, scene, scale)
    options = scene.options
    if scene.image is not None:
        options = replace(options, background_method=None)
    return part(difference, usable, scene.lines, options, scene.flat)


def _difference(
    signal: Groups, flags: Groups, group: int, mask: np.ndarray, scene: Scene, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a group adds, less what the median image adds, and where it is usable."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import group_difference

    later, earlier = signal(group, ALL), signal(group - 1, ALL)
    if scene.image is not None:
        later = later - np.float32(scale) * scene.image[group]
        earlier = earlier - np.float32(scale) * scene.image[group - 1]
    difference, usable = group_difference(
        frozen(later), frozen(earlier), frozen(flags(group, ALL)), int(NO_NOISE), frozen(mask)
    )
    return difference, usable


def _accumulate(signal: Groups, cleaned: np.ndarray, rows: slice) -> None:
    """Replace the noise of the differences by the cleaned groups, on some rows."""
    from webbcal.kernels.flicker import accumulate

    total = np.zeros(cleaned[0, rows].shape)
    for group in range(cleaned.shape[0]):
        accumulate(np.ascontiguousarray(signal(group, rows)), cleaned[group, rows], total)


def brightness(signal: Groups, flags: Groups, image: np.ndarray, mask: np.ndarray) -> float:
    """Return how bright the sources are in an integration, relative to a median image.

    It is the ratio of their signal, the last group less the first, in pixels that are no
    background and have no flag; 1 where there is none.
    """
    last = image.shape[0] - 1
    bad = np.uint8(NO_NOISE | DQ.SATURATED)
    source = (mask == 0) & ((flags(last, ALL) | flags(0, ALL)) & bad == 0)
    seen = signal(last, ALL)[source] - signal(0, ALL)[source]
    usual = (image[last] - image[0])[source]
    known = np.isfinite(seen) & np.isfinite(usual)
    total = float(usual[known].sum(dtype=np.float64))
    return float(seen[known].sum(dtype=np.float64)) / total if total > 0 else 1.0
