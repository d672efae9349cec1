"""Persistence: pixels that were bright before show a signal of their own."""

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.products.detector1 import PersistenceEnd, Ramp, TrapsFilled
from webbcal.spec.references import (
    FilledTraps,
    PersistenceSaturation,
    PersistenceWindows,
    TrapDensity,
    TrapParameters,
)
from webbcal.steps._step import Needs, Step
from webbcal.steps.persistence._options import PersistenceOptions

__all__ = ["STEP", "PersistenceOptions", "correct_persistence"]


def correct_persistence(
    ramp: Ramp,
    trapdensity: TrapDensity | None,
    trappars: TrapParameters | None,
    persat: PersistenceSaturation | None,
    filled: FilledTraps | None,
    windows: PersistenceWindows | None,
    options: PersistenceOptions,
) -> Ramp:
    r"""Flag the groups that suffer from persistence, or subtract it.

    With a `persistence_time`, groups that are read within that time after their pixel was
    saturated are flagged; see `webbcal.steps.persistence.flagging`. Otherwise the charge traps
    of each pixel are followed through the exposure,

    .. math:: s'_{ij} = s_{ij} - \sum_k Q_{ik} \left(1 - e^{-t_j / \tau_k}\right)

    for integration i, group j at the time :math:`t_j` after the reset, and families k of traps
    that hold the charge :math:`Q_{ik}` at the reset and release it with the time constant
    :math:`\tau_k`; see `webbcal.steps.persistence.traps` for what they capture.

    Parameters
    ----------
    ramp : Ramp
        Linear signal, DN, axes (integration, group, y, x), with the flags of saturation and
        jumps; all integrations, in order.
    trapdensity : TrapDensity or None
        Relative density of traps of each pixel.
    trappars : TrapParameters or None
        Charge and time constants of each family.
    persat : PersistenceSaturation or None
        Signal at which all traps meet charge, DN.
    filled : FilledTraps or None
        Product ``trapsfilled`` of the exposure before.
    windows : PersistenceWindows or None
        Product ``perswindow`` of an exposure before.
    options : PersistenceOptions
        See the class.

    Returns
    -------
    Ramp
        New product; `groupdq` differs, or `sci`, `zeroframe` and `pixeldq`. The state of the
        pixels at its end goes into the products ``trapsfilled`` and ``perswindow``, for the next
        exposure of the detector.

    Raises
    ------
    CannotCalibrate
        If neither a time is given nor the references of the traps apply, or nothing tells when
        the exposure was taken.
    InvalidReference
        If the state of the earlier exposure does not fit.

    Notes
    -----
    Flags used: SATURATED and DO_NOT_USE of `groupdq`. Flags set: PERSISTENCE in `groupdq`, with
    DO_NOT_USE where asked for; or in `pixeldq` where much was subtracted.
    A signal that is NaN stays NaN and captures nothing; references that are NaN count as no traps.
    Assumes that the release does not depend on the light that falls meanwhile, and that what a
    ramp loses to its own traps is negligible. The noise of the subtracted charge is not
    propagated.

    Source: JWST User Documentation, calwebb_detector1, persistence correction; Smith et al. 2008,
    Proc. SPIE 7021, 70210J and 70210K (traps in contact with charge); Leisenring et al. 2016,
    Proc. SPIE 9915, 99152N (time constants).
    """
    if options.method == "flag" or (options.method == "auto" and options.persistence_time):
        from webbcal.steps.persistence.flagging import flag_persistence

        return flag_persistence(ramp, windows, options)
    if trapdensity is None or trappars is None or persat is None:
        raise CannotCalibrate(
            "persistence_time is not set"
            if options.method == "auto"
            else "no trapdensity, trappars and persat references apply"
        )
    from webbcal.steps.persistence.traps import subtract_released_charge

    return subtract_released_charge(ramp, (trapdensity, persat), trappars, filled, options)


def _filled_traps(ramp: Ramp) -> TrapsFilled | None:
    """Return the state of the traps at the end of an exposure, or of a segment of it."""
    if not ramp.has("traps_filled"):
        return None
    from webbcal.steps.persistence.times import ReadTimes

    end = float(ReadTimes.of(ramp).ends[-1])
    meta = ramp.meta.replace({"exposure.end_time": end})
    return TrapsFilled(meta=meta, window=ramp.window, sci=ramp.traps_filled)


def _subtracted(ramp: Ramp) -> Ramp | None:
    """Return what was subtracted from each group."""
    if not ramp.has("persistence"):
        return None
    return ramp.with_changes(sci=ramp.persistence, zeroframe=None)


def _windows(ramp: Ramp) -> PersistenceEnd | None:
    """Return until when each pixel shows persistence."""
    if not ramp.has("persistence_end"):
        return None
    return PersistenceEnd(meta=ramp.meta, window=ramp.window, sci=ramp.persistence_end)


STEP = Step(
    "persistence",
    correct_persistence,
    PersistenceOptions,
    references={
        "trapdensity": Needs(TrapDensity, required=False),
        "trappars": Needs(TrapParameters, required=False),
        "persat": Needs(PersistenceSaturation, required=False),
        "filled": Needs(FilledTraps, required=False, option="input_trapsfilled"),
        "windows": Needs(PersistenceWindows, required=False, option="persistence_array_file"),
    },
    status="persistence",
    products={
        "trapsfilled": _filled_traps,
        "output_pers": _subtracted,
        "perswindow": _windows,
    },
    optional=True,
)
