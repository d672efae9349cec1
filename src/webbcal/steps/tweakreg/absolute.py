"""Exposures that are aligned with each other, laid on a catalogue of the sky."""

from collections.abc import Mapping
from dataclasses import dataclass

from webbcal.geometry.tangent_plane import TangentPlane
from webbcal.spec.references.astrometry import AstrometricCatalog
from webbcal.steps.tweakreg.aligning import Alignment, Placed, Stars, place
from webbcal.steps.tweakreg.catalogs import SkyStars, stars_near
from webbcal.steps.tweakreg.field import Field
from webbcal.steps.tweakreg.linear import Transform
from webbcal.steps.tweakreg.rules import Rules


@dataclass(frozen=True)
class Absolute:
    """How groups came to lie on a catalogue.

    Attributes
    ----------
    name : str
        Of the catalogue.
    stars : SkyStars
        Of the catalogue, near the exposures.
    placed : tuple
        Groups that move together, and how they were placed.
    """

    name: str
    stars: SkyStars
    placed: tuple[tuple[tuple[int, ...], Placed], ...]

    def transform(self, group: int) -> Transform | None:
        """Return the map of a group, None if it could not be placed."""
        for groups, placed in self.placed:
            if group in groups and not placed.failure:
                return placed.transform
        return None

    @property
    def failures(self) -> Mapping[int, str]:
        """Groups that could not be placed, and why."""
        return {
            group: placed.failure
            for groups, placed in self.placed
            for group in groups
            if placed.failure
        }


def lay_on_catalog(
    field: Field, relative: Alignment, catalog: AstrometricCatalog, rules: Rules
) -> Absolute:
    """Lay the groups that are aligned, as one, and every other one alone on a catalogue."""
    near = stars_near(
        catalog,
        field.epoch,
        field.plane,
        field.corners,
        rules.radius + rules.tolerance,
        field.pixel,
    )
    reference = Stars(near.positions, near.variance)
    together = [(relative.groups, relative.stars)] if relative.groups else []
    alone = [
        ((number,), stars)
        for number, stars in enumerate(field.stars)
        if number not in relative.groups
    ]
    placed = []
    for groups, stars in [*together, *alone]:
        found = place(reference, stars, rules)
        if found.failure and len(reference) < rules.least:
            reason = f"the catalogue has {len(reference)} stars there, {rules.least} needed"
            found = Placed(found.transform, reason)
        placed.append((groups, found))
    return Absolute(str(catalog.meta.lookup("filename") or "catalogue"), near, tuple(placed))


def circle(field: Field, margin: float) -> tuple[float, float, float]:
    """Return right ascension, declination and radius, degrees, of what the exposures see."""
    low, high = field.corners.min(axis=0), field.corners.max(axis=0)
    middle = (low + high) / 2
    ra, dec = TangentPlane(field.plane.ra, field.plane.dec).to_sky(middle[None])
    radius = float(((high - low) ** 2).sum() ** 0.5 / 2 + margin)
    return float(ra[0]), float(dec[0]), radius / 3600.0
