"""What the report says about an alignment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from webbcal.steps.tweakreg.absolute import Absolute
from webbcal.steps.tweakreg.aligning import Alignment, Placed
from webbcal.steps.tweakreg.field import Field
from webbcal.steps.tweakreg.linear import Transform

MAS = 1e3  # per arcsec
MOST_VECTORS = 400
"""Residuals that are kept for plots: every product of the set has them."""


def figures(
    field: Field,
    maps: Sequence[Transform | None],
    reasons: Mapping[int, str],
    relative: Alignment,
    absolute: Absolute | None,
    lacking: str,
) -> dict[str, Any]:
    """Return the figures of the alignment: of groups, of the catalogue, residuals of stars.

    `lacking` says why there is no catalogue where one was asked for.

    Shifts are to the east and north, in mas, at the middle of the stars of a group; rolls are in
    arcsec, from north to west; residuals are those of a detection to the mean of the others of
    its star.
    """
    groups = []
    for number, name in enumerate(field.names):
        transform = maps[number]
        row: dict[str, Any] = {
            "name": name,
            "aligned": number not in reasons and transform is not None,
            "reason": reasons.get(number, ""),
            "stars": len(field.stars[number]),
        }
        if transform is not None:
            row |= _of_map(transform)
        row |= _of_pairs(relative, number)
        groups.append(row)
    result: dict[str, Any] = {"groups": groups}
    if relative.fit is not None:
        result["scatter_mas"] = relative.fit.scatter * MAS
        result["rms_mas"] = _rms(relative.fit.residuals[relative.fit.kept])
    if absolute is not None:
        result["catalogue"] = absolute.name
        result["catalogue_stars"] = len(absolute.stars.rows)
        result["epoch"] = field.epoch
        result["on_the_catalogue"] = [
            {
                "groups": ", ".join(field.names[group] for group in ones),
                "aligned": not placed.failure,
                "reason": placed.failure,
            }
            | (_of_placed(placed) if placed.fit is not None else {})
            for ones, placed in absolute.placed
        ]
    elif lacking:
        result["catalogue"] = "none"
        result["on_the_catalogue"] = [
            {"groups": ", ".join(field.names), "aligned": False, "reason": lacking}
        ]
    if relative.fit is not None:
        result["residuals"] = _vectors(field, relative)
    return result


def _of_map(transform: Transform) -> dict[str, Any]:
    return {
        "shift_east_mas": float(transform.shift[0]) * MAS,
        "shift_north_mas": float(transform.shift[1]) * MAS,
        "roll_arcsec": transform.roll,
    }


def _of_pairs(relative: Alignment, number: int) -> dict[str, Any]:
    """Return what the alignment with the other groups says about one."""
    fit, detections = relative.fit, relative.detections
    if fit is None or detections is None or number not in relative.groups:
        return {}
    place = relative.groups.index(number)
    mine = detections.group == place
    kept = mine & fit.kept
    significance = fit.significance[place]
    return {
        "pairs": int(kept.sum()),
        "rejected": int((mine & detections.shared()).sum() - kept.sum()),
        "rms_mas": _rms(fit.residuals[kept]),
        "geometry": fit.geometries[place],
        "roll_sigma": None if np.isnan(significance) else significance,
        "roll_significant": fit.geometries[place] not in ("shift", "fixed"),
    }


def _of_placed(placed: Placed) -> dict[str, Any]:
    assert placed.fit is not None
    own = placed.fit.residuals[len(placed.pairs[0]) :]
    significance = placed.fit.significance[1]
    return _of_map(placed.transform) | {
        "pairs": int(placed.kept.sum()),
        "rejected": int((~placed.kept).sum()),
        "rms_mas": _rms(own[placed.kept]),
        "geometry": placed.fit.geometries[1],
        "roll_sigma": None if np.isnan(significance) else significance,
        "roll_significant": placed.fit.geometries[1] != "shift",
    }


def _rms(residuals: np.ndarray) -> float | None:
    """Return the root mean square of residuals per coordinate, mas."""
    known = residuals[np.isfinite(residuals).all(axis=1)]
    return float(np.sqrt(np.mean(known**2)) * MAS) if known.size else None


def _vectors(field: Field, relative: Alignment) -> dict[str, list[Any]]:
    """Return residual vectors, evenly thinned."""
    fit, detections = relative.fit, relative.detections
    assert fit is not None and detections is not None
    which = np.flatnonzero(fit.kept)
    which = which[:: max(1, -(-which.size // MOST_VECTORS))]
    places, off = detections.positions[which], fit.residuals[which] * MAS
    return {
        "group": [field.names[relative.groups[number]] for number in detections.group[which]],
        "east_arcsec": np.round(places[:, 0], 3).tolist(),
        "north_arcsec": np.round(places[:, 1], 3).tolist(),
        "off_east_mas": np.round(off[:, 0], 3).tolist(),
        "off_north_mas": np.round(off[:, 1], 3).tolist(),
    }
