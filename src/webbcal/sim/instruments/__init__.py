"""Facts of the instruments, one module each behind one face: `Instrument`."""

from webbcal.sim.instruments._instrument import Detector, Instrument, ReadPattern, Subarray
from webbcal.sim.instruments.fgs import FGS
from webbcal.sim.instruments.miri import MIRI
from webbcal.sim.instruments.nircam import NIRCAM
from webbcal.sim.instruments.niriss import NIRISS
from webbcal.sim.instruments.nirspec import NIRSPEC

__all__ = [
    "DETECTORS",
    "INSTRUMENTS",
    "Detector",
    "Instrument",
    "ReadPattern",
    "Subarray",
    "instrument_of",
    "subarray_of",
]

INSTRUMENTS: dict[str, Instrument] = {i.name: i for i in (NIRCAM, NIRISS, FGS, NIRSPEC, MIRI)}
"""By the value of INSTRUME."""

DETECTORS: dict[str, Detector] = {
    name: detector for i in INSTRUMENTS.values() for name, detector in i.detectors.items()
}
"""All detectors by name: no two instruments share one."""


def instrument_of(detector: Detector) -> Instrument:
    """Return the instrument that a detector belongs to."""
    return INSTRUMENTS[detector.instrument]


def subarray_of(
    text: str, detector: Detector, x_start: int | None = None, y_start: int | None = None
) -> Subarray:
    """Find a subarray of a detector, as `Instrument.window` does."""
    return instrument_of(detector).window(text, detector, x_start, y_start)
