"""Cases of the fine guidance sensor: images and guide stars."""

from validation.cases._case import Place, Workload, exposure, one_set, plain, varied

FULL = Place("FULL", (1, 1, 2048, 2048))
CENTRE = Place("SUB128CNTR", (961, 961, 128, 128))
CORNER = Place("SUB128LL", (1, 1, 128, 128))
AXES = {"GUIDER1": (-2, -1), "GUIDER2": (2, -1)}
IMAGE, GUIDE, DARK = "FGS", "FGS guide stars", "FGS dark"


def workload(small: bool) -> Workload:
    """Return what the small or the whole validation compares."""
    corner = exposure(201, "GUIDER2", CORNER, "FGSRAPID", (2, 6), "FGS_IMAGE")
    guides = [
        exposure(210, "GUIDER1", Place("128X128", (1018, 841, 128, 128)), "ACQ1", (6, 2),
                 "FGS_ACQ1"),
        exposure(211, "GUIDER1", Place("8X8", (1226, 209, 8, 8)), "FINEGUIDE", (30, 8),
                 "FGS_FINEGUIDE"),
        exposure(212, "GUIDER1", Place("32X32", (1200, 200, 32, 32)), "ACQ2", (5, 2), "FGS_ACQ2"),
        exposure(213, "GUIDER1", Place("32X32", (1210, 230, 32, 32)), "TRACK", (20, 2),
                 "FGS_TRACK"),
        exposure(214, "GUIDER1", Place("2048X64", (13, 1, 2024, 2048)), "ID", (2, 2),
                 "FGS_ID-IMAGE"),
        exposure(215, "GUIDER1", Place("32X32", (1190, 240, 32, 32)), "ID", (2, 2),
                 "FGS_ID-STACK"),
    ]  # fmt: skip
    few = guides[:2] if small else guides
    sets = [
        one_set("FGS", "GUIDER2", AXES["GUIDER2"], CORNER.frame, 10, "shuffled", [corner],
                "corner"),
        one_set("FGS", "GUIDER1", AXES["GUIDER1"], FULL.frame, 4, "flat holes", few, "guide"),
    ]  # fmt: skip
    cases = [plain(corner, IMAGE, by_step=True)]
    cases += [plain(one, f"{GUIDE}", pipeline="guider", by_step=True) for one in few]
    if small:
        return Workload(sets, cases)
    full = exposure(202, "GUIDER2", FULL, "FGSRAPID", (1, 3), "FGS_IMAGE")
    averaged = exposure(203, "GUIDER2", FULL, "FGS", (1, 3), "FGS_IMAGE")
    centre = exposure(204, "GUIDER2", CENTRE, "FGS60", (2, 4), "FGS_IMAGE")
    dark = exposure(205, "GUIDER2", CORNER, "FGSRAPID", (1, 5), "FGS_DARK", dark=True)
    sets[0]["exposures"].append(dark)
    sets += [
        one_set("FGS", "GUIDER2", AXES["GUIDER2"], FULL.frame, 12, "double", [full, averaged],
                "full"),
        one_set("FGS", "GUIDER2", AXES["GUIDER2"], CENTRE.frame, 40, "plain holes", [centre],
                "centre"),
    ]  # fmt: skip
    cases += [
        plain(full, IMAGE, by_step=True),
        plain(averaged, IMAGE),
        plain(centre, IMAGE, by_step=True),
        varied(corner, IMAGE, "snowballs", {"jump": {"expand_large_events": True}}, by_truth=True),
        plain(dark, DARK, by_step=True, pipeline="dark"),
    ]
    return Workload(sets, cases)
