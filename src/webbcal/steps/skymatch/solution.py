"""Sky levels of groups from the differences between pairs of images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webbcal.steps.skymatch.levels import Difference


@dataclass(frozen=True)
class Solution:
    """Relative sky levels.

    Attributes
    ----------
    levels : ndarray
        float64, axis (group); NaN for a group that overlaps with no other.
    parts : tuple of tuple of int
        Groups that are connected by overlaps, part by part, without those that are alone.
    residual : float
        Root mean square of what remains of the differences; NaN without any.
    """

    levels: np.ndarray
    parts: tuple[tuple[int, ...], ...]
    residual: float


def solve(
    found: Sequence[Difference], group_of_image: Sequence[int], groups: int, match_down: bool
) -> Solution:
    r"""Find the levels that explain differences best.

    .. math:: \sum_k w_k (\delta_{i(k)} - \delta_{j(k)} - \Delta_k)^2 = \min

    with the inverse variance :math:`w = N / \sigma^2` of a difference of N pixels. Members of a
    group share one :math:`\delta`. In each connected part, the lowest level is 0 (or
    the highest, without `match_down`).

    Parameters
    ----------
    found : sequence of Difference
        Between images.
    group_of_image : sequence of int
        Which group each image belongs to.
    groups : int
        How many there are.
    match_down : bool
        Whether the lowest level is 0, not the highest.

    Source: JWST User Documentation, calwebb_image3, skymatch; Bevington and Robinson 2003,
    chapter 7.
    """
    levels = np.full(groups, np.nan)
    parts = _connected(found, group_of_image, groups)
    if not found:
        return Solution(levels, parts, np.nan)
    ends = np.array([(group_of_image[d.first], group_of_image[d.second]) for d in found])
    values = np.array([d.level.value for d in found])
    weights = np.sqrt(_weights(found))
    matrix = np.zeros((len(found), groups))
    rows = np.arange(len(found))
    matrix[rows, ends[:, 0]], matrix[rows, ends[:, 1]] = 1.0, -1.0
    solution = np.linalg.lstsq(matrix * weights[:, None], values * weights, rcond=1e-12)[0]
    residual = float(np.sqrt(np.mean((matrix @ solution - values) ** 2)))
    for part in parts:
        own = solution[list(part)]
        levels[list(part)] = own - (own.min() if match_down else own.max())
    return Solution(levels, parts, residual)


def _weights(found: Sequence[Difference]) -> np.ndarray:
    """Return inverse variances, relative to the largest; all images may be without noise."""
    deviations = np.array([d.level.deviation for d in found])
    numbers = np.array([d.level.number for d in found], float)
    if not (deviations > 0).all():
        deviations = np.ones_like(numbers)
    weights: np.ndarray = numbers / deviations**2
    return weights / float(weights.max())


def _connected(
    found: Sequence[Difference], group_of_image: Sequence[int], groups: int
) -> tuple[tuple[int, ...], ...]:
    label = list(range(groups))
    for difference in found:
        a, b = (label[group_of_image[k]] for k in (difference.first, difference.second))
        label = [min(a, b) if value in (a, b) else value for value in label]
    members = [tuple(k for k in range(groups) if label[k] == root) for root in sorted(set(label))]
    return tuple(part for part in members if len(part) > 1)
