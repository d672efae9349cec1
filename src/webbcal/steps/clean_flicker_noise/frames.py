"""Clean the groups of one integration after the other."""

from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.steps._draft_rates import draft_rates
from webbcal.steps._exposure import first_integration, positive
from webbcal.steps._step import Parallel
from webbcal.steps.clean_flicker_noise.groups import ALL, Groups, combine, noise_of
from webbcal.steps.clean_flicker_noise.light import Levels
from webbcal.steps.clean_flicker_noise.noise import Steady, on_image, sampled, unsteady
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions
from webbcal.steps.clean_flicker_noise.rate_weights import weights_of_background
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
    cleaned = np.empty((1, groups, rows, columns), np.float32)
    backgrounds = np.zeros_like(cleaned) if own.save_background else None
    waves = own.fit_method == "fft"  # else the noise is the same along a line

    def take_apart(group: int) -> tuple[np.ndarray, np.ndarray]:
        difference, usable = _difference(signal, flags, steady, group, mask)
        noise, level = unsteady(difference, usable, measured.lines, measured.with_light_gone)
        if waves:
            cleaned[0, group] = on_image(noise.levels, (rows, columns), measured.lines, own)
        if backgrounds is not None:
            backgrounds[0, group] = steady.background + np.float32(level)
        return sampled(noise.levels), noise.variance

    def subtract_rows(first: int) -> None:
        noise.subtract(signal, cleaned[0], slice(first, min(first + ROWS_AT_ONCE, rows)))

    cleaned[0, 0] = 0
    parts = parallel(take_apart, range(1, groups))
    told, errors = (np.stack(one) for one in zip(*parts, strict=True))
    first_told = bool(((flags(0, ALL) & np.uint8(DQ.DO_NOT_USE)) == 0).any())
    frames = int(positive(ramp.meta, "nframes"))
    weights = weights_of_background(steady.image, mask, readnoise, gain, (groups, frames))
    combined = combine(
        Levels(told, errors), steady, first_told, weights,
        measured.integrations, measured.with_light_gone,
    )  # fmt: skip
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


def _difference(
    signal: Groups, flags: Groups, steady: Steady, group: int, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a group adds, less what every group adds, and where it is usable."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.flicker import group_difference

    difference, usable = group_difference(
        frozen(signal(group, ALL)),
        frozen(signal(group - 1, ALL)),
        frozen(steady.image),
        frozen(flags(group, ALL)),
        int(NO_NOISE),
        frozen(mask),
    )
    return difference, usable
