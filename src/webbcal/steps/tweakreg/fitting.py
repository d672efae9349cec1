"""Maps of several lists of stars onto each other, all at once, by robust least squares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.kernels.arrays import frozen
from webbcal.numerics.chance import chi_square_tail, deviation_of_chance
from webbcal.steps.tweakreg.linear import (
    PARAMETERS,
    Transform,
    beyond_shift,
    change,
    derivatives,
    rotation,
)

MEDIAN_OF_SQUARES = 2.0 * np.log(2.0)  # of chi square with two degrees of freedom
SIGNIFICANT = 0.9973  # probability below which chance makes a roll, say
SMALLEST_SCATTER = 0.003  # pixel: no position is known better than this
LARGEST_SCATTER = 2.0  # pixel
BISECTIONS = 14  # of the logarithm of the scatter, which is thus known to a thousandth
IMPROVEMENTS = 2  # Gauss-Newton steps; rotations are small, so that the second hardly counts
LOST = 1e-10  # part of the largest eigenvalue below which a combination is undetermined


@dataclass(frozen=True)
class Detections:
    """What was seen of some stars by some groups of exposures.

    Attributes
    ----------
    group, star : ndarray
        Numbers of the group and of the star, int64, axis (detection). A group sees a star once.
    positions : ndarray
        Arcsec to the east and north, axes (detection, 2).
    variance : ndarray
        Of each coordinate, by the noise of the pixels, arcsec squared, axis (detection).
    """

    group: np.ndarray
    star: np.ndarray
    positions: np.ndarray
    variance: np.ndarray

    def select(self, which: np.ndarray) -> "Detections":
        """Return some of the detections."""
        return Detections(
            self.group[which], self.star[which], self.positions[which], self.variance[which]
        )

    def shared(self) -> np.ndarray:
        """Tell which detections are of a star that has another one, too."""
        return (
            np.asarray(np.bincount(self.star)[self.star] > 1)
            if self.star.size
            else np.empty(0, bool)
        )


@dataclass(frozen=True)
class Fit:
    """Maps that lay the stars of all groups on each other.

    Attributes
    ----------
    transforms : tuple of Transform
        Of each group.
    geometries : tuple of str
        What each group turned out to need.
    significance : tuple of float
        Of what each group was offered beyond a shift, in standard deviations; NaN for nothing.
    kept : ndarray
        Which detections count, bool, axis (detection).
    residuals : ndarray
        Of each detection to the mean of the others of its star, arcsec, axes (detection, 2); NaN
        where there is no other.
    expected : ndarray
        Standard deviation of each coordinate of these, axis (detection).
    scatter : float
        Scatter of positions beside the noise of the pixels, arcsec.
    stars, variance : ndarray
        Weighted mean position of each star, axes (star, 2), and its variance; NaN for none.
    """

    transforms: tuple[Transform, ...]
    geometries: tuple[str, ...]
    significance: tuple[float, ...]
    kept: np.ndarray
    residuals: np.ndarray
    expected: np.ndarray
    scatter: float
    stars: np.ndarray
    variance: np.ndarray


def fit(
    detections: Detections,
    geometries: Sequence[str],
    start: Sequence[Transform],
    pixel: float,
    clip: tuple[int, float],
) -> Fit:
    r"""Lay the stars of all groups on each other.

    .. math:: \chi^2 = \sum_k \sum_{i \in k} w_i | T_{g(i)}(p_i) - s_k |^2

    is the least for the maps T of the groups and the places s of the stars, all at once.

    Parameters
    ----------
    detections : Detections
        At least two groups; they must be linked by common stars.
    geometries : sequence of str
        What a group may need; ``fixed`` for a list that stays.
    start : sequence of Transform
        Where to begin.
    pixel : float
        Size of a pixel, arcsec.
    clip : tuple
        How many times outliers are removed, and beyond how many times the root mean square of
        the residuals, as vectors.

    Returns
    -------
    Fit
        If no group is fixed, the median of the shifts is zero.

    Notes
    -----
    The weight of a position is the inverse of its variance, to which a scatter common to all is
    added such that the median of the normalized residuals is what it should be: outliers do not
    touch it. Residuals are taken from the mean of the other detections of the star, and of each
    star the worst one goes first: a false one does not hide in a mean that it moves.
    Rotation, scale and shear of a group are dropped where they are no more significant than
    chance would make three times in a thousand: the error of a needless rotation is larger at
    the corners of a field than that of all the shifts.

    Source: Bevington, chapters 6 and 7; Rousseeuw and Leroy 1987 for scales by medians.
    """
    rounds, limit = clip
    state = _State(detections, tuple(geometries), tuple(start), pixel)
    state = state.refined(rounds, limit)
    significance, needed = state.needs()
    if needed != state.geometries:
        plain = tuple(
            replace(old, matrix=np.eye(2)) if new == "shift" != was else old
            for old, new, was in zip(state.transforms, needed, state.geometries, strict=True)
        )
        state = replace(state, geometries=needed, transforms=plain, kept=None)
        state = state.refined(rounds, limit)
    if "fixed" not in state.geometries:
        state = state.centred()
    residuals, expected = state.residuals()
    stars, variance = state.stars()
    return Fit(
        state.transforms,
        state.geometries,
        significance,
        state.used,
        residuals,
        expected,
        float(np.sqrt(state.extra)),
        stars,
        variance,
    )


@dataclass(frozen=True)
class _State:
    """Maps on their way to the best ones."""

    detections: Detections
    geometries: tuple[str, ...]
    transforms: tuple[Transform, ...]
    pixel: float
    kept: np.ndarray | None = None
    extra: float = 0.0  # variance beside the noise of the pixels, arcsec squared

    @property
    def used(self) -> np.ndarray:
        """Which detections count."""
        return np.ones(len(self.detections.star), bool) if self.kept is None else self.kept

    @property
    def unit(self) -> float:
        """Unit of length of the parameters: how far from their centres the stars are."""
        centres = np.stack([t.centre for t in self.transforms])[self.detections.group]
        return float(np.sqrt(np.mean((self.detections.positions - centres) ** 2)) or 1.0)

    def mapped(self) -> np.ndarray:
        """Return all positions as the maps now have them."""
        result = np.empty_like(self.detections.positions)
        for number, transform in enumerate(self.transforms):
            mine = self.detections.group == number
            result[mine] = transform(self.detections.positions[mine])
        return result

    def weights(self) -> np.ndarray:
        """Return the weight of each detection, 0 where it does not count."""
        return np.where(self.used, 1.0 / (self.detections.variance + self.extra), 0.0)

    def stars(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean place of each star and its variance."""
        star, weights, places = self.detections.star, self.weights(), self.mapped()
        total = np.bincount(star, weights)
        sums = np.stack([np.bincount(star, weights * places[:, k]) for k in range(2)], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums / total[:, None], np.where(total > 0, 1.0 / total, np.nan)

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the residual of each detection to the others of its star, and its deviation."""
        from webbcal.kernels.alignment import residuals

        off, expected = residuals(*self._frozen(), self.extra)
        return off, expected

    def _frozen(self) -> tuple[np.ndarray, int, np.ndarray, np.ndarray, np.ndarray]:
        """Return star, number of stars, place, variance and use of the detections."""
        star = self.detections.star
        return (
            frozen(star, np.int64),
            int(star.max(initial=-1)) + 1,
            frozen(self.mapped()),
            frozen(self.detections.variance, np.float64),
            frozen(self.used),
        )

    def refined(self, rounds: int, limit: float) -> "_State":
        """Return the best maps, outliers removed."""
        state = replace(self, kept=self.detections.shared(), extra=(0.1 * self.pixel) ** 2)
        for number in range(rounds + 1):
            for _ in range(IMPROVEMENTS):
                state = state.improved()
                state = state.with_scatter()
            if number == rounds:
                break
            clipped = state.clipped(limit)
            if np.array_equal(clipped.used, state.used):
                break
            state = clipped
        return state

    def with_scatter(self) -> "_State":
        """Return the state with the scatter that explains the median residual."""
        from webbcal.kernels.alignment import common_variance

        bounds = (SMALLEST_SCATTER * self.pixel) ** 2, (LARGEST_SCATTER * self.pixel) ** 2
        extra = common_variance(*self._frozen(), bounds, BISECTIONS, MEDIAN_OF_SQUARES)
        return replace(self, extra=float(extra))

    def clipped(self, limit: float) -> "_State":
        """Return the state without outliers."""
        state, limit = self, limit * np.sqrt(2.0)  # root mean square of a vector in the plane
        for _ in range(10):
            residuals, expected = state.residuals()
            distance = np.where(state.used, np.hypot(*residuals.T) / expected, 0.0)
            distance = np.nan_to_num(distance)
            worst = np.zeros(int(state.detections.star.max()) + 1)
            np.maximum.at(worst, state.detections.star, distance)
            bad = (distance > limit) & (distance >= worst[state.detections.star])
            if not bad.any():
                break
            kept = state.used & ~bad
            left = np.bincount(state.detections.star, kept)[state.detections.star]
            state = replace(state, kept=kept & (left > 1))
        return state

    def equations(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return matrix and right side of the normal equations, and where each group begins.

        The places of the stars are eliminated.
        """
        from webbcal.kernels.alignment import normal_equations

        group, star, weights = self.detections.group, self.detections.star, self.weights()
        sizes = [PARAMETERS[geometry] for geometry in self.geometries]
        first = np.concatenate([[0], np.cumsum(sizes)])
        mean, _ = self.stars()
        offsets = np.where(weights[:, None] > 0, self.mapped() - mean[star], 0.0)
        slopes = np.zeros((len(star), 2, max(sizes)))
        for number, (geometry, transform) in enumerate(
            zip(self.geometries, self.transforms, strict=True)
        ):
            mine = np.flatnonzero((group == number) & (weights > 0))
            centre = transform.centre + transform.shift
            # At the place of the star, not of the detection: what moves all groups alike then
            # changes nothing at all, and is recognized as undetermined.
            slopes[mine, :, : sizes[number]] = derivatives(
                geometry, (mean[star[mine]] - centre) / self.unit
            )
        order = np.argsort(star, kind="stable")
        matrix, right = normal_equations(
            frozen(np.searchsorted(star[order], np.arange(star.max() + 2)), np.int64),
            frozen(group[order], np.int64),
            frozen(weights[order]),
            frozen(slopes[order]),
            frozen(offsets[order]),
            frozen(first, np.int64),
        )
        return matrix, right, first

    def improved(self) -> "_State":
        """Return the state after one Gauss-Newton step."""
        matrix, right, first = self.equations()
        values = _pseudo_inverse(matrix) @ right
        transforms = []
        for number, (geometry, transform) in enumerate(
            zip(self.geometries, self.transforms, strict=True)
        ):
            own = values[first[number] : first[number + 1]]
            if own.size:
                centre = transform.centre + transform.shift
                transform = transform.then(change(geometry, own, self.unit, centre))
            transforms.append(transform)
        return replace(self, transforms=tuple(transforms))

    def needs(self) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """Return how significant is what each group has beyond a shift, and what it needs."""
        matrix, _, first = self.equations()
        covariance = _pseudo_inverse(matrix)
        found = [
            beyond_shift(geometry, transform, self.unit)
            for geometry, transform in zip(self.geometries, self.transforms, strict=True)
        ]
        # What all groups have in common is not determined by them; the median is one choice.
        free = [values for values in found if values.size]
        middle = np.median(free, axis=0) if free and "fixed" not in self.geometries else 0.0
        significance, needed = [], []
        for number, (geometry, values) in enumerate(zip(self.geometries, found, strict=True)):
            if not values.size:
                significance.append(float("nan"))
                needed.append(geometry)
                continue
            part = slice(int(first[number]) + 2, int(first[number + 1]))
            own = values - middle
            square = float(own @ np.linalg.pinv(covariance[part, part]) @ own)
            chance = chi_square_tail(values.size, square)
            significance.append(deviation_of_chance(max(chance, 1e-300)))
            needed.append(geometry if chance < 1.0 - SIGNIFICANT else "shift")
        return tuple(significance), tuple(needed)

    def centred(self) -> "_State":
        """Return the state turned and shifted such that the medians of both are zero."""
        transforms = self.transforms
        centre = np.mean([t.centre for t in transforms], axis=0)
        if all(geometry != "shift" for geometry in self.geometries):
            angle = -np.deg2rad(np.median([t.roll for t in transforms]) / 3600.0)
            turn = Transform(rotation(angle), np.zeros(2), centre)
            transforms = tuple(t.then(turn) for t in transforms)
        middle = np.median([t.shift for t in transforms], axis=0)
        back = Transform(np.eye(2), -middle, centre)
        return replace(self, transforms=tuple(t.then(back) for t in transforms))


def _pseudo_inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a symmetric matrix on what it determines."""
    values, vectors = np.linalg.eigh(matrix)
    good = values > LOST * values.max(initial=0.0)
    return np.asarray((vectors[:, good] / values[good]) @ vectors[:, good].T)
