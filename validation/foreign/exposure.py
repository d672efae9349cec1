"""Raw exposures, written by the peer's data model and then made unlike its files."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from stdatamodels.jwst import datamodels

from validation.foreign.frame import Frame
from validation.foreign.readout import Exposure
from validation.foreign.references import reverse_keywords
from validation.foreign.sky import point

START_MJD = 59713.76077
DATE, TIME = "2022-05-14", "18:15:30.545"


def write_uncal(exposure: Exposure, spec: dict[str, Any], path: Path) -> None:
    """Write an exposure; traits of `spec`: plain (no ASDF), disorder (SCI not first)."""
    model = datamodels.Level1bModel(exposure.sci)
    if exposure.zeroframe is not None:
        model.zeroframe = exposure.zeroframe
    if spec["instrument"] == "MIRI" and exposure.frame.full:
        nints, ngroups, ny, nx = exposure.sci.shape
        model.refout = np.full((nints, ngroups, ny, nx // 4), 8200, np.uint16)
    describe(model, exposure.frame, spec, path.name, exposure.times)
    _tabulate(model, exposure)
    model.add_history_entry("raw data of a sky that does not exist")
    model.save(str(path))
    model.close()
    traits = set(spec.get("traits", ()))
    with fits.open(path) as hdus:
        kept = [hdu for hdu in hdus if not (hdu.name == "ASDF" and "plain" in traits)]
        out = fits.HDUList([hdu.copy() for hdu in kept])
        reverse_keywords(out[0].header)
        out[0].header["MYNOTE"] = ("extra", "a keyword that no model knows")
        out[0].header["HIERARCH observer remark"] = "seen through a cloud"
        out[0].header.add_comment("A comment in the middle of nothing.")
        if "plain" in traits:
            del out[0].header["DATAMODL"]
        notes = fits.BinTableHDU.from_columns(
            [fits.Column("WHAT", "8A", array=np.array(["one", "two"]))], name="NOTES"
        )
        out.insert(1 if "disorder" in traits else len(out), notes)
        out.append(fits.ImageHDU(np.arange(6, dtype=np.float32).reshape(2, 3), name="QUICKLOOK"))
        out.writeto(path, overwrite=True)


def describe(
    model: Any, frame: Frame, spec: dict[str, Any], name: str, times: dict[str, Any]
) -> None:
    """Fill the keywords of a raw exposure."""
    meta = model.meta
    meta.filename, meta.origin, meta.telescope = name, "STSCI", "JWST"
    meta.date = "2022-11-16T20:28:48.624"
    _describe_instrument(meta.instrument, spec)
    meta.observation.date, meta.observation.time = DATE, TIME
    number = re.fullmatch(r"jw(\d{5})(\d{3})(\d{3})_(\d{2})(\d)(\d{2})_(\d{5})[_-].*", name)
    assert number is not None, name
    program, observation, visit, group, sequence, activity, count = number.groups()
    meta.observation.program_number, meta.observation.observation_number = program, observation
    meta.observation.visit_number, meta.observation.visit_group = visit, group
    meta.observation.sequence_id, meta.observation.activity_id = sequence, activity
    meta.observation.exposure_number = str(int(count))
    meta.observation.visit_id = program + observation + visit
    meta.observation.obs_id = f"V{program}{observation}{visit}P0000000{group}{sequence}{activity}"
    meta.target.catalog_name, meta.target.ra, meta.target.dec = "NOWHERE", 245.98, 28.38
    meta.exposure.type, meta.exposure.start_time = spec["exp_type"], START_MJD
    for key, value in times.items():
        setattr(meta.exposure, key, value)
    days = meta.exposure.duration / 86400
    meta.exposure.mid_time, meta.exposure.end_time = START_MJD + days / 2, START_MJD + days
    meta.visit.tsovisit = bool(spec.get("time_series"))
    meta.subarray.name = spec["subarray"]
    meta.subarray.xstart, meta.subarray.ystart = frame.x, frame.y
    meta.subarray.xsize, meta.subarray.ysize = frame.nx, frame.ny
    meta.subarray.fastaxis, meta.subarray.slowaxis = spec["fastaxis"], spec["slowaxis"]
    if spec.get("pointed"):
        point(meta, (frame.nx + 1) / 2, (frame.ny + 1) / 2)


def _describe_instrument(instrument: Any, spec: dict[str, Any]) -> None:
    detector = spec["detector"]
    instrument.name, instrument.detector = spec["instrument"], detector
    if spec["instrument"] == "NIRCAM":
        instrument.channel = "LONG" if "LONG" in detector else "SHORT"
        instrument.module = detector[3]
        instrument.filter = "F356W" if "LONG" in detector else "F200W"
        instrument.pupil = "CLEAR"
    elif spec["instrument"] == "MIRI":
        if detector == "MIRIMAGE":
            instrument.filter = "P750L" if "LRS" in spec["exp_type"] else "F770W"
        else:
            instrument.channel, instrument.band = "12", "SHORT"
    elif spec["instrument"] == "NIRSPEC":
        instrument.filter, instrument.grating = "F290LP", "G395H"
    elif spec["instrument"] == "NIRISS":
        instrument.filter, instrument.pupil = "CLEAR", "F150W"
        if spec["exp_type"] == "NIS_SOSS":
            instrument.pupil = "GR700XD"


def _tabulate(model: Any, exposure: Exposure) -> None:
    nints, ngroups = exposure.sci.shape[:2]
    step = exposure.times["group_time"] / 86400
    groups = np.zeros(nints * ngroups, model.get_dtype("group"))
    for row, (integration, group) in enumerate(np.ndindex(nints, ngroups)):
        groups[row]["integration_number"] = integration + 1
        groups[row]["group_number"] = group + 1
        groups[row]["group_end_time"] = "2022-05-14T18:15:31"
    times = np.zeros(nints, model.get_dtype("int_times"))
    first = exposure.times["integration_start"]
    for integration in range(nints):
        start = START_MJD + (integration + first - 1) * ngroups * step
        instants = (start, start + ngroups * step / 2, start + ngroups * step)
        times[integration] = (integration + first, *instants, *instants)
    model.group, model.int_times = groups, times
