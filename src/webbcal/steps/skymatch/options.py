"""Options of the matching of sky levels."""

from dataclasses import dataclass

from webbcal.core.options import Options, option


@dataclass(frozen=True)
class SkyMatchOptions(Options):
    """Options of `match_sky`."""

    skymethod: str = option(
        "match",
        "How levels are found: of each group alone, the lowest of all, matched where exposures "
        "overlap, both, or given by the user.",
        choices=("local", "global", "match", "global+match", "user"),
    )
    match_down: bool = option(
        True, "Matched levels are relative to the faintest sky; else to the brightest."
    )
    subtract: bool = option(False, "Subtract the levels, not only record them.")
    skylist: str | None = option(
        None, "Text file for the method user: name of an exposure and its level on each line."
    )
    stepsize: int | None = option(
        None,
        "Accepted, without effect: overlaps are found pixel by pixel, not from outlines.",
        unit="pixel",
        low=1,
    )
    skystat: str = option(
        "mode",
        "Statistic of sky values, or of their differences.",
        choices=("median", "midpt", "mean", "mode"),
    )
    dqbits: str | None = option(
        "~DO_NOT_USE+NON_SCIENCE",
        "Flags of pixels that may be used; with ~ in front, of those that may not.",
    )
    lower: float | None = option(None, "Pixels below are left out.", unit="MJy/sr")
    upper: float | None = option(None, "Pixels above are left out.", unit="MJy/sr")
    nclip: int = option(5, "How many times outlying values are dropped.", low=0)
    lsigma: float = option(
        4.0, "Values so far below the mean are dropped.", unit="standard deviations", low=0.0
    )
    usigma: float = option(
        4.0, "Values so far above the mean are dropped.", unit="standard deviations", low=0.0
    )
    binwidth: float = option(
        0.1,
        "Width of the bins of the histogram whose peak is the mode.",
        unit="standard deviations",
        low=0.001,
    )
    in_memory: bool = option(True, "Accepted, without effect: few images are held at a time.")
