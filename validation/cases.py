"""What is compared with the peer: exposures that webbcal did not make, and options."""

from dataclasses import dataclass, field
from typing import Any

FULL = [1, 1, 2048, 2048]
CORNER_160 = [1, 1889, 160, 160]
CORNER_64 = [1, 1985, 64, 64]
BOTTOM_64 = [1, 1, 64, 64]


@dataclass(frozen=True)
class Case:
    """One run of both pipelines: an exposure, and options other than the defaults."""

    name: str
    exposure: str
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    skip: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workload:
    """References and exposures to be made, and the cases that use them."""

    sets: list[dict[str, Any]]
    cases: list[Case]


def _exposure(
    number: int, detector: str, frame: list[int], pattern: str, size: tuple[int, int], **more: Any
) -> dict[str, Any]:
    """Return the specification of an exposure; `size` is integrations and groups."""
    name = {64: "SUB64P", 160: "SUB160", 320: "SUB320", 2048: "FULL"}[frame[2]]
    return {
        "name": f"jw90001001001_02101_{number:05d}_{detector.lower()}",
        "frame": frame,
        "subarray": name,
        "readpatt": pattern,
        "nints": size[0],
        "ngroups": size[1],
        "seed": 1000 + number,
        **more,
    }


def _set(
    detector: str, frame: list[int], dark_frames: int, traits: str, exposures: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "detector": detector,
        "fastaxis": -1 if detector in {"NRCA1", "NRCA3", "NRCALONG", "NRCB2", "NRCB4"} else 1,
        "frame": frame,
        "dark_frames": dark_frames,
        "seed": sum(map(ord, detector)),
        "traits": traits.split(),
        "exposures": exposures,
    }


EVERY = 4
"""The small validation does every fourth of the runs with other options."""


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
        _set("NRCB4", FULL, 6, "double", whole),
        _set("NRCA3", CORNER_160, 30, "plain shuffled double", own),
        _set("NRCB3", BOTTOM_64, 20, "holes", holes),
        _set("NRCA1", CORNER_64, 30, "ipc average factor", coupled),
        _set("NRCB2", CORNER_64, 10, "averaged plain", averaged),
    ]
    if not small:
        long = [_exposure(50, "NRCALONG", FULL, "SHALLOW4", (1, 10), zeroframe=True)]
        sets.append(_set("NRCALONG", FULL, 50, "holes shuffled", long))
    cases = [
        Case(_title(exposure), exposure["name"]) for one in sets for exposure in one["exposures"]
    ]
    variations = _variations({e["name"]: e for s in sets for e in s["exposures"]})
    return Workload(sets, cases + (variations[::EVERY] if small else variations))


def _title(exposure: dict[str, Any]) -> str:
    detector = exposure["name"].rpartition("_")[2].upper()
    size = f"{exposure['nints']}x{exposure['ngroups']}"
    return f"{detector} {exposure['subarray']} {exposure['readpatt']} {size}"


def _variations(exposures: dict[str, dict[str, Any]]) -> list[Case]:
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
    by_number = {int(name.split("_")[2]): exposure for name, exposure in exposures.items()}
    return [
        Case(f"{_title(by_number[number])}, {what}", by_number[number]["name"], options, skip)
        for number, what, options, skip in changed
        if number in by_number
    ]
