"""Associations of level 2: one exposure, and what is subtracted from it or guides it.

Source: JWST User Documentation, association rules of level 2.
"""

from collections.abc import Sequence

from webbcal.associations._association import (
    BACKGROUND,
    DIRECT_IMAGE,
    IMPRINT,
    SCIENCE,
    SEGMENTATION,
    SOURCE_CATALOG,
    TARGET_ACQUISITION,
    AsnProduct,
    Member,
)
from webbcal.associations.choosing import Namer, Pool
from webbcal.associations.combining import Combination, target_of
from webbcal.associations.exposures import Exposure
from webbcal.modes.associating import DISPERSERS


def product_of(
    exposure: Exposure,
    pool: Pool,
    combinations: Sequence[Combination],
    namer: Namer,
) -> tuple[AsnProduct | None, str]:
    """Return the product of an exposure; None, and why, where something is lacking.

    Parameters
    ----------
    exposure : Exposure
        What is calibrated.
    pool : Pool
        All there are, for background and imprint.
    combinations : sequence of Combination
        Direct images that slitless spectra need are products of these.
    namer : Namer
        Names the members.
    """
    if exposure.grouping.level2 is None:
        return None, f"{exposure.mode.kind.value}: nothing after stage 1 is made of it alone"
    if exposure.imprint:
        return None, ""
    members = [namer.rate(exposure, SCIENCE)]
    sky = pool.backgrounds_of(exposure) or pool.nods_of(exposure)
    members += [namer.rate(e, BACKGROUND) for e in sky]
    members += [namer.rate(e, IMPRINT) for e in pool.imprints_of(exposure, sky)]
    acquisition = pool.acquisition_of(exposure)
    if acquisition is not None:
        members.append(namer.rate(acquisition, TARGET_ACQUISITION))
    if exposure.grouping.direct_image:
        direct = direct_image_of(exposure, combinations)
        if direct is None:
            return None, "no direct image through the same filter, to find sources in"
        members += [
            Member(f"{direct.name}_i2d.fits", DIRECT_IMAGE),
            Member(f"{direct.name}_cat.ecsv", SOURCE_CATALOG),
            Member(f"{direct.name}_segm.fits", SEGMENTATION),
        ]
    return AsnProduct(exposure.root, tuple(members)), ""


def direct_image_of(exposure: Exposure, combinations: Sequence[Combination]) -> Combination | None:
    """Return the combined image in which the sources of slitless spectra are found.

    It is of the same target and instrument through the same filter, of the same observation
    rather than of another one, and of those nearest in time. Where the disperser is the filter,
    any filter will do.
    """
    wanted = _filters(exposure)
    images = [
        item
        for item in combinations
        if item.first.grouping.level3 == "image3"
        and not item.first.background
        and item.first.instrument == exposure.instrument
        and target_of(item.first) == target_of(exposure)
        and (not wanted or _filters(item.first) == wanted)
    ]
    return min(images, key=lambda item: _distance(item, exposure), default=None)


def _filters(exposure: Exposure) -> frozenset[str]:
    return frozenset(
        element
        for element in exposure.elements
        if element not in DISPERSERS and not element.startswith("CLEAR")
    )


def _distance(item: Combination, exposure: Exposure) -> tuple[bool, float, str]:
    elsewhere = all(e.observation != exposure.observation for e in item.exposures)
    times = [
        abs((e.start - exposure.start).total_seconds())
        for e in item.exposures
        if e.start is not None and exposure.start is not None
    ]
    return elsewhere, min(times, default=0.0), item.name
