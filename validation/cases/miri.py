"""Cases of MIRI."""

from typing import Any

from validation.cases._case import Case, Place, Workload, exposure, one_set, plain, varied

FULL = Place("FULL", (1, 1, 1032, 1024))
SUB64 = Place("SUB64", (1, 779, 72, 64))
SUB128 = Place("SUB128", (1, 889, 136, 128))
SUB256 = Place("SUB256", (413, 51, 256, 256))
PRISM = Place("SLITLESSPRISM", (1, 529, 72, 416))
AXES = (1, 2)
EMI = ("emicorr",)
FLICKER = ("clean_flicker_noise",)
IMAGE, SUBARRAY, SERIES, MRS, DARK = (
    *("MIRI full frame", "MIRI subarrays", "MIRI LRS (time series)", "MIRI MRS", "MIRI dark"),
)


def _set(
    detector: str,
    place: Place,
    frames: int,
    traits: str,
    exposures: list[dict[str, Any]],
    name: str,
) -> dict[str, Any]:
    return one_set("MIRI", detector, AXES, place.frame, frames, traits, exposures, name)


def workload(small: bool) -> Workload:
    """Return what the small or the whole validation compares."""
    sub128 = exposure(301, "MIRIMAGE", SUB128, "FASTR1", (3, 10), "MIR_IMAGE")
    sub64 = exposure(302, "MIRIMAGE", SUB64, "FASTR1", (4, 20), "MIR_IMAGE")
    sets = [
        _set("MIRIMAGE", SUB128, 14, "shuffled", [sub128], "sub128"),
        _set("MIRIMAGE", SUB64, 24, "plain holes", [sub64], "sub64"),
    ]
    cases = [
        plain(sub128, SUBARRAY, by_step=True),
        varied(sub64, SUBARRAY, "emicorr", {}, on=EMI, by_step=True, by_truth=True),
    ]
    if small:
        return Workload(sets, cases)
    full = exposure(303, "MIRIMAGE", FULL, "FASTR1", (2, 8), "MIR_IMAGE")
    slow = exposure(304, "MIRIMAGE", FULL, "SLOWR1", (1, 6), "MIR_IMAGE")
    sub256 = exposure(305, "MIRIMAGE", SUB256, "FASTR1", (2, 16), "MIR_IMAGE", showers=6,
                      cosmic_rays=0.01)  # fmt: skip
    prism = exposure(306, "MIRIMAGE", PRISM, "FASTR1", (10, 8), "MIR_LRS-SLITLESS",
                     time_series=True)  # fmt: skip
    second = exposure(307, "MIRIMAGE", PRISM, "FASTR1", (4, 8), "MIR_LRS-SLITLESS",
                      time_series=True, segment=2, integrations_before=4)  # fmt: skip
    mrs = exposure(308, "MIRIFUSHORT", FULL, "FASTR1", (2, 5), "MIR_MRS")
    dark = exposure(309, "MIRIMAGE", SUB128, "FASTR1", (2, 6), "MIR_DARKIMG", dark=True)
    few = exposure(310, "MIRIMAGE", SUB128, "FASTR1", (2, 3), "MIR_IMAGE")
    fast = exposure(311, "MIRIMAGE", SUB128, "FAST", (3, 10), "MIR_IMAGE")
    sets[0]["exposures"] += [dark, few, fast]
    sets[0]["readpatts"] = "FASTR1|FAST"
    sets += [
        _set("MIRIMAGE", FULL, 9, "double", [full], "full"),
        _set("MIRIMAGE", FULL, 6, "plain holes", [slow], "slow"),
        _set("MIRIMAGE", SUB256, 18, "plain", [sub256], "sub256"),
        _set("MIRIMAGE", PRISM, 10, "shuffled average", [prism, second], "prism"),
        _set("MIRIFUSHORT", FULL, 6, "shuffled", [mrs], "mrs"),
    ]
    cases += [
        plain(sub64, SUBARRAY),
        plain(full, IMAGE, by_step=True),
        plain(slow, IMAGE, by_step=True),
        plain(sub256, SUBARRAY),
        plain(prism, SERIES, by_step=True),
        plain(second, SERIES, by_step=True),
        plain(mrs, MRS, by_step=True),
        plain(few, SUBARRAY),
        plain(fast, SUBARRAY),
        plain(dark, DARK, by_step=True, pipeline="dark"),
    ]
    return Workload(sets, cases + _variations(full, slow, sub64, sub256, prism, sub128, dark))


def _variations(
    full: dict[str, Any],
    slow: dict[str, Any],
    sub64: dict[str, Any],
    sub256: dict[str, Any],
    prism: dict[str, Any],
    sub128: dict[str, Any],
    dark: dict[str, Any],
) -> list[Case]:
    showers = {"jump": {"find_showers": True}}
    changed: list[tuple[dict[str, Any], str, str, dict[str, Any], tuple[str, ...]]] = [
        (full, IMAGE, "emicorr", {}, EMI),
        (slow, IMAGE, "emicorr", {}, EMI),
        (full, IMAGE, "emicorr sequential", {"emicorr": {"algorithm": "sequential"}}, EMI),
        (sub64, SUBARRAY, "emicorr sequential", {"emicorr": {"algorithm": "sequential"}}, EMI),
        (sub64, SUBARRAY, "emicorr sequential, reference as it is",
         {"emicorr": {"algorithm": "sequential", "scale_reference": False}}, EMI),
        (sub64, SUBARRAY, "emicorr sequential, 2 integrations, 100 bins",
         {"emicorr": {"algorithm": "sequential", "nints_to_phase": 2, "nbins": 100}}, EMI),
        (sub64, SUBARRAY, "emicorr by integration",
         {"emicorr": {"fit_ints_separately": True}}, EMI),
        (sub64, SUBARRAY, "emicorr on the fly",
         {"emicorr": {"algorithm": "sequential", "onthefly_corr_freq": [390.625]}}, EMI),
        (prism, SERIES, "emicorr", {}, EMI),
        (sub256, SUBARRAY, "showers", showers, ()),
        (sub256, SUBARRAY, "showers, clipping over integrations",
         {"jump": {"find_showers": True, "minimum_sigclip_groups": 2}}, ()),
        (full, IMAGE, "odd_even_rows off", {"refpix": {"odd_even_rows": False}}, ()),
        (full, IMAGE, "firstframe", {}, ("firstframe",)),
        (sub128, SUBARRAY, "firstframe, bright pixels too",
         {"firstframe": {"bright_use_group1": False}}, ("firstframe",)),
        (full, IMAGE, "clean_flicker_noise", {}, FLICKER),
        (sub128, SUBARRAY, "LIKELY", {"ramp_fit": {"algorithm": "LIKELY"}}, ()),
        (sub128, SUBARRAY, "one-group ramps kept", {"ramp_fit": {"suppress_one_group": False}}, ()),
    ]  # fmt: skip
    cases = [
        varied(
            one,
            mode,
            what,
            options,
            on=on,
            by_step=on == EMI,
            by_truth=on in (EMI, FLICKER) or "showers" in what,
        )
        for one, mode, what, options, on in changed
    ]
    cases += [
        varied(sub128, SUBARRAY, f"no {step}", {}, skip=(step,))
        for step in ("lastframe", "reset", "rscd")
    ]
    cases.append(
        varied(dark, DARK, "emicorr", {}, on=EMI, pipeline="dark", by_step=True, by_truth=True)
    )
    return cases
