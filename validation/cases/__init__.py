"""What is compared with the peer: exposures that webbcal did not make, and options.

One module per instrument. The small validation has fewer and smaller of them.
"""

from validation.cases import fgs, miri, nircam, niriss, nirspec
from validation.cases._case import OFF_BY_DEFAULT, Case, Workload

__all__ = ["INSTRUMENTS", "OFF_BY_DEFAULT", "Case", "Workload", "workload"]

INSTRUMENTS = {
    "nircam": nircam.workload,
    "niriss": niriss.workload,
    "fgs": fgs.workload,
    "miri": miri.workload,
    "nirspec": nirspec.workload,
}


def workload(small: bool, instruments: tuple[str, ...] = tuple(INSTRUMENTS)) -> Workload:
    """Return what the small or the whole validation compares."""
    total = Workload([], [])
    for name in instruments:
        total = total + INSTRUMENTS[name](small)
    return total
