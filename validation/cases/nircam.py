"""Cases of NIRCam."""

from functools import partial
from typing import Any

from validation.cases._case import (
    Case,
    Place,
    Workload,
    drawn_again,
    exposure,
    one_set,
    plain,
    varied,
)

FULL = Place("FULL", (1, 1, 2048, 2048))
CORNER_320 = Place("SUB320", (1, 1729, 320, 320))
CORNER_160 = Place("SUB160", (1, 1889, 160, 160))
CORNER_64 = Place("SUB64P", (1, 1985, 64, 64))
BOTTOM_64 = Place("SUB64P", (1, 1, 64, 64))
MODE, SERIES, DARK = "NIRCam", "NIRCam time series", "NIRCam dark"

_exposure = partial(exposure, exp_type="NRC_IMAGE")


def _set(
    detector: str, place: Place, dark_frames: int, traits: str, exposures: list[dict[str, Any]]
) -> dict[str, Any]:
    fast = -1 if detector in {"NRCA1", "NRCA3", "NRCALONG", "NRCB2", "NRCB4"} else 1
    axes = (fast, -2 * fast)
    return one_set("NIRCAM", detector, axes, place.frame, dark_frames, traits, exposures)


EVERY = 4
"""The small validation does every fourth of the runs with other options."""

DRAWN_AGAIN = (
    "NRCA3 SUB160 BRIGHT2 3x5, clean_flicker_noise, median image",
    "NRCA4 SUB64P RAPID 12x4, clean_flicker_noise, median image",
)
DRAWS = 16
"""Of one draw to the next, the two pipelines differ by 0.28 errors at most in their distance from
the truth and by 0.017 in the width of pulls (standard deviation of 20 draws)."""

BY_STEP = {1, 13, 14, 20, 30}
"""Exposures of which the result of every step is compared."""


def workload(small: bool) -> Workload:
    """Return what the small or the whole validation compares."""
    cut = [
        _exposure(1, "NRCB1", CORNER_160, "RAPID", (2, 10), zeroframe=True, traits=["disorder"]),
    ]
    whole = [_exposure(2, "NRCB4", FULL, "RAPID", (1, 4))]
    own = [
        _exposure(10, "NRCA3", CORNER_160, "RAPID", (1, 1), zeroframe=True),
        _exposure(11, "NRCA3", CORNER_160, "RAPID", (1, 2)),
        _exposure(12, "NRCA3", CORNER_160, "RAPID", (2, 3)),
        _exposure(13, "NRCA3", CORNER_160, "BRIGHT2", (3, 5), zeroframe=True),
        _exposure(14, "NRCA3", CORNER_160, "SHALLOW4", (1, 8), zeroframe=True),
        _exposure(15, "NRCA3", CORNER_160, "RAPID", (1, 20)),
    ]
    holes = [
        _exposure(20, "NRCB3", BOTTOM_64, "BRIGHT2", (2, 6), zeroframe=True),
        _exposure(21, "NRCB3", BOTTOM_64, "RAPID", (2, 12), traits=["disorder"]),
    ]
    coupled = [_exposure(30, "NRCA1", CORNER_64, "SHALLOW4", (2, 5), zeroframe=True)]
    averaged = [
        _exposure(40, "NRCB2", CORNER_64, "RAPID", (1, 6)),
        _exposure(41, "NRCB2", CORNER_64, "SHALLOW4", (1, 6)),
    ]
    if not small:
        cut += [_exposure(3, "NRCB1", CORNER_160, "SHALLOW2", (1, 6), zeroframe=True)]
        own += [
            _exposure(16, "NRCA3", CORNER_160, "RAPID", (5, 40)),
            _exposure(17, "NRCA3", CORNER_160, "MEDIUM8", (1, 10), zeroframe=True),
            _exposure(18, "NRCA3", CORNER_160, "BRIGHT1", (2, 4)),
            _exposure(19, "NRCA3", CORNER_160, "DEEP2", (1, 7), zeroframe=True),
        ]
        averaged += [_exposure(42, "NRCB2", CORNER_64, "RAPID", (110, 4))]
    sets = [
        _set("NRCB1", FULL, 12 if small else 30, "shuffled", cut),
        _set("NRCB4", FULL, 6, "double sirs", whole),
        _set("NRCA3", CORNER_160, 30, "plain shuffled double sky", own),
        _set("NRCB3", BOTTOM_64, 20, "holes", holes),
        _set("NRCA1", CORNER_64, 30, "ipc average factor", coupled),
        _set("NRCB2", CORNER_64, 10, "averaged plain", averaged),
    ]
    if not small:
        long = [_exposure(50, "NRCALONG", FULL, "SHALLOW4", (1, 10), zeroframe=True)]
        sets.append(_set("NRCALONG", FULL, 50, "holes shuffled", long))
    cases = [
        plain(one, MODE, by_step=one["number"] in BY_STEP) for s in sets for one in s["exposures"]
    ]
    made = {one["number"]: one for s in sets for one in s["exposures"]}
    variations = _variations(made)
    others = [] if small else _others(made)
    more = _more(small)
    work = Workload(sets, cases + (variations[::EVERY] if small else variations + others)) + more
    for name in () if small else DRAWN_AGAIN:
        work = drawn_again(work, name, DRAWS)
    return work


def _variations(exposures: dict[int, dict[str, Any]]) -> list[Case]:
    """Return runs with other options than the defaults, on exposures that show the effect."""
    changed: list[tuple[int, str, dict[str, dict[str, Any]], tuple[str, ...]]] = [
        (13, "rejection_threshold 6", {"jump": {"rejection_threshold": 6.0}}, ()),
        (13, "flag_4_neighbors off", {"jump": {"flag_4_neighbors": False}}, ()),
        (
            15,
            "groups after jumps",
            {
                "jump": {
                    "after_jump_flag_dn1": 20.0,
                    "after_jump_flag_time1": 0.6,
                    "after_jump_flag_dn2": 500.0,
                    "after_jump_flag_time2": 1.5,
                }
            },
            (),
        ),
        (
            20,
            "neighbour limits 5 to 100",
            {"jump": {"min_jump_to_flag_neighbors": 5.0, "max_jump_to_flag_neighbors": 100.0}},
            (),
        ),
        (13, "odd_even_columns off", {"refpix": {"odd_even_columns": False}}, ()),
        (2, "side pixels off", {"refpix": {"use_side_ref_pixels": False}}, ()),
        (2, "SIRS", {"refpix": {"refpix_algorithm": "sirs"}}, ()),
        (2, "side gain 0.5, 21 rows",
         {"refpix": {"side_gain": 0.5, "side_smoothing_length": 21}}, ()),
        (14, "n_pix_grow_sat 2", {"saturation": {"n_pix_grow_sat": 2}}, ()),
        (14, "n_pix_grow_sat 0", {"saturation": {"n_pix_grow_sat": 0}}, ()),
        (14, "use_readpatt off", {"saturation": {"use_readpatt": False}}, ()),
        (15, "firstgroup 2, lastgroup 15", {"ramp_fit": {"firstgroup": 2, "lastgroup": 15}}, ()),
        (13, "one-group ramps kept", {"ramp_fit": {"suppress_one_group": False}}, ()),
        (14, "one-group ramps kept", {"ramp_fit": {"suppress_one_group": False}}, ()),
        (30, "one-group ramps kept", {"ramp_fit": {"suppress_one_group": False}}, ()),
        (15, "single pass from 40 differences", {"jump": {"min_diffs_single_pass": 40}}, ()),
        (14, "average dark 0.5", {"dark_current": {"average_dark_current": 0.5}}, ()),
        (13, "no jump", {}, ("jump",)),
        (13, "no dark_current", {}, ("dark_current",)),
        (14, "no linearity", {}, ("linearity",)),
        (14, "no saturation", {}, ("saturation",)),
        (30, "no ipc", {}, ("ipc",)),
        (14, "no superbias, no refpix", {}, ("superbias", "refpix")),
        (20, "no dq_init", {}, ("dq_init",)),
        (42, "no clipping over integrations", {"jump": {"minimum_sigclip_groups": 200}}, ()),
        (42, "clipping over all groups", {"jump": {"only_use_ints": False}}, ()),
    ]  # fmt: skip
    return [
        varied(exposures[number], MODE, what, options, skip=skip)
        for number, what, options, skip in changed
        if number in exposures
    ]


def _others(exposures: dict[int, dict[str, Any]]) -> list[Case]:
    """Return runs with steps that are off by default."""
    changed: list[tuple[int, str, dict[str, dict[str, Any]], tuple[str, ...]]] = [
        (13, "charge_migration", {"charge_migration": {"signal_threshold": 20000.0}},
         ("charge_migration",)),
        (15, "charge_migration", {"charge_migration": {"signal_threshold": 15000.0}},
         ("charge_migration",)),
        (15, "LIKELY", {"ramp_fit": {"algorithm": "LIKELY"}}, ()),
        (14, "LIKELY", {"ramp_fit": {"algorithm": "LIKELY"}}, ()),
        (13, "LIKELY", {"ramp_fit": {"algorithm": "LIKELY"}}, ()),
        (15, "clean_flicker_noise", {}, ("clean_flicker_noise",)),
        (14, "clean_flicker_noise, background model",
         {"clean_flicker_noise": {"background_method": "model"}}, ("clean_flicker_noise",)),
        (13, "clean_flicker_noise, median image",
         {"clean_flicker_noise": {"background_method": "median_image"}}, ("clean_flicker_noise",)),
        (2, "clean_flicker_noise by channel",
         {"clean_flicker_noise": {"fit_by_channel": True}}, ("clean_flicker_noise",)),
        (13, "persistence flags", {"persistence": {"persistence_time": 5}}, ("persistence",)),
        (13, "persistence flags, DO_NOT_USE",
         {"persistence": {"persistence_time": 5, "persistence_dnu": True,
                          "dn_threshold": 20000.0}}, ("persistence",)),
    ]  # fmt: skip
    return [
        varied(exposures[number], MODE, what, options, on=on,
               by_truth="clean_flicker_noise" in on)
        for number, what, options, on in changed
        if number in exposures
    ] + [
        varied(exposures[number], MODE, "optional fit results",
               {"ramp_fit": {"save_opt": True}}, also=("fitopt",))
        for number in (13, 14)
        if number in exposures
    ]  # fmt: skip


def _more(small: bool) -> Workload:
    """Return exposures with snowballs, of a time series, of the dark, and with other references."""
    balls = exposure(60, "NRCA2", CORNER_320, "RAPID", (2, 8), "NRC_IMAGE", snowballs=4)
    many = exposure(61, "NRCA4", CORNER_64, "RAPID", (12, 4), "NRC_TSIMAGE", time_series=True)
    dark = exposure(62, "NRCBLONG", CORNER_64, "SHALLOW4", (2, 4), "NRC_DARK", dark=True,
                    zeroframe=True)  # fmt: skip
    sets = [
        _set("NRCA2", CORNER_320, 10, "plain", [balls]),
        # a kernel for each pixel cannot say that it is one of a subarray
        _set("NRCA4", CORNER_64, 10, "shuffled ipc", [many])
        if small
        else _set("NRCA4", FULL, 10, "shuffled ipc4 sky", [many]),
        _set("NRCBLONG", CORNER_64, 20, "plain", [dark]),
    ]
    big = {"expand_large_events": True}
    cases = [
        varied(balls, MODE, "snowballs", {"jump": big}, by_truth=True),
        plain(many, SERIES, by_step=True),
        plain(dark, DARK, by_step=True, pipeline="dark"),
    ]
    if small:
        return Workload(sets, cases)
    cases += [
        plain(balls, MODE),
        varied(balls, MODE, "snowballs, no saturated core asked for",
               {"jump": big | {"sat_required_snowball": False}}, by_truth=True),
        varied(balls, MODE, "snowballs, smaller ones, other growth",
               {"jump": big | {"min_jump_area": 15.0, "min_sat_area": 5.0, "expand_factor": 1.5,
                               "sat_expand": 0, "edge_size": 10,
                               "mask_snowball_core_next_int": False}}, by_truth=True),
        varied(many, SERIES, "clipping over integrations",
               {"jump": {"minimum_sigclip_groups": 10}}),
        varied(many, SERIES, "clean_flicker_noise, median image",
               {"clean_flicker_noise": {"background_method": "median_image"}},
               on=("clean_flicker_noise",), by_truth=True),
    ]  # fmt: skip
    return Workload(sets, cases)
