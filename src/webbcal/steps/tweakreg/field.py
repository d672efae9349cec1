"""The stars of all exposures on one plane, group by group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from webbcal.core.errors import InvalidOptions
from webbcal.geometry.tangent_plane import TangentPlane, directions, unit_vectors
from webbcal.geometry.world import limits_of
from webbcal.spec.products import Cal
from webbcal.spec.references.astrometry import SourceLists
from webbcal.steps._set import Tools, groups_of
from webbcal.steps.tweakreg.aligning import Stars
from webbcal.steps.tweakreg.catalogs import epoch_of, from_list
from webbcal.steps.tweakreg.options import TweakregOptions
from webbcal.steps.tweakreg.sources import Sources, judge, look

FARTHEST = 1.0
"""Degrees from the middle of all exposures: further away, a common plane is too much bent."""


@dataclass(frozen=True)
class Field:
    """The stars of all exposures.

    Attributes
    ----------
    plane : TangentPlane
        In the middle of the exposures.
    names : tuple of str
        Of the groups.
    members : tuple of tuple of int
        Positions of the exposures of each group that have a part in it.
    stars : tuple of Stars
        Of each group, on the plane.
    corners : ndarray
        Corners of all exposures on the plane, arcsec, axes (corner, 2).
    pixel : float
        Size of a pixel, arcsec: the median.
    epoch : float or None
        Mean time of the exposures, Julian year.
    left_out : mapping
        Position of an exposure that has no part, and why.
    """

    plane: TangentPlane
    names: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    stars: tuple[Stars, ...]
    corners: np.ndarray
    pixel: float
    epoch: float | None
    left_out: Mapping[int, str]


def find_all(
    images: Sequence[Cal], lists: SourceLists | None, options: TweakregOptions, tools: Tools
) -> list[Sources]:
    """Return the stars of every exposure: those that the user gives, or those that are found."""
    given: dict[int, Sources] = {}
    if options.use_custom_catalogs:
        for position, image in enumerate(images):
            stars = _custom(image, lists, tools)
            if stars is not None:
                given[position] = from_list(stars)
    wanted = [position for position in range(len(images)) if position not in given]
    # photutils turns warnings off and on again around segmentation: not in several threads.
    several = map if options.starfinder == "segmentation" else tools.parallel
    found = dict(given)
    seen = several(lambda position: look(images[position], options), wanted)
    for done, (position, candidates) in enumerate(zip(wanted, seen, strict=True), 1):
        found[position] = judge(candidates, options)
        tools.progress("find stars", done, len(wanted))
    return [found[position] for position in range(len(images))]


def _custom(image: Cal, lists: SourceLists | None, tools: Tools) -> np.ndarray | None:
    """Return the list of stars that the user gives for an exposure, None if there is none."""
    name = str(image.meta.lookup("filename", ""))
    if lists is not None:
        roots = {PurePath(key).name: value for key, value in lists.lists.items()}
        if name in roots:
            return roots[name]
    path = image.meta.lookup("tweakreg_catalog")
    if not path:
        return None
    if tools.star_list is None:
        raise InvalidOptions(
            "option use_custom_catalogs", expected="a way to read files", found=path
        )
    return tools.star_list(str(path))


def field_of(images: Sequence[Cal], sources: Sequence[Sources]) -> Field:
    """Put the stars of all exposures on one plane."""
    views = [_View.of(image) for image in images]
    known = np.array([view.middle for view in views if view is not None]).reshape(-1, 3)
    # Of a set with one exposure that looks elsewhere, the middle is where most look.
    middle = np.median(known, axis=0) if len(known) else np.array([1.0, 0.0, 0.0])
    ra, dec = directions(middle)
    plane = TangentPlane(float(ra), float(dec))
    left_out: dict[int, str] = {}
    for position, view in enumerate(views):
        if view is None:
            left_out[position] = "it has no world coordinates"
            continue
        cosine = float(view.middle @ middle / np.linalg.norm(middle))
        distance = float(np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))))
        if distance > FARTHEST:
            left_out[position] = f"it looks {distance:.3g} degrees away from the others"
    groups = groups_of(images)
    members = tuple(
        tuple(position for position in ones if position not in left_out) for ones in groups.values()
    )
    stars, corners, pixels = [], [np.empty((0, 2))], []
    for ones in members:
        parts = []
        for position in ones:
            view = views[position]
            assert view is not None
            parts.append(view.on_plane(images[position], sources[position], plane))
            corners.append(plane.from_sky(*view.corners))
            pixels.append(view.pixel)
        stars.append(_all_of(parts))
    epochs = [epoch for ones in members for k in ones if (epoch := epoch_of(images[k]))]
    return Field(
        plane,
        tuple(groups),
        members,
        tuple(stars),
        np.concatenate(corners),
        float(np.median(pixels)) if pixels else 1.0,
        float(np.mean(epochs)) if epochs else None,
        left_out,
    )


@dataclass(frozen=True)
class _View:
    """Where an exposure looks: middle (unit vector), corners (degrees), pixel (arcsec)."""

    middle: np.ndarray
    corners: tuple[np.ndarray, np.ndarray]
    pixel: float

    @classmethod
    def of(cls, image: Cal) -> "_View | None":
        """Return where an exposure looks, None if it does not tell."""
        wcs = image.world
        if wcs is None:
            return None
        rows, columns = image.shape_of("sci")[-2:]
        x0, y0 = (columns - 1) / 2, (rows - 1) / 2
        x = np.array([-0.5, -0.5, columns - 0.5, columns - 0.5, x0, x0 + 1, x0])
        y = np.array([-0.5, rows - 0.5, rows - 0.5, -0.5, y0, y0, y0 + 1])
        ra, dec = wcs(x, y, with_bounding_box=False)
        vectors = unit_vectors(np.asarray(ra), np.asarray(dec))
        sides = np.cross(vectors[5] - vectors[4], vectors[6] - vectors[4])
        pixel = float(np.rad2deg(np.sqrt(np.linalg.norm(sides))) * 3600.0)
        if not np.isfinite(vectors).all() or pixel == 0:
            return None
        return cls(vectors[4], (np.asarray(ra)[:4], np.asarray(dec)[:4]), pixel)

    def on_plane(self, image: Cal, sources: Sources, plane: TangentPlane) -> Stars:
        """Return the stars of the exposure that are inside its bounding box, on a plane."""
        wcs = image.world
        x, y = sources.x, sources.y
        good = np.ones(len(sources), bool)
        limits = limits_of(wcs)
        if limits is not None:
            (x0, x1), (y0, y1) = limits
            good = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        if not good.any():
            return Stars(np.empty((0, 2)), np.empty(0))
        positions = plane.from_sky(*wcs(x[good], y[good], with_bounding_box=False))
        variance = (sources.error[good] * self.pixel) ** 2
        finite = np.isfinite(positions).all(axis=1)
        return Stars(positions[finite], variance[finite])


def _all_of(parts: Sequence[Stars]) -> Stars:
    if not parts:
        return Stars(np.empty((0, 2)), np.empty(0))
    return Stars(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.variance for part in parts]),
    )
