"""Interleaved reference pixels that are bad, and what stands in for them."""

from collections.abc import Iterable

import numpy as np

from webbcal.geometry.irs2 import (
    BLOCKS,
    NORMAL,
    OUTPUTS,
    PERIOD,
    REFERENCE,
    SECTOR,
    is_reference_position,
)
from webbcal.spec.references import ReferencePixelFilters

ROUNDS = 5
"""How often outliers are clipped."""

PAIR = 2
"""Reference pixels of a visit are judged in pairs."""


def deviant_rows(outputs: Iterable[np.ndarray], limit: float) -> np.ndarray:
    """Return which pairs of interleaved reference pixels stand out among those of their output.

    Parameters
    ----------
    outputs : iterable of array
        Reference pixels of each output, float32, DN, (group, position, line), raw level.
    limit : float
        Standard deviations above the mean, both after clipping, in one of: mean difference of the
        pair, mean, standard deviation.

    Returns
    -------
    array
        bool, (output, position in the sector).
    """
    bad = np.zeros((OUTPUTS, SECTOR), np.bool_)
    for number, pixels in enumerate(outputs):
        groups, _, lines = pixels.shape
        pairs = pixels.reshape(groups, -1, PAIR, lines)
        marks = np.zeros(pairs.shape[1], np.bool_)
        difference = np.abs(pairs[:, :, 0] - pairs[:, :, 1])
        for statistic in (
            difference.mean(axis=(0, 2), dtype=np.float64),
            pairs.mean(axis=(0, 2, 3), dtype=np.float64),
            pairs.std(axis=(0, 2, 3), dtype=np.float64),
        ):
            mean, deviation = _clipped(statistic, limit)
            marks |= statistic > mean + limit * deviation
        bad[number, is_reference_position()] = np.repeat(marks, PAIR)
    return bad


def _clipped(values: np.ndarray, limit: float) -> tuple[float, float]:
    """Return mean and deviation of the values within `limit` deviations of their median."""
    kept = values
    for _ in range(ROUNDS):
        near = np.abs(kept - np.median(kept)) <= limit * kept.std()
        if near.all():
            break
        kept = kept[near]
    return float(kept.mean()), float(kept.std())


def listed_rows(reference: ReferencePixelFilters) -> np.ndarray:
    """Return the bad reference pixels that the reference file lists; bool, (output, position).

    Bit k of a mask stands for a pair at visit k, counted along the detector: against the order of
    reading for amplifiers 2 and 4. ODD_EVEN tells which of the two pairs in that order.
    """
    bad = np.zeros((OUTPUTS, SECTOR), np.bool_)
    if not reference.has("bad_pixels"):
        return bad
    for row in reference.bad_pixels:
        output, parity, mask = (int(row[name]) for name in ("OUTPUT", "ODD_EVEN", "MASK"))
        if not 0 < output < OUTPUTS:
            continue
        for visit in range(BLOCKS):
            if mask >> visit & 1:
                read = BLOCKS - 1 - visit if output % 2 == 0 else visit
                first = NORMAL // 2 + read * PERIOD + PAIR * (parity - 1)
                bad[output, first : first + PAIR] = True
    return bad


def stand_ins(bad: np.ndarray) -> dict[int, list[int]]:
    """Return the positions whose mean stands in for each bad reference pixel of an output.

    They are those at the visits before and after, where these are good; else the next pixel of
    the same visit that is read alike. The list is empty where neither is good.
    """
    reference = is_reference_position()

    def good(position: int) -> bool:
        return 0 <= position < SECTOR and bool(reference[position]) and not bad[position]

    found = {}
    for position in np.flatnonzero(bad).tolist():
        near = [p for p in (position - PERIOD, position + PERIOD) if good(p)]
        alike = [p for p in (position - REFERENCE // 2, position + REFERENCE // 2) if good(p)]
        found[position] = near or alike[:1]
    return found
