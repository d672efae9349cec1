"""Clean the groups of one integration after the other."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.steps._draft_rates import draft_rates
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Parallel
from webbcal.steps.clean_flicker_noise.groups import ALL, Groups, combine, noise_of
from webbcal.steps.clean_flicker_noise.noise import (
    Steady,
    beyond_light,
    on_image,
    sampled,
    unsteady,
)
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions
from webbcal.steps.clean_flicker_noise.scene import Scene

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
    rate = draft_rates(ramp, readnoise, gain)[0] if measured.wants_own_rate else None
    mask, steady = measured.of_integration(first_integration(ramp.meta), rate)
    signal, flags = _groups_of(ramp, "sci"), _groups_of(ramp, "groupdq")
    less = _Less(signal, measured.image, steady, 0.0)
    if measured.image is not None and rate is not None:
        scale = brightness(signal, flags, measured.image, mask)
        beyond = rate * np.float32(measured.seconds) - np.float32(scale) * trend(measured.image)
        steady = beyond_light(beyond, mask, measured.lines, measured.with_light_gone)
        less = replace(less, scale=scale, steady=steady)
    cleaned = np.empty((1, groups, rows, columns), np.float32)
    backgrounds = np.zeros_like(cleaned) if own.save_background else None
    waves = own.fit_method == "fft"  # else the noise is the same along a line

    def take_apart(group: int) -> np.ndarray:
        difference, usable = _difference(less, flags, group, mask)
        noise, level = unsteady(difference, usable, measured.lines, measured.with_light_gone)
        if waves:
            cleaned[0, group] = on_image(noise, (rows, columns), measured.lines, own)
        if backgrounds is not None and steady is not None:
            backgrounds[0, group] = steady.background + np.float32(level)
        return sampled(noise)

    def subtract_rows(first: int) -> None:
        noise.subtract(signal, cleaned[0], slice(first, min(first + ROWS_AT_ONCE, rows)))

    cleaned[0, 0] = 0
    told = np.stack(list(parallel(take_apart, range(1, groups))))
    first_told = bool(((flags(0, ALL) & np.uint8(DQ.DO_NOT_USE)) == 0).any())
    combined = combine(told, steady, first_told, measured.integrations, measured.with_light_gone)
    noise = noise_of(combined, cleaned[0], measured.lines, own)
    changes: dict[str, Any] = {"sci": cleaned}
    if own.save_noise:
        changes["flicker_noise"] = noise.of_groups(cleaned[0])[np.newaxis]
    for _ in parallel(subtract_rows, range(0, rows, ROWS_AT_ONCE)):
        pass
    if own.save_mask:
        changes["background_mask"] = mask[np.newaxis]
    if backgrounds is not None:
        changes["flicker_background"] = backgrounds
    return ramp.with_changes(**changes), None


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


@dataclass(frozen=True)
class _Less:
    """The groups of an integration less what is known to be in them, one by one or in all.

    `image`: median of each group over the integrations, as bright as `scale` times that, None
    where it is not used; `steady`: what every group adds beside that.
    """

    signal: Groups
    image: np.ndarray | None
    steady: Steady | None
    scale: float

    def group(self, number: int) -> np.ndarray:
        values = self.signal(number, ALL)
        if self.image is None:
            return values
        return np.asarray(values - np.float32(self.scale) * self.image[number])

    def every(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return what every group adds, DN, axes (y, x)."""
        return np.zeros(shape, np.float32) if self.steady is None else self.steady.image


def _difference(
    less: _Less, flags: Groups, group: int, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a group adds, less what is known of it, and where it is usable."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import group_difference

    difference, usable = group_difference(
        frozen(less.group(group)),
        frozen(less.group(group - 1)),
        frozen(less.every(mask.shape)),
        frozen(flags(group, ALL)),
        int(NO_NOISE),
        frozen(mask),
    )
    return difference, usable


def trend(image: np.ndarray) -> np.ndarray:
    """Return the slope of an image (group, y, x) over its groups, per group, float32 (y, x)."""
    time = np.arange(len(image)) - (len(image) - 1) / 2
    return np.asarray(np.tensordot(time / (time @ time), image, 1).astype(np.float32))


def brightness(signal: Groups, flags: Groups, image: np.ndarray, mask: np.ndarray) -> float:
    """Return how bright the sources are in an integration, relative to a median image.

    It is the ratio of their signal, the last group less the first, in pixels that are no
    background, have no flag in these and no jump between; 1 where there is none.
    """
    last = image.shape[0] - 1
    bad = np.uint8(NO_NOISE | DQ.SATURATED)
    source = (mask == 0) & ((flags(last, ALL) | flags(0, ALL)) & bad == 0)
    for group in range(1, last):  # a jump stays in the signal of all later groups
        source &= (flags(group, ALL) & np.uint8(DQ.JUMP_DET)) == 0
    seen = signal(last, ALL)[source] - signal(0, ALL)[source]
    usual = (image[last] - image[0])[source]
    known = np.isfinite(seen) & np.isfinite(usual)
    total = float(usual[known].sum(dtype=np.float64))
    return float(seen[known].sum(dtype=np.float64)) / total if total > 0 else 1.0
