"""Persistence as physics: the charge that traps captured before is subtracted."""

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidReference
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import (
    FilledTraps,
    PersistenceSaturation,
    TrapDensity,
    TrapParameters,
)
from webbcal.steps.persistence._options import PersistenceOptions
from webbcal.steps.persistence.times import DAY, ReadTimes


def subtract_released_charge(
    ramp: Ramp,
    pixels: tuple[TrapDensity, PersistenceSaturation],
    parameters: TrapParameters,
    filled: FilledTraps | None,
    options: PersistenceOptions,
) -> Ramp:
    r"""Subtract from each group what the traps have released since the reset.

    A family k of traps that hold the charge :math:`Q_k` at the reset releases until the time t

    .. math:: P_k(t) = Q_k \left(1 - e^{-t / \tau_k}\right)

    and captures during the integration of length L, in a pixel filled to the part f(t) of its
    persistence saturation,

    .. math:: C_k = d \left(1 - \frac{Q_k(L)}{d (a_k + b_k)}\right) \int_0^L
              \left[a_k \left(1 - e^{-(L - t) / \theta_k}\right) + b_k\right] \, d(f^2)

    with its density d, the charge :math:`a_k` captured with the time constant
    :math:`\theta_k` and :math:`b_k` captured at once: a pixel half full brings a quarter of its
    traps into contact with charge, and only empty ones capture.

    Parameters
    ----------
    ramp : Ramp
        Linear signal, DN, and flags, all integrations.
    pixels : tuple
        Density of traps and persistence saturation on the same pixels.
    parameters : TrapParameters
        The families.
    filled : FilledTraps or None
        What the previous exposure has left; None for nothing.
    options : PersistenceOptions
        What to flag and to save.

    Returns
    -------
    Ramp
        New product; `sci`, `zeroframe` and `pixeldq` differ. `traps_filled` is the state at the
        end of the last integration, `persistence` what was subtracted, where it is to be saved.

    Raises
    ------
    InvalidReference
        If the number of families differs between the state and the parameters, or these make no
        sense.

    Notes
    -----
    Flags used: DO_NOT_USE (a group is bridged), SATURATED (the signal goes on as it did).
    Flags set: PERSISTENCE in `pixeldq`.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.traps import follow_traps

    density, saturation = pixels
    families = _families(parameters)
    state = _state(ramp, families, filled)
    times = ReadTimes.of(ramp)
    released, after = follow_traps(
        frozen(ramp.sci),
        frozen(ramp.groupdq),
        frozen(np.nan_to_num(density.sci, nan=0.0)),
        frozen(np.nan_to_num(saturation.sci, nan=0.0)),
        frozen(families[:, :3]),
        tuple(frozen(part) for part in _clock(times, families, filled)),
        frozen(state),
    )
    strong = released.max(axis=(0, 1)) >= options.flag_pers_cutoff
    return ramp.with_changes(
        sci=ramp.sci - released,
        zeroframe=_first_frames(ramp, released, times),
        pixeldq=ramp.pixeldq | np.where(strong, np.uint32(DQ.PERSISTENCE), np.uint32(0)),
        traps_filled=after,
        persistence=released if options.save_persistence else None,
    )


def _families(parameters: TrapParameters) -> np.ndarray:
    """Return, per family, charge captured slowly and at once, DN, and both time constants, s."""
    table = parameters.trappars_table
    columns = ("capture0", "capture2", "capture1", "decay_param")
    values = np.stack([np.asarray(table[name], np.float64) for name in columns], axis=1)
    if not np.isfinite(values).all() or (values[:, :2] < 0).any() or (values[:, 2:] == 0).any():
        raise InvalidReference(
            "trappars reference makes no sense",
            where=parameters.meta.lookup("filename"),
            expected="charges that are not negative, and time constants",
            found=f"{values.tolist()}",
        )
    values[:, 2:] = 1.0 / np.abs(values[:, 2:])
    return values


def _state(ramp: Ramp, families: np.ndarray, filled: FilledTraps | None) -> np.ndarray:
    shape = (len(families), *ramp.pixeldq.shape)
    if filled is None:
        return np.zeros(shape, np.float32)
    if filled.shape_of("sci")[0] != len(families):
        raise InvalidReference(
            "trapsfilled product does not fit the trappars reference",
            where=filled.meta.lookup("filename"),
            expected=f"{len(families)} families of traps",
            found=f"{filled.shape_of('sci')[0]}",
        )
    state: np.ndarray = np.nan_to_num(filled.sci, nan=0.0)
    return state


def _clock(
    times: ReadTimes, families: np.ndarray, filled: FilledTraps | None
) -> tuple[np.ndarray, ...]:
    """Return the times and exponentials that `follow_traps` takes."""
    delay, lifetime = families[:, 2], families[:, 3]
    end = times.duration
    moments = np.concatenate([[0.0], times.groups, [end]])
    before = _previous_end(filled, times.starts[0])
    gaps = (times.starts - np.concatenate([[before], times.ends[:-1]])) * DAY
    passed = np.exp(-times.frames[np.newaxis] / lifetime[:, np.newaxis, np.newaxis])
    return (
        moments,
        np.exp((moments - end) / delay[:, np.newaxis]),
        np.exp(-np.maximum(gaps, 0.0)[:, np.newaxis] / lifetime),
        1.0 - passed.mean(axis=2),
        np.exp(-end / lifetime),
    )


def _previous_end(filled: FilledTraps | None, start: float) -> float:
    """Return when the state holds that the previous exposure left, MJD."""
    if filled is None:
        return start
    end = filled.meta.exposure.end_time
    if not isinstance(end, int | float) or end > start:
        raise InvalidReference(
            "trapsfilled product is not of an earlier exposure",
            where=filled.meta.lookup("filename"),
            expected=f"EXPEND before {start} (MJD)",
            found=end,
            advice="Name the product of the exposure before: persistence.input_trapsfilled.",
        )
    return float(end)


def _first_frames(ramp: Ramp, released: np.ndarray, times: ReadTimes) -> np.ndarray | None:
    """Return the zero frames without persistence, which within a first group grows steadily."""
    zeroframe: np.ndarray | None = ramp.zeroframe
    if zeroframe is None:
        return None
    part = np.float32(times.frames[0, 0] / times.groups[0])
    return np.where(zeroframe != 0, zeroframe - part * released[:, 0], zeroframe)
