"""Sky match: make the sky of exposures that overlap agree, or measure that of each."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidInput
from webbcal.numerics.sky_level import SkyLevel
from webbcal.spec.products import Cal
from webbcal.spec.references.sky import SkyList
from webbcal.steps._set import SetResult, SetStep, Tools, groups_of, read_plane
from webbcal.steps._step import Needs
from webbcal.steps.skymatch.levels import BAND, differences, overlaps, own_levels, patch_of
from webbcal.steps.skymatch.options import SkyMatchOptions
from webbcal.steps.skymatch.solution import Solution, solve

NO_PIXELS = "no pixel is usable for the sky"
NO_OVERLAP = "it overlaps with no exposure of another group"
NOT_LISTED = "the list of sky levels does not name it"

Levels = tuple[list[float | None], dict[int, str], dict[str, Any], list[str]]
"""Level of each image (None: not treated), reasons, figures, remarks."""


def match_sky(
    images: tuple[Cal, ...], sky_list: SkyList | None, options: SkyMatchOptions, tools: Tools
) -> SetResult:
    r"""Find the sky level of each exposure, relative to the others or of its own.

    ``local``
        Each group has the lowest of the levels of its images.
    ``global``
        All have the lowest level of all images.
    ``match``
        Where two images of different groups see the same sky, the values of the same places are
        subtracted from each other; the statistic of these differences, pair by pair, gives the
        levels :math:`\delta` of the groups by least squares, the lowest being 0.
    ``global+match``
        As ``match``, and what is then the lowest level of all is added.
    ``user``
        Levels come from a list.

    Parameters
    ----------
    images : tuple of Cal
        Exposures, MJy/sr, axes (y, x), with world coordinates.
    sky_list : SkyList or None
        Levels by name, for ``user``.
    options : SkyMatchOptions
        See there.
    tools : Tools
        What the runner lends.

    Returns
    -------
    SetResult
        ``meta.background``: `level` (MJy/sr), `subtracted`, `method`; `sci` differs only with
        the option `subtract`. Images that could not be treated have level 0.

    Raises
    ------
    CannotCalibrate
        If there is nothing to match: a single group, or no overlap at all.
    InvalidInput
        If an exposure whose sky was subtracted is to be left unsubtracted, or the other way.

    Notes
    -----
    Flags used: those of `dqbits`; pixels with them and NaN are left out; none is set. Errors do
    not change: the uncertainty of the level is far below that of a pixel.
    Where exposures form several parts without overlap between them, each part has its own zero.
    Exposures of one group (detectors that observe together) share a level with
    ``match``: differences between detectors are no difference of the sky.

    Source: JWST User Documentation, calwebb_image3, skymatch.
    """
    _refuse_contradictions(images, options)
    groups = groups_of(images)
    if options.skymethod == "user":
        levels, reasons, figures, remarks = _from_list(images, sky_list)
    elif "match" in options.skymethod:
        levels, reasons, figures, remarks = _matched(images, groups, options, tools)
    else:
        levels, reasons, figures, remarks = _unmatched(images, groups, options, tools)
    changed = tools.parallel(
        lambda image, level: _with_level(image, level, options, tools), images, levels
    )
    figures = {"method": options.skymethod, "levels": levels, **figures}
    return SetResult(tuple(changed), reasons, tuple(remarks), figures=figures)


def _refuse_contradictions(images: Sequence[Cal], options: SkyMatchOptions) -> None:
    for image in images:
        background = image.meta.background
        if background.level is not None and bool(background.subtracted) != options.subtract:
            before = "was" if background.subtracted else "was not"
            raise InvalidInput(
                f"a sky level that {before} subtracted is known already",
                where=image.meta.lookup("filename"),
                expected="exposures without BKGLEVEL, or treated in the same way as now",
                found=f"BKGLEVEL {background.level:g}, option subtract {options.subtract}",
                advice="Use --option skymatch.subtract, or start from exposures without a level.",
            )


def _unmatched(
    images: Sequence[Cal], groups: Mapping[str, list[int]], options: SkyMatchOptions, tools: Tools
) -> Levels:
    """Return the level of each group alone, or the lowest of all."""
    own = own_levels(images, options, tools)
    lowest = min((level.value for level in own if level is not None), default=None)
    levels: list[float | None] = [None] * len(images)
    for members in groups.values():
        of_group = [level.value for k in members if (level := own[k]) is not None]
        for k in members:
            if own[k] is not None:
                levels[k] = min(of_group) if options.skymethod == "local" else lowest
    if lowest is None:
        raise CannotCalibrate(NO_PIXELS)
    return levels, {k: NO_PIXELS for k, level in enumerate(levels) if level is None}, {}, []


def _matched(
    images: Sequence[Cal], groups: Mapping[str, list[int]], options: SkyMatchOptions, tools: Tools
) -> Levels:
    """Return levels from differences where images overlap, and the lowest level beneath them."""
    own = own_levels(images, options, tools) if "global" in options.skymethod else None
    if len(groups) < 2 and own is None:
        raise CannotCalibrate("the sky of one group of exposures has nothing to be matched with")
    group_of_image = [0] * len(images)
    for group, members in enumerate(groups.values()):
        for k in members:
            group_of_image[k] = group
    patches = [patch_of(image) for image in images]
    pairs = overlaps(patches, group_of_image)
    found = differences(images, patches, pairs, options, tools)
    solution = solve(found, group_of_image, len(groups), options.match_down)
    relative = solution.levels[group_of_image]
    if own is None and not solution.parts:
        raise CannotCalibrate("no exposures of different groups overlap: no sky can be matched")
    reasons = {k: NO_OVERLAP for k in np.flatnonzero(np.isnan(relative)).tolist()}
    levels: list[float | None] = [None if np.isnan(level) else float(level) for level in relative]
    if own is not None:
        levels, reasons = _above_lowest(relative, own)
    figures = {"pairs": len(found), "residual": solution.residual}
    return levels, reasons, figures, _remarks(solution, relative, groups, own is not None)


def _above_lowest(
    relative: np.ndarray, own: Sequence[SkyLevel | None]
) -> tuple[list[float | None], dict[int, str]]:
    """Return relative levels raised by the lowest level that remains after they are taken away."""
    over = np.nan_to_num(relative)
    lowest = min(
        (level.value - by for level, by in zip(own, over, strict=True) if level is not None),
        default=None,
    )
    if lowest is None:
        raise CannotCalibrate(NO_PIXELS)
    treated = [
        level is not None or np.isfinite(by) for level, by in zip(own, relative, strict=True)
    ]
    levels = [
        float(by + lowest) if is_treated else None
        for by, is_treated in zip(over, treated, strict=True)
    ]
    return levels, {k: NO_PIXELS for k, is_treated in enumerate(treated) if not is_treated}


def _remarks(
    solution: Solution, relative: np.ndarray, groups: Mapping[str, list[int]], above: bool
) -> list[str]:
    remarks = []
    if len(solution.parts) > 1:
        remarks.append(
            f"the exposures form {len(solution.parts)} parts without overlap: sky levels of "
            "different parts are not relative to each other"
        )
    alone = [name for name, members in groups.items() if np.isnan(relative[members]).all()]
    if above and alone and len(groups) > 1:
        remarks.append(
            f"{', '.join(alone)}: no overlap with another group, so that its sky is not matched"
        )
    return remarks


def _from_list(images: Sequence[Cal], sky_list: SkyList | None) -> Levels:
    if sky_list is None:
        raise CannotCalibrate("no list of sky levels is given (option skylist)")
    known: dict[str, float] = {}
    for name, level in zip(sky_list.levels["name"], sky_list.levels["level"], strict=True):
        stem = _stem(name.decode())
        known |= {stem: float(level), stem.rpartition("_")[0]: float(level)}
    levels = []
    for image in images:
        stem = _stem(str(image.meta.lookup("filename", "")))
        levels.append(known.get(stem, known.get(stem.rpartition("_")[0])))
    return levels, {k: NOT_LISTED for k, level in enumerate(levels) if level is None}, {}, []


def _stem(name: str) -> str:
    """Return a file name without its folder and extension."""
    return PurePath(name).name.removesuffix(".fits")


def _with_level(image: Cal, level: float | None, options: SkyMatchOptions, tools: Tools) -> Cal:
    """Return an exposure with its sky level recorded, and subtracted where it is asked for."""
    subtracted = options.subtract and level is not None
    before = image.meta.lookup("background.level", 0.0) if subtracted else 0.0
    meta = image.meta.replace(
        {
            "background.level": before + (0.0 if level is None else level),
            "background.subtracted": subtracted,
            "background.method": options.skymethod,
        }
    )
    if not subtracted or level is None:
        return image.with_changes(meta=meta)
    rows, columns = image.shape_of("sci")
    sci = tools.scratch((rows, columns), np.float32)
    for y in range(0, rows, BAND):
        part = slice(y, min(y + BAND, rows))
        sci.write((part,), (read_plane(image, "sci", part) - level).astype(np.float32))
    return image.on_disk({"sci": sci}, meta=meta)


STEP = SetStep(
    "skymatch",
    match_sky,
    SkyMatchOptions,
    references={"sky_list": Needs(SkyList, required=False, option="skylist")},
    status="skymatch",
)
