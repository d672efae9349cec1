"""Write the exposures and references of a specification (JSON) into a folder."""

import json
import logging
import sys
from pathlib import Path

import numpy as np

from validation.foreign.cache import prepare, write_mappings
from validation.foreign.detector import Detector, Frame, expose
from validation.foreign.exposure import write_uncal
from validation.foreign.references import cut_dark, write_references


def main(specification: Path, folder: Path) -> None:
    """Write an offline reference cache, raw exposures and their truth.

    The specification has ``sets``, one per detector, each with ``exposures``.
    """
    spec = json.loads(specification.read_text())
    references = prepare(folder / "crds_cache")
    files = {}
    for one in spec["sets"]:
        frame = Frame(*one["frame"])
        one.setdefault("frame_time", Frame(*one["exposures"][0]["frame"]).frame_time)
        detector = Detector(frame, one["seed"])
        stem = f"foreign_nircam_{one['detector'].lower()}"
        by_type = write_references(detector, one, references, stem)
        files[one["detector"]] = by_type
        cut = Frame(*one["exposures"][0]["frame"])
        if frame.full and not cut.full:
            cut_dark(by_type["dark"], frame, cut)
        for wanted in one["exposures"]:
            wanted |= {"detector": one["detector"], "fastaxis": one["fastaxis"]}
            exposure = expose(detector, Frame(*wanted["frame"]), wanted)
            name = wanted["name"]
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
    write_mappings(folder / "crds_cache", files)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
