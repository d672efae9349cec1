"""Write the exposures and references of a specification (JSON) into a folder."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np

from validation.foreign.cache import prepare, write_mappings
from validation.foreign.detector import Detector
from validation.foreign.exposure import write_uncal
from validation.foreign.frame import Frame
from validation.foreign.guider import GUIDING, write_guider
from validation.foreign.readout import expose
from validation.foreign.references import cut_dark, write_references


def main(specification: Path, folder: Path) -> None:
    """Write an offline reference cache, raw exposures and their truth.

    The specification has ``sets``, one per detector, each with ``exposures``.
    """
    spec = json.loads(specification.read_text())
    references = prepare(folder / "crds_cache")
    for one in spec["sets"]:
        _make_set(one, references, folder)
    write_mappings(folder / "crds_cache", spec["sets"])


def _make_set(one: dict[str, Any], references: Path, folder: Path) -> None:
    """Write the references and the exposures of a set, and note the files in it."""
    frame = Frame(*one["frame"], one["instrument"])
    first = one["exposures"][0]
    first_frame = Frame(*first["frame"], one["instrument"])
    one["frame_time"] = first_frame.frame_time(first["subarray"], first["readpatt"])
    one["irs2"] = "IRS2" in first["readpatt"]
    detector = Detector(frame, one["seed"])
    stem = f"foreign_{one['instrument']}_{one['detector']}".lower()
    if one["name"]:
        stem += f"_{one['name']}"
    one["files"] = write_references(detector, one, references, stem)
    if frame.full and not first_frame.full:
        cut_dark(one["files"]["dark"], frame, first_frame)
    for wanted in one["exposures"]:
        for key in ("instrument", "detector", "fastaxis", "slowaxis"):
            wanted[key] = one[key]
        wanted["pointed"] = "sky" in one["traits"]
        name = wanted["name"]
        if wanted["exp_type"] in GUIDING:
            write_guider(detector, wanted, folder / f"{name}_uncal.fits")
            continue
        exposure = expose(detector, Frame(*wanted["frame"], one["instrument"]), wanted)
        write_uncal(exposure, wanted, folder / f"{name}_uncal.fits")
        index = exposure.frame.within(frame)
        np.savez(
            folder / f"{name}_truth.npz",
            rate=exposure.rate,
            gain=detector.gain[index],
            noise=detector.read_noise[index],
            hits=exposure.hits,
        )
        print(name, exposure.sci.shape, flush=True)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
