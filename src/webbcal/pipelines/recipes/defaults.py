"""Defaults that depend on the kind of exposure: best practice where a step's own is cautious.

Options keep the defaults that users know from `calwebb_detector1`; what operations turn on for
an instrument is turned on here, and what harms time series is turned off. Stars are as wide as
the filter makes them. A parameter reference, a configuration file and the command line override
it. Reasons: decision records 0062 and 0121.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webbcal.modes import Kind, Mode
from webbcal.modes.point_spread import star_width
from webbcal.pipelines.recipes import detector1
from webbcal.pipelines.recipes._recipe import Recipe
from webbcal.spec.meta import Meta

TIME_SERIES = {Kind.TIME_SERIES_IMAGE, Kind.TIME_SERIES_SPECTRUM}


@dataclass(frozen=True)
class Preset:
    """Values of options of a step, for the exposures of a recipe.

    `time_series` restricts it to time series (True) or to other exposures (False).
    """

    recipe: Recipe
    step: str
    values: Mapping[str, Any]
    time_series: bool | None = None


PRESETS: tuple[Preset, ...] = (
    Preset(detector1.NEAR_INFRARED, "jump", {"expand_large_events": True}, time_series=False),
    Preset(detector1.MIRI, "jump", {"find_showers": True}, time_series=False),
    Preset(detector1.MIRI, "emicorr", {"skip": False}),
    Preset(detector1.DARK_MIRI, "emicorr", {"skip": False}),
    Preset(detector1.MIRI, "lastframe", {"skip": True}, time_series=True),
    Preset(detector1.MIRI, "rscd", {"skip": True}, time_series=True),
)


def is_time_series(mode: Mode, meta: Meta) -> bool:
    """Tell whether an exposure watches a source change, integration by integration."""
    several = (meta.lookup("exposure.nints") or 1) > 1
    return several and (mode.kind in TIME_SERIES or meta.lookup("visit.tsovisit") is True)


def presets(recipe: Recipe, mode: Mode, meta: Meta) -> dict[str, dict[str, Any]]:
    """Return step to option to value for an exposure; ``skip`` is one of the options."""
    series = is_time_series(mode, meta)
    values: dict[str, dict[str, Any]] = {}
    for preset in PRESETS:
        if preset.recipe is recipe and preset.time_series in (None, series):
            values.setdefault(preset.step, {}).update(preset.values)
    if "tweakreg" in recipe.sets:
        values |= _widths(meta)
    return values


def _widths(meta: Meta) -> dict[str, dict[str, Any]]:
    """Return how wide the stars are that exposures are aligned by, where that is known."""
    names = (meta.instrument.lookup(name) for name in ("name", "detector", "filter", "pupil"))
    width = star_width(*(str(name or "").upper() for name in names))
    return {} if width is None else {"tweakreg": {"kernel_fwhm": round(width, 2)}}
