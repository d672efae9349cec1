"""Metadata of a simulated exposure, as operations write them."""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from webbcal.sim.instruments import Subarray
from webbcal.sim.readout import EPOCH_OF_GROUP_TABLE_MJD, Readout
from webbcal.sim.scene import POINTING, sky_coordinates
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.meta import Meta, keywords
from webbcal.spec.products.tables import GROUP_COLUMNS, INT_TIMES_COLUMNS

PROGRAMME_START_MJD = 59880.5  # 2022-10-28T12:00
SECONDS_PER_DAY = 86400.0
LIGHT_AU_S = 499.004784
SLEW_S = 30.0
MODEL = "Level1bModel"
GUIDE_STAR = "SIMULATED1"
GUIDER_ZERO_POINT_MAG = 28.0


@functools.cache
def _paths() -> dict[str, str]:
    """Return the metadata path of each keyword of a raw exposure."""
    return {
        entry.keyword: entry.path
        for entry in reversed(keywords())
        if entry.keyword
        and entry.path.startswith("meta.")
        and "[]" not in entry.path
        and not entry.path.startswith("meta.guidestar.fgs_")
        and entry.extension in {"PRIMARY", "SCI"}
        and (not entry.models or MODEL in entry.models)
    }


def meta_of(values: Mapping[str, Any]) -> Meta:
    """Build the metadata tree from FITS keywords and their values."""
    return Meta().replace(paths_of(values))


def paths_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of FITS keywords by their metadata paths below ``meta``."""
    paths = _paths()
    return {paths[name].removeprefix("meta."): value for name, value in values.items()}


def root_name(options: ImageSimulation, exposure: int, segment: int = 0) -> str:
    """Return the file name of an exposure and segment (from 0) without its suffix."""
    if options.is_guiding:
        return _guider_name(options, exposure)
    part = f"-seg{segment + 1:03d}" if options.segments > 1 else ""
    detector = options.detector.lower()
    visit, number = options.visit_of(exposure)
    return f"jw{options.program:05d}001{visit:03d}_02101_{number + 1:05d}{part}_{detector}"


def _guider_name(options: ImageSimulation, exposure: int) -> str:
    """Return the name of a guider's file: by the time, or by the number of the attempt."""
    visit = f"jw{options.program:05d}001001"
    function = options.exptype.removeprefix("FGS_")
    if function.startswith("ID-"):
        image = {"ID-IMAGE": "image", "ID-STACK": "stacked"}[function]
        return f"{visit}_gs-id_{exposure + 1}_{image}"
    readout = Readout.of(
        options.chip, options.window, options.read_pattern, options.ngroups, options.nints
    )
    moment = utc(exposure_start_mjd(readout, exposure)).strftime("%Y%j%H%M%S")
    word = {"FINEGUIDE": "fg"}.get(function, function.lower())
    return f"{visit}_gs-{word}_{moment}"


def segment_values(
    options: ImageSimulation, exposure: int, segment: int, integrations: range
) -> dict[str, Any]:
    """Return the metadata paths, below ``meta``, in which the segments of an exposure differ."""
    if options.segments == 1:
        return {}
    return {
        "filename": f"{root_name(options, exposure, segment)}_uncal.fits",
        "exposure.segment_number": segment + 1,
        "exposure.segment_total": options.segments,
        "exposure.integration_start": integrations.start + 1,
        "exposure.integration_end": integrations.stop,
    }


def exposure_start_mjd(readout: Readout, exposure: int) -> float:
    """Return the start of an exposure: the reset before its first integration."""
    each = _exposure_clock_s(readout) + SLEW_S
    return PROGRAMME_START_MJD + exposure * each / SECONDS_PER_DAY


def _exposure_clock_s(readout: Readout) -> float:
    """Return the time of all frames of an exposure, one reset frame before each integration."""
    frame = readout.frame_time_s
    return readout.integrations * (readout.integration_time_s + frame)


def barycentric_delay_s(mjd: float) -> float:
    """Return the light-travel time from the telescope to the barycentre along the pointing.

    Circular orbit in the plane of the ecliptic, good to about 10 s: enough to tell the times
    apart, not for timing.
    """
    longitude = np.deg2rad(280.46 + 0.9856474 * (mjd - 51544.5) + 180.0)
    obliquity = np.deg2rad(23.439)
    earth = 1.01 * np.array(
        [
            np.cos(longitude),
            np.sin(longitude) * np.cos(obliquity),
            np.sin(longitude) * np.sin(obliquity),
        ]
    )
    ra, dec = np.deg2rad(POINTING)
    target = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    return float(LIGHT_AU_S * earth @ target)


def utc(mjd: float) -> datetime:
    """Return a modified Julian date as a date and time."""
    return datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=mjd)


def iso(mjd: float, digits: int = 3) -> str:
    """Return a modified Julian date as ISO 8601 text."""
    moment = utc(mjd) + timedelta(microseconds=0.5 * 10 ** (6 - digits))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[: len(text) - 6 + digits]


def exposure_meta(
    options: ImageSimulation, readout: Readout, exposure: int, offset: tuple[float, float]
) -> Meta:
    """Return the metadata of an exposure (numbered from 0) dithered by `offset` pixels."""
    start = exposure_start_mjd(readout, exposure)
    values = {
        **_file_keywords(options, readout, exposure, start),
        **_programme_keywords(options, exposure, start),
        **_exposure_keywords(options, readout, start),
        **_subarray_keywords(readout.window, readout),
        **_dither_keywords(options, readout, exposure, offset),
        **_pointing_keywords(readout, offset),
    }
    if options.is_guiding:
        values |= _guide_star_keywords(options, readout, start)
    return meta_of(values)


def _guide_star_keywords(
    options: ImageSimulation, readout: Readout, start: float
) -> dict[str, Any]:
    end = start + _exposure_clock_s(readout) / SECONDS_PER_DAY
    ra, dec = POINTING
    return {
        "GS_ORDER": 1,
        "GSSTRTTM": iso(PROGRAMME_START_MJD).replace("T", " "),
        "GSENDTIM": iso(end).replace("T", " "),
        "GDSTARID": GUIDE_STAR,
        "GS_RA": ra,
        "GS_DEC": dec,
        "GS_URA": 1e-4,
        "GS_UDEC": 1e-4,
        "GS_MAG": guide_star_magnitude(options.brightest_star),
        "GS_UMAG": 0.03,
        "GS_V3_PA": 0.0,
        "PCS_MODE": "TRACK" if options.exptype == "FGS_TRACK" else "FINEGUIDE",
        "GF_START": iso(start).replace("T", " "),
        "GF_END": iso(end).replace("T", " "),
        "DATASTRT": start,
        "DATAEND": end,
        "GSACSTAT": "SUCCESSFUL",
    }


def guide_star_magnitude(rate: float) -> float:
    """Return the magnitude of a guide star of so many electrons per second, roughly."""
    return round(GUIDER_ZERO_POINT_MAG - 2.5 * float(np.log10(max(rate, 1.0))), 3)


def _file_keywords(
    options: ImageSimulation, readout: Readout, exposure: int, start: float
) -> dict[str, Any]:
    end = start + _exposure_clock_s(readout) / SECONDS_PER_DAY
    return {
        # The date of the simulated exposure, not of the run: same seed, same bytes.
        "DATE": iso(end + 0.1),
        "ORIGIN": "SIMULATION",
        "TIMESYS": "UTC",
        "TIMEUNIT": "s",
        "FILENAME": f"{root_name(options, exposure)}_uncal.fits",
        "SDP_VER": "simulated",
        "PRD_VER": "PRDOPSSOC-058",
        "DATAMODL": MODEL,
        "TELESCOP": "JWST",
        "HGA_MOVE": False,
        "COMPRESS": False,
        "DATE-OBS": iso(start)[:10],
        "TIME-OBS": iso(start)[11:],
        "DATE-BEG": iso(start),
        "DATE-END": iso(end),
    }


def _programme_keywords(options: ImageSimulation, exposure: int, start: float) -> dict[str, Any]:
    program = f"{options.program:05d}"
    visit, number = options.visit_of(exposure)
    ra, dec = POINTING
    return {
        "TITLE": "Simulated programme",
        "PI_NAME": "webbcal",
        "CATEGORY": "CAL",
        "SUBCAT": options.instrument.name,
        "OBS_ID": f"V{program}001{visit:03d}P0000000002101",
        "VISIT_ID": f"{program}001{visit:03d}",
        "PROGRAM": program,
        "OBSERVTN": "001",
        "VISIT": f"{visit:03d}",
        "VISITGRP": "02",
        "SEQ_ID": "1",
        "ACT_ID": "01",
        "EXPOSURE": str(number + 1),
        "BKGDTARG": False,
        "TEMPLATE": options.instrument.template,
        "OBSLABEL": "Simulated field",
        "ENG_QUAL": "OK",
        "VISITYPE": "PRIME_TARGETED_FIXED",
        "VSTSTART": iso(PROGRAMME_START_MJD - 0.02).replace("T", " "),
        "VISITSTA": "SUCCESSFUL",
        "NEXPOSUR": options.exposures,
        "INTARGET": False,
        "TARGOOPP": False,
        "TSOVISIT": options.is_time_series,
        "CROWDFLD": False,
        "TARGPROP": "SIMULATED-FIELD",
        "TARGNAME": "Simulated field",
        "TARGTYPE": "FIXED",
        "TARG_RA": ra,
        "TARG_DEC": dec,
        "TARGURA": 0.0,
        "TARGUDEC": 0.0,
        "MU_RA": 0.0,
        "MU_DEC": 0.0,
        "MU_EPOCH": "2000-01-01 00:00:00.0000000",
        "PROP_RA": ra,
        "PROP_DEC": dec,
        "INSTRUME": options.instrument.name,
        "DETECTOR": options.detector,
        **options.instrument.keywords(options.chip, options.filter_name),
        "EXPCOUNT": exposure + 1,
        "EXPRIPAR": "PRIME",
        "EXP_TYPE": options.exptype,
    }


def _exposure_keywords(options: ImageSimulation, readout: Readout, start: float) -> dict[str, Any]:
    clock = _exposure_clock_s(readout)
    middle = start + 0.5 * clock / SECONDS_PER_DAY
    end = start + clock / SECONDS_PER_DAY
    effective = readout.integrations * readout.integration_time_s
    delay = barycentric_delay_s(middle)
    shift = delay / SECONDS_PER_DAY
    return {
        "EXPSTART": start,
        "EXPMID": middle,
        "EXPEND": end,
        "READPATT": options.read_pattern,
        "NOUTPUTS": readout.outputs,
        "NINTS": readout.integrations,
        "NGROUPS": readout.groups,
        "NFRAMES": readout.pattern.frames_averaged,
        "FRMDIVSR": readout.frames_averaged,
        "GROUPGAP": readout.frames_dropped,
        "DRPFRMS1": readout.first_frame(0),
        "DRPFRMS3": 0,
        "NSAMPLES": readout.pattern.samples,
        "TSAMPLE": readout.instrument.clock_s * 1e6,
        "TFRAME": round(readout.frame_time_s, 5),
        "TGROUP": round(readout.group_time_s, 5),
        "EFFINTTM": round(readout.integration_time_s, 5),
        "EFFEXPTM": round(effective, 3),
        "DURATION": round(clock - readout.frame_time_s, 3),
        "NRSTSTRT": 1,
        "NRESETS": 1,
        "ZEROFRAM": options.zero_frame,
        **_reference_reads(readout),
        "DATAPROB": False,
        "SCA_NUM": readout.detector.number,
        "DATAMODE": 0,
        "SCTARATE": 0.0,
        "IS_PSF": False,
        "SELFREF": False,
        "MJD-BEG": start,
        "MJD-AVG": middle,
        "MJD-END": end,
        "TDB-BEG": start + shift,
        "TDB-MID": middle + shift,
        "TDB-END": end + shift,
        "XPOSURE": round(effective, 3),
        "TELAPSE": round(clock, 3),
        "BARTDELT": delay,
        "BSTRTIME": start + shift,
        "BENDTIME": end + shift,
        "BMIDTIME": middle + shift,
        "HELIDELT": delay,
        "HSTRTIME": start + shift,
        "HENDTIME": end + shift,
        "HMIDTIME": middle + shift,
    }


def _reference_reads(readout: Readout) -> dict[str, Any]:
    reads = readout.pattern.reference_reads
    return {} if reads is None else {"NRS_NORM": reads[0], "NRS_REF": reads[1]}


def _subarray_keywords(window: Subarray, readout: Readout) -> dict[str, Any]:
    return {
        "SUBARRAY": window.name,
        "SUBSTRT1": window.x_start,
        "SUBSTRT2": window.y_start,
        "SUBSIZE1": window.columns,
        "SUBSIZE2": window.rows,
        "FASTAXIS": readout.detector.fast_axis,
        "SLOWAXIS": readout.detector.slow_axis,
        "BUNIT": "DN",
    }


def _dither_keywords(
    options: ImageSimulation, readout: Readout, exposure: int, offset: tuple[float, float]
) -> dict[str, Any]:
    detector, window = readout.detector, readout.window
    aperture = readout.instrument.aperture(detector, window)
    return {
        "PATTTYPE": "NONE" if options.exposures == 1 else "INTRAMODULEX",
        "PRIDTYPE": "NONE" if options.exposures == 1 else "INTRAMODULEX",
        "PRIDTPTS": options.exposures,
        "PATT_NUM": exposure + 1,
        "NUMDTHPT": options.exposures,
        "SUBPXPTS": 1,
        "XOFFSET": offset[0] * detector.pixel_scale,
        "YOFFSET": offset[1] * detector.pixel_scale,
        "APERNAME": aperture,
        "PPS_APER": aperture,
    }


def _pointing_keywords(readout: Readout, offset: tuple[float, float]) -> dict[str, Any]:
    detector, window = readout.detector, readout.window
    middle = (window.columns - 1) / 2, (window.rows - 1) / 2
    # A star at x appears at x + offset: the reference pixel sees what lies at x - offset.
    ra, dec = sky_coordinates(
        np.array(middle[0] - offset[0]), np.array(middle[1] - offset[1]), window, detector
    )
    scale = detector.pixel_scale / 3600
    return {
        "RADESYS": "ICRS",
        "WCSAXES": 2,
        "CRPIX1": middle[0] + 1,
        "CRPIX2": middle[1] + 1,
        "CRVAL1": float(ra),
        "CRVAL2": float(dec),
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CDELT1": scale,
        "CDELT2": scale,
        "PC1_1": -1.0,
        "PC1_2": 0.0,
        "PC2_1": 0.0,
        "PC2_2": 1.0,
        "V2_REF": detector.v2,
        "V3_REF": detector.v3,
        "VPARITY": -1,
        "V3I_YANG": 0.0,
        "RA_REF": float(ra),
        "DEC_REF": float(dec),
        "ROLL_REF": 0.0,
        "RA_V1": float(ra),
        "DEC_V1": float(dec),
        "PA_V3": 0.0,
        "PA_APER": 0.0,
        "VELOSYS": 0.0,
        "VA_SCALE": 1.0,
    }


def integration_times(readout: Readout, exposure: int) -> np.ndarray:
    """Return the table of start, middle and end of each integration."""
    start = exposure_start_mjd(readout, exposure)
    cycle = readout.integration_time_s + readout.frame_time_s
    table = np.zeros(readout.integrations, [(c.name, c.dtype) for c in INT_TIMES_COLUMNS])
    number = np.arange(readout.integrations)
    begin = start + (number * cycle + readout.frame_time_s) / SECONDS_PER_DAY
    table["integration_number"] = number + 1
    shift = barycentric_delay_s(start) / SECONDS_PER_DAY
    for name, part in (("start", 0.0), ("mid", 0.5), ("end", 1.0)):
        moment = begin + part * readout.integration_time_s / SECONDS_PER_DAY
        table[f"int_{name}_MJD_UTC"] = moment
        table[f"int_{name}_BJD_TDB"] = moment + shift
    return table


def group_times(readout: Readout, exposure: int) -> np.ndarray:
    """Return the table of the end of each group."""
    start = exposure_start_mjd(readout, exposure)
    shift = barycentric_delay_s(start) / SECONDS_PER_DAY
    cycle = readout.integration_time_s + readout.frame_time_s
    count = readout.integrations * readout.groups
    table = np.zeros(count, [(c.name, c.dtype) for c in GROUP_COLUMNS])
    integration, group = np.divmod(np.arange(count), readout.groups)
    first = np.array([readout.first_frame(number) for number in range(readout.groups)])
    frames = first[group] + readout.frames_averaged
    seconds = integration * cycle + (frames + 1) * readout.frame_time_s
    end = start + seconds / SECONDS_PER_DAY
    table["integration_number"] = integration + 1
    table["group_number"] = group + 1
    since = end - EPOCH_OF_GROUP_TABLE_MJD
    microseconds = np.rint((since % 1) * SECONDS_PER_DAY * 1e6).astype(np.int64)
    table["end_day"] = since.astype(np.int64)
    table["end_milliseconds"], table["end_submilliseconds"] = np.divmod(microseconds, 1000)
    table["group_end_time"] = [iso(moment, 6).encode() for moment in end]
    table["number_of_columns"] = readout.shape[1]
    table["number_of_rows"] = readout.shape[0]
    table["completion_code_text"] = b"COMPLETE"
    table["bary_end_time"] = end + shift
    table["helio_end_time"] = end + shift
    return table
