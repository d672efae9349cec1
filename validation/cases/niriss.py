"""Cases of NIRISS."""

from validation.cases._case import Place, Workload, exposure, one_set, plain, varied

FULL = Place("FULL", (1, 1, 2048, 2048))
SUB80 = Place("SUB80", (1045, 1969, 80, 80))
STRIP = Place("SUBSTRIP256", (1, 1793, 2048, 256))
AXES = (-2, -1)
IMAGE, AMI, SOSS, DARK = "NIRISS", "NIRISS AMI", "NIRISS SOSS (time series)", "NIRISS dark"


def workload(small: bool) -> Workload:
    """Return what the small or the whole validation compares."""
    ami = exposure(101, "NIS", SUB80, "NISRAPID", (6, 8), "NIS_AMI")
    sets = [one_set("NIRISS", "NIS", AXES, SUB80.frame, 12, "shuffled", [ami], "ami")]
    cases = [plain(ami, AMI, by_step=True)]
    if small:
        return Workload(sets, cases)
    full = exposure(102, "NIS", FULL, "NISRAPID", (1, 4), "NIS_IMAGE")
    averaged = exposure(103, "NIS", FULL, "NIS", (1, 3), "NIS_IMAGE", cosmic_rays=0.01)
    strip = exposure(104, "NIS", STRIP, "NISRAPID", (3, 5), "NIS_SOSS", time_series=True)
    dark = exposure(105, "NIS", SUB80, "NISRAPID", (2, 6), "NIS_DARK", dark=True)
    sets[0]["exposures"].append(dark)
    sets += [
        one_set("NIRISS", "NIS", AXES, FULL.frame, 12, "double", [full, averaged], "full"),
        one_set("NIRISS", "NIS", AXES, STRIP.frame, 6, "plain holes", [strip], "strip"),
    ]
    big = {"expand_large_events": True}
    cases += [
        plain(full, IMAGE, by_step=True),
        plain(averaged, IMAGE),
        varied(full, IMAGE, "clean_flicker_noise", {}, on=("clean_flicker_noise",), by_truth=True),
        varied(averaged, IMAGE, "charge_migration", {}, on=("charge_migration",)),
        varied(ami, AMI, "snowballs", {"jump": big}, by_truth=True),
        varied(ami, AMI, "LIKELY", {"ramp_fit": {"algorithm": "LIKELY"}}),
        plain(strip, SOSS, by_step=True),
        plain(dark, DARK, by_step=True, pipeline="dark"),
    ]
    return Workload(sets, cases)
