"""Choose the exposures that help to calibrate another one: sky, imprint, reference star.

Source: JWST User Documentation, association rules of level 2; dithers and nods.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webbcal.associations._association import SCIENCE, Member
from webbcal.associations.exposures import Exposure
from webbcal.modes.associating import confirms_acquisition

NOD = 0.25
"""Arcsec: exposures farther apart show different sky in the aperture. Steps between sub-pixel
positions are below a tenth, the smallest nod is one micro-shutter, half an arcsec."""


@dataclass(frozen=True)
class Namer:
    """Names of members as the association file has them.

    Parameters
    ----------
    folder : Path
        Where the association goes. Products in folders below it keep their path; others are
        named without one.
    """

    folder: Path

    def rate(self, exposure: Exposure, role: str) -> Member:
        """Return the count rate of an exposure as a member."""
        return self._member(exposure, "rateints" if _in_integrations(exposure) else "rate", role)

    def calibrated(self, exposure: Exposure, role: str) -> Member:
        """Return the calibrated exposure as a member."""
        return self._member(exposure, "calints" if _in_integrations(exposure) else "cal", role)

    def spectrum(self, exposure: Exposure, role: str) -> Member:
        """Return the spectrum extracted from an exposure as a member."""
        return self._member(exposure, "x1d", role)

    def _member(self, exposure: Exposure, suffix: str, role: str) -> Member:
        name = f"{exposure.root}_{suffix}.fits"
        there, here = exposure.folder.resolve(), self.folder.resolve()
        if there != here and there.is_relative_to(here):
            name = f"{there.relative_to(here).as_posix()}/{name}"
        what = "observation" if role == SCIENCE else role
        return Member(name, role, candidate=f"(o{exposure.observation}, {what})")


def _in_integrations(exposure: Exposure) -> bool:
    """Tell whether integrations stay apart: where they should, and are there if anything is."""
    if not exposure.grouping.integrations:
        return False
    if exposure.products & {"rateints", "calints"}:
        return True
    return exposure.integrations != 1 and not exposure.products & {"rate", "cal"}


class Pool:
    """All exposures there are, found by their setup.

    Parameters
    ----------
    exposures : sequence of Exposure
        Of any instrument and program.
    """

    def __init__(self, exposures: Sequence[Exposure]) -> None:
        self.exposures = tuple(exposures)
        self._alike: dict[tuple[object, ...], list[Exposure]] = defaultdict(list)
        for exposure in exposures:
            self._alike[exposure.setup].append(exposure)
        self._confirmations = [e for e in exposures if confirms_acquisition(e.mode)]

    def backgrounds_of(self, exposure: Exposure) -> list[Exposure]:
        """Return exposures of blank sky for an exposure: same setup, another target.

        Of several observations of blank sky the one nearest in time is taken, since the sky, the
        scattered light and the detector change.
        """
        if exposure.background or exposure.imprint or exposure.grouping.direct_image:
            return []
        alike = self._alike[exposure.setup]
        fields = [e for e in alike if e.background and not e.imprint]
        if not fields:
            return []
        nearest = min(fields, key=lambda e: (_days_between(e, exposure), e.root)).observation
        return [field for field in fields if field.observation == nearest]

    def nods_of(self, exposure: Exposure) -> list[Exposure]:
        """Return exposures of the same pointing at other nod positions."""
        nodding = exposure.grouping.nods and exposure.nodded
        if not nodding or exposure.background or exposure.imprint:
            return []
        pointing = (exposure.observation, exposure.visit, exposure.target, exposure.shutters)
        return [
            e
            for e in self._alike[exposure.setup]
            if e.nodded
            and not e.imprint
            and not e.background
            and (e.observation, e.visit, e.target, e.shutters) == pointing
            and _is_another_nod(e, exposure)
        ]

    def imprints_of(self, exposure: Exposure, subtracted: Sequence[Exposure]) -> list[Exposure]:
        """Return exposures with closed shutters for an exposure and for its background."""
        if not exposure.grouping.imprints:
            return []
        observations = {exposure.observation, *(e.observation for e in subtracted)}
        alike = self._alike[exposure.setup]
        return [e for e in alike if e.imprint and e.observation in observations]

    def reference_stars_of(self, exposure: Exposure) -> list[Exposure]:
        """Return exposures of reference stars in the setup of an exposure, of its program."""
        alike = self._alike[exposure.setup]
        return [e for e in alike if e.reference_star and not e.background]

    def acquisition_of(self, exposure: Exposure) -> Exposure | None:
        """Return the last image before an exposure that confirmed where the target is."""
        if not exposure.grouping.acquisition:
            return None
        visit = (exposure.program, exposure.observation, exposure.visit)
        images = [
            e
            for e in self._confirmations
            if (e.program, e.observation, e.visit) == visit
            and not (e.start and exposure.start and e.start > exposure.start)
        ]
        return max(images, key=lambda e: (str(e.start), e.root), default=None)


def _is_another_nod(one: Exposure, other: Exposure) -> bool:
    """Tell nods by their offsets; by their places in the pattern where these are not filled in."""
    if one.offset is not None and other.offset is not None:
        apart = math.dist(one.offset, other.offset)
        if apart > 0:
            return math.isfinite(apart) and apart > NOD
    if one.position is None or other.position is None:
        return False
    return one.position != other.position


def _days_between(one: Exposure, other: Exposure) -> float:
    if one.start is None or other.start is None:
        return math.inf
    return abs((one.start - other.start).total_seconds()) / 86400
