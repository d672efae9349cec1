"""What a case is, and the specifications of references and exposures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Options = Mapping[str, Mapping[str, Any]]

OFF_BY_DEFAULT = (
    *("emicorr", "firstframe", "charge_migration", "picture_frame", "clean_flicker_noise"),
    "persistence",
)
"""Steps that the peer leaves out unless it is told to do them."""


@dataclass(frozen=True)
class Case:
    """One run of both pipelines: an exposure, and options other than the defaults.

    `mode` is the section of the report. `on` names steps that are off by default, `skip` steps
    that are left out; with `by_step` the result of every step is compared. `also` lists further
    products (suffixes) that both sides make. `draw_of` names the case of which this is another draw
    of the noise: both are judged together against truth, and this one by nothing else.
    """

    name: str
    exposure: str
    mode: str
    options: Options = field(default_factory=dict)
    on: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    pipeline: str = "detector1"
    by_step: bool = False
    also: tuple[str, ...] = ()
    by_truth: bool = False
    draw_of: str = ""


@dataclass(frozen=True)
class Workload:
    """References and exposures to be made, and the cases that use them."""

    sets: list[dict[str, Any]]
    cases: list[Case]

    def __add__(self, other: "Workload") -> "Workload":
        return Workload(self.sets + other.sets, self.cases + other.cases)


@dataclass(frozen=True)
class Place:
    """A subarray: its name, and first column and row, columns and rows."""

    subarray: str
    frame: tuple[int, int, int, int]


def exposure(
    number: int,
    detector: str,
    place: Place,
    pattern: str,
    size: tuple[int, int],
    exp_type: str,
    **more: Any,
) -> dict[str, Any]:
    """Return the specification of an exposure; `size` is integrations and groups."""
    segment = f"-seg{more['segment']:03d}" if "segment" in more else ""
    return {
        "name": f"jw90001001001_02101_{number:05d}{segment}_{detector.lower()}",
        "number": number,
        "frame": list(place.frame),
        "subarray": place.subarray,
        "readpatt": pattern,
        "nints": size[0],
        "ngroups": size[1],
        "seed": 1000 + number,
        "exp_type": exp_type,
        **more,
    }


def one_set(
    instrument: str,
    detector: str,
    axes: tuple[int, int],
    frame: tuple[int, int, int, int],
    dark_frames: int,
    traits: str,
    exposures: list[dict[str, Any]],
    name: str = "",
) -> dict[str, Any]:
    """Return the specification of references and of the exposures that they are for."""
    return {
        "instrument": instrument,
        "detector": detector,
        "name": name,
        "fastaxis": axes[0],
        "slowaxis": axes[1],
        "frame": list(frame),
        "dark_frames": dark_frames,
        "seed": sum(map(ord, detector + name)),
        "traits": traits.split(),
        "exp_type": exposures[0]["exp_type"],
        "subarrays": "|".join(dict.fromkeys(e["subarray"] for e in exposures)),
        "readpatts": "|".join(dict.fromkeys(e["readpatt"] for e in exposures)),
        "exposures": exposures,
    }


SEED_STEP = 10007
"""Between the draws of an exposure."""


def drawn_again(work: Workload, name: str, times: int) -> Workload:
    """Return the workload with the exposure of a case drawn again, other noise and other stars.

    One draw of a few thousand pixels does not tell two pipelines apart: what noise both draw
    from moves the level of a whole exposure.
    """
    (case,) = (case for case in work.cases if case.name == name)
    sets, cases = [], list(work.cases)
    for one in work.sets:
        exposures = list(one["exposures"])
        for first in [e for e in exposures if e["name"] == case.exposure]:
            for draw in range(1, times):
                number = first["number"] + 100 * draw
                parts = first["name"].split("_")
                again = "_".join([*parts[:-2], f"{number:05d}", parts[-1]])
                seed = first["seed"] + SEED_STEP * draw
                exposures.append({**first, "name": again, "number": number, "seed": seed})
                cases.append(
                    replace(case, name=f"{name}, draw {draw + 1}", exposure=again, draw_of=name)
                )
        sets.append({**one, "exposures": exposures})
    return Workload(sets, cases)


def title(one: Mapping[str, Any]) -> str:
    """Return the name of an exposure in words."""
    detector = one["name"].rpartition("_")[2].upper()
    return f"{detector} {one['subarray']} {one['readpatt']} {one['nints']}x{one['ngroups']}"


def plain(one: Mapping[str, Any], mode: str, *, by_step: bool = False, **more: Any) -> Case:
    """Return the case of an exposure with default options."""
    return Case(title(one), one["name"], mode, by_step=by_step, **more)


def varied(one: Mapping[str, Any], mode: str, what: str, options: Options, **more: Any) -> Case:
    """Return the case of an exposure with other options than the defaults."""
    return Case(f"{title(one)}, {what}", one["name"], mode, options, **more)
