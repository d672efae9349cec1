"""Raw exposures of guide stars, written by the peer's data model."""

from pathlib import Path
from typing import Any

import numpy as np
from stdatamodels.jwst import datamodels

from validation.foreign.detector import Detector
from validation.foreign.exposure import describe
from validation.foreign.frame import Frame

GUIDING = {"FGS_ACQ1", "FGS_ACQ2", "FGS_FINEGUIDE", "FGS_ID-IMAGE", "FGS_ID-STACK", "FGS_TRACK"}


def write_guider(detector: Detector, spec: dict[str, Any], path: Path) -> None:
    """Write the exposure of a guide star: bias, a star that shines steadily, noise."""
    rng = np.random.default_rng(spec["seed"])
    frame = Frame(*spec["frame"], spec["instrument"])
    index = frame.within(detector.frame)
    nframes, gap = frame.of.patterns[spec["readpatt"]]
    time = frame.frame_time() * (nframes + gap)
    y, x = np.mgrid[: frame.ny, : frame.nx]
    star = 3e5 * np.exp(-((y - frame.ny / 2) ** 2 + (x - frame.nx / 2) ** 2) / 2 / 1.5**2)
    rate = (star + 50) * detector.response[index]
    nints, ngroups = spec["nints"], spec["ngroups"]
    data = np.zeros((nints, ngroups, *frame.shape), np.float32)
    for integration in range(nints):
        charge = np.zeros(frame.shape)
        for group in range(ngroups):
            charge += rng.poisson(rate * time)
            read = detector.raw(charge / detector.gain[index], index)
            noise = rng.standard_normal(frame.shape) * detector.read_noise[index]
            data[integration, group] = np.floor(read + noise / detector.gain[index])
    model = datamodels.GuiderRawModel(data)
    model.err = np.zeros(data.shape, np.float32)
    model.dq = np.zeros(frame.shape, np.uint32)
    times = {
        "readpatt": spec["readpatt"],
        "nints": nints,
        "ngroups": ngroups,
        "nframes": nframes,
        "groupgap": gap,
        "frame_time": frame.frame_time(),
        "group_time": time,
        "integration_time": time * ngroups,
        "exposure_time": time * ngroups * nints,
        "duration": time * ngroups * nints,
        "integration_start": 1,
        "integration_end": nints,
    }
    describe(model, frame, spec, path.name, times)
    _tabulate(model, rng)
    model.save(str(path))
    model.close()


def _tabulate(model: Any, rng: np.random.Generator) -> None:
    """Fill the tables that go with a guide star, two rows each."""
    for name in ("planned_star_table", "flight_star_table", "pointing_table", "centroid_table",
                 "track_sub_table"):  # fmt: skip
        rows = np.zeros(2, model.get_dtype(name))
        for column in rows.dtype.names:
            if rows.dtype[column].kind == "f":
                rows[column] = rng.uniform(1, 2, 2)
            elif rows.dtype[column].kind == "i":
                rows[column] = (1, 2)
            else:
                rows[column] = "no"
        setattr(model, name, rows)
