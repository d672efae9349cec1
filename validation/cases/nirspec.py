"""Cases of NIRSpec: the traditional readout, subarrays, and IRS2, which cannot be cut."""

from validation.cases._case import Place, Workload, exposure, one_set, plain, varied

FULL = Place("FULL", (1, 1, 2048, 2048))
SLIT = Place("SUBS200A1", (1, 1041, 2048, 64))
SUB512 = Place("SUB512", (893, 1009, 512, 32))
AXES = {"NRS1": (2, 1), "NRS2": (-2, -1)}
MODE, SUBARRAY, IRS2, SERIES, DARK = (
    *("NIRSpec", "NIRSpec subarrays", "NIRSpec IRS2", "NIRSpec BOTS (time series)"),
    "NIRSpec dark",
)


def workload(small: bool) -> Workload:
    """Return what the small or the whole validation compares."""
    slit = exposure(401, "NRS1", SLIT, "NRSRAPID", (2, 6), "NRS_FIXEDSLIT")
    sets = [one_set("NIRSPEC", "NRS1", AXES["NRS1"], SLIT.frame, 8, "shuffled factor", [slit],
                    "slit")]  # fmt: skip
    cases = [plain(slit, SUBARRAY, by_step=True)]
    if small:
        return Workload(sets, cases)
    full = exposure(402, "NRS1", FULL, "NRSRAPID", (1, 4), "NRS_FIXEDSLIT")
    averaged = exposure(403, "NRS2", FULL, "NRS", (1, 3), "NRS_MSASPEC", cosmic_rays=0.01)
    rapid = exposure(404, "NRS1", FULL, "NRSIRS2RAPID", (1, 3), "NRS_FIXEDSLIT")
    other = exposure(405, "NRS2", FULL, "NRSIRS2", (1, 3), "NRS_MSASPEC", cosmic_rays=0.01)
    bright = exposure(406, "NRS1", SUB512, "NRSRAPID", (8, 5), "NRS_BRIGHTOBJ", time_series=True)
    dark = exposure(407, "NRS1", SLIT, "NRSRAPID", (1, 5), "NRS_DARK", dark=True)
    sets[0]["exposures"].append(dark)
    sets += [
        one_set("NIRSPEC", "NRS1", AXES["NRS1"], FULL.frame, 5, "double frame", [full], "full"),
        one_set("NIRSPEC", "NRS2", AXES["NRS2"], FULL.frame, 14, "plain holes", [averaged], "full"),
        one_set("NIRSPEC", "NRS1", AXES["NRS1"], FULL.frame, 5, "shuffled frame", [rapid], "irs2"),
        one_set("NIRSPEC", "NRS2", AXES["NRS2"], FULL.frame, 16, "holes", [other], "irs2"),
        one_set("NIRSPEC", "NRS1", AXES["NRS1"], SUB512.frame, 6, "plain", [bright], "bright"),
    ]
    flicker = ("clean_flicker_noise",)
    cases += [
        plain(full, MODE, by_step=True),
        plain(averaged, MODE),
        varied(full, MODE, "clean_flicker_noise, median", {}, on=flicker, by_truth=True),
        varied(full, MODE, "clean_flicker_noise, by channel",
               {"clean_flicker_noise": {"fit_by_channel": True}}, on=flicker, by_truth=True),
        varied(full, MODE, "clean_flicker_noise, fft",
               {"clean_flicker_noise": {"fit_method": "fft"}}, on=flicker, by_truth=True),
        varied(full, MODE, "picture_frame",
               {"picture_frame": {"mask_science_regions": False, "save_mask": True}},
               on=("picture_frame",), also=("pctfrm_mask",)),
        plain(rapid, IRS2, by_step=True),
        plain(other, IRS2, by_step=True),
        varied(rapid, IRS2, "means subtracted, bad reference pixels above 2 sigma",
               {"refpix": {"irs2_mean_subtraction": True, "ovr_corr_mitigation_ftr": 2.0}}),
        plain(bright, SERIES, by_step=True),
        varied(slit, SUBARRAY, "clean_flicker_noise, fft",
               {"clean_flicker_noise": {"fit_method": "fft"}}, on=flicker, by_truth=True),
        plain(dark, DARK, by_step=True, pipeline="dark"),
    ]  # fmt: skip
    return Workload(sets, cases)
