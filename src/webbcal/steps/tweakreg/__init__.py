"""Alignment: exposures laid on each other by their stars, and on a catalogue of the sky."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidOptions
from webbcal.spec.products import Cal
from webbcal.spec.products.alignment import ReferenceStars, StarList, StarTable
from webbcal.spec.references.astrometry import SERVICES, AstrometricCatalog, SourceLists
from webbcal.steps._set import SetResult, SetStep, Tools, groups_of
from webbcal.steps._step import Needs
from webbcal.steps.tweakreg.absolute import Absolute, circle, lay_on_catalog
from webbcal.steps.tweakreg.aligning import Alignment, align
from webbcal.steps.tweakreg.correcting import corrected
from webbcal.steps.tweakreg.field import Field, field_of, find_all
from webbcal.steps.tweakreg.figures import figures
from webbcal.steps.tweakreg.linear import Transform
from webbcal.steps.tweakreg.options import TweakregOptions
from webbcal.steps.tweakreg.rules import Rules
from webbcal.steps.tweakreg.sources import Sources

MARGIN = 2.0  # arcsec around the exposures, beyond the search radius, that a service is asked for


def align_exposures(
    images: tuple[Cal, ...],
    catalog: AstrometricCatalog | None,
    lists: SourceLists | None,
    options: TweakregOptions,
    tools: Tools,
) -> SetResult:
    r"""Correct the pointing of exposures by the stars that they have in common.

    Stars are found in each exposure. Exposures that were taken at the same time are one group,
    which moves as a whole. In the plane that touches the sky in their middle, the maps
    :math:`T_g` of all groups are found at once,

    .. math:: \chi^2 = \sum_k \sum_{i \in k} w_i | T_{g(i)}(p_i) - s_k |^2 = \min,

    for detections :math:`p_i` of stars whose places :math:`s_k` are the weighted means of all
    their detections; then the one map that lays these places on a catalogue.

    Parameters
    ----------
    images : tuple of Cal
        Exposures, axes (y, x), with world coordinates; `sci`, `err` and `dq` are read.
    catalog : AstrometricCatalog or None
        To align to; None: the exposures are aligned with each other only, or a service is asked.
    lists : SourceLists or None
        Stars that the user gives, by exposure.
    options : TweakregOptions
        See there.
    tools : Tools
        What the runner lends.

    Returns
    -------
    SetResult
        With new ``meta.wcs``, S_REGION and FITS approximations. Without a catalogue the median
        of the shifts of all groups is zero. The coordinates of a group that cannot be aligned
        stay as they were, it is named with the reason, and its stars count nowhere. Groups that
        are aligned with each other, but not with the catalogue asked for, keep that and are
        named. A service that does not answer, or knows too few stars, leaves all exposures
        aligned with each other only, and is remarked on.

    Raises
    ------
    CannotCalibrate
        If there is only one group and no catalogue, or nothing can be aligned.
    InvalidOptions
        If the catalogue is neither a file nor a service.

    Notes
    -----
    Flags used: DO_NOT_USE, NON_SCIENCE. Flags set: none. NaN pixels are left out.
    Assumes that the detectors of a group have the right places to each other, and independent
    errors of positions. Proper motions are applied to the mean time of the exposures.

    Source: JWST User Documentation, calwebb_image3, tweakreg; Bevington, chapter 7.
    """
    wanted = bool(options.abs_refcat) or catalog is not None
    if len(groups_of(images)) < 2 and not wanted and not options.save_catalogs:
        raise CannotCalibrate("there is only one group of exposures, and no catalogue to align to")
    sources = find_all(images, lists, options, tools)
    field = field_of(images, sources)
    rules = Rules.between_groups(options, field.pixel)
    relative = align(field.stars, rules, options.enforce_user_order)
    absolute, lacking = None, ""
    if wanted and len(field.corners):
        absolute, lacking = _on_the_sky(field, relative, catalog, options, tools)
    maps, reasons = _outcome(field, relative, absolute)
    if not any(maps) and not options.save_catalogs:
        raise CannotCalibrate("; ".join(filter(None, (_summary(field, reasons), lacking))))
    return SetResult(
        _corrected(images, field, maps, absolute, options, tools),
        reasons=_by_image(field, reasons),
        remarks=(f"{STEP.name}: nothing is laid on a catalogue: {lacking}",) if lacking else (),
        products=_used(field, absolute) if options.save_abs_catalog else {},
        of_images=_lists(sources, options) if options.save_catalogs else {},
        figures=figures(field, maps, reasons, relative, absolute, lacking),
    )


def _on_the_sky(
    field: Field,
    relative: Alignment,
    catalog: AstrometricCatalog | None,
    options: TweakregOptions,
    tools: Tools,
) -> tuple[Absolute | None, str]:
    """Lay the exposures on a catalogue; return why not where a service cannot give one.

    That says nothing about the exposures, so it is no reason for any of them.
    """
    rules = Rules.on_the_sky(options, field.pixel)
    try:
        known = catalog or _from_service(field, options, tools)
    except CannotCalibrate as error:
        return None, str(error)
    absolute = lay_on_catalog(field, relative, known, rules)
    count = len(absolute.stars.rows)
    if catalog is None and count < rules.least:
        return None, f"{options.abs_refcat} has {count} stars there, {rules.least} needed"
    return absolute, ""


def _from_service(field: Field, options: TweakregOptions, tools: Tools) -> AstrometricCatalog:
    """Return the catalogue that a service gives for the field."""
    name = str(options.abs_refcat)
    if name.upper() not in SERVICES:
        raise InvalidOptions(
            "option abs_refcat",
            expected="a file, or one of " + ", ".join(SERVICES),
            found=name,
        )
    if tools.query_stars is None:
        raise CannotCalibrate(f"there is no way to ask {name}")
    where = circle(field, options.abs_searchrad + options.abs_tolerance + MARGIN)
    return tools.query_stars(name, *where)


def _outcome(
    field: Field, relative: Alignment, absolute: Absolute | None
) -> tuple[list[Transform | None], dict[int, str]]:
    """Return the map of each group, None where there is none, and why some are not aligned."""
    maps: list[Transform | None] = []
    reasons: dict[int, str] = {}
    for group, members in enumerate(field.members):
        transform = relative.transform(group)
        failure = relative.failures.get(group, "")
        if absolute is not None:
            on_sky = absolute.transform(group)
            if on_sky is not None:
                transform = on_sky if transform is None else transform.then(on_sky)
                failure = ""
            elif transform is not None:
                failure = (
                    "it is aligned with other exposures, but not with the catalogue: "
                    f"{absolute.failures[group]}"
                )
            elif len(field.names) > 1:
                failure = f"{failure}; on the catalogue: {absolute.failures[group]}"
            else:
                failure = absolute.failures[group]
        maps.append(transform)
        if failure and members:
            reasons[group] = failure
    return maps, reasons


def _summary(field: Field, reasons: dict[int, str]) -> str:
    """Return in one sentence why nothing is aligned."""
    if field.left_out and not reasons:
        return "; ".join(sorted(set(field.left_out.values())))
    groups: dict[str, list[str]] = {}  # of a hundred, many have the same reason
    for group, reason in reasons.items():
        groups.setdefault(reason, []).append(field.names[group])
    return "no exposure can be aligned: " + "; ".join(
        f"{', '.join(names)}: {reason}" for reason, names in groups.items()
    )


def _by_image(field: Field, reasons: dict[int, str]) -> dict[int, str]:
    """Return the reasons by position of the exposure."""
    of_images = dict(field.left_out)
    for group, reason in reasons.items():
        of_images |= dict.fromkeys(field.members[group], reason)
    return dict(sorted(of_images.items()))


def _corrected(
    images: Sequence[Cal],
    field: Field,
    maps: Sequence[Transform | None],
    absolute: Absolute | None,
    options: TweakregOptions,
    tools: Tools,
) -> tuple[Cal, ...]:
    """Return the exposures with their new coordinates."""
    new = list(images)
    done = 0
    for group, members in enumerate(field.members):
        transform = maps[group]
        if transform is None:
            continue
        on_sky = absolute is not None and absolute.transform(group) is not None
        name = f"FIT-LVL3-{PurePath(absolute.name).stem}" if absolute and on_sky else ""
        for position in members:
            new[position] = corrected(images[position], field.plane, transform, name, options)
            done += 1
            tools.progress("align", done, len(images))
    return tuple(new)


def _lists(sources: Sequence[Sources], options: TweakregOptions) -> dict[str, Any]:
    """Return the stars of each exposure in the format that the user wants."""
    kind = StarTable if options.catalog_format == "fits" else StarList
    return {"cat": tuple(kind(stars=_rows(found)) for found in sources)}


def _rows(found: Sources) -> np.ndarray:
    names = [("id", "i8"), *((name, "f8") for name in ("xcentroid", "ycentroid", "flux", "error"))]
    stars = np.zeros(len(found), names)
    stars["id"] = np.arange(1, len(found) + 1)
    stars["xcentroid"], stars["ycentroid"] = found.x, found.y
    stars["flux"], stars["error"] = found.flux, found.error
    return stars


def _used(field: Field, absolute: Absolute | None) -> dict[str, Any]:
    """Return the stars of the catalogue that count."""
    if absolute is None:
        return {}
    used = [placed.pairs[0][placed.kept] for _, placed in absolute.placed if not placed.failure]
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *used]))
    stars = np.zeros(len(numbers), [("RA", "f8"), ("DEC", "f8"), ("row", "i8")])
    stars["RA"], stars["DEC"] = field.plane.to_sky(absolute.stars.positions[numbers])
    stars["row"] = absolute.stars.rows[numbers]
    return {"ref": ReferenceStars(stars=stars)}


STEP = SetStep(
    "tweakreg",
    align_exposures,
    TweakregOptions,
    references={
        "catalog": Needs(
            AstrometricCatalog, required=False, option="abs_refcat", services=tuple(SERVICES)
        ),
        "lists": Needs(SourceLists, required=False, option="catfile"),
    },
    status="tweakreg",
)
