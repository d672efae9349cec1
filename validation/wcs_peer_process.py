"""Run the observatory's assign_wcs; executed by the peer's own Python.

``PEER_PYTHON validation/wcs_peer_process.py JOBS.json RESULTS.json``: jobs by name, each with
`image` (a rate file), `ours` (the same with webbcal's coordinates), `cache`, `distortion`,
`filteroffset` (may be empty), `x` and `y`. Results: positions, keywords, and what the peer makes
of webbcal's product.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

import numpy as np

REFERENCES = (
    "specwcs regions wavelengthrange camera collimator disperser fore fpa msa ote ifupost ifufore "
    "ifuslicer chromcorr"
)


def main(jobs: Path, results: Path) -> None:
    """Run the jobs one after the other."""
    work = json.loads(jobs.read_text())
    os.environ |= {
        "CRDS_PATH": next(iter(work.values()))["cache"],
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "CRDS_READONLY_CACHE": "1",
    }
    os.environ.pop("CRDS_SERVER_URL", None)
    from jwst.assign_wcs import AssignWcsStep
    from stdatamodels.jwst import datamodels

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    found = {}
    for name, job in work.items():
        step = AssignWcsStep()
        step.override_distortion = job["distortion"]
        step.override_filteroffset = job["filteroffset"] or "N/A"
        for kind in REFERENCES.split():
            setattr(step, f"override_{kind}", "N/A")
        result = step.run(job["image"])
        x, y = np.array(job["x"]), np.array(job["y"])
        wcs = result.meta.wcs
        ra, dec = wcs(x, y, with_bounding_box=False)
        back = wcs.invert(ra, dec, with_bounding_box=False)
        with datamodels.open(job["ours"]) as ours:
            read = ours.meta.wcs(x, y, with_bounding_box=False)
        found[name] = {
            "sky": [ra.tolist(), dec.tolist()],
            "back": [values.tolist() for values in back],
            "read": [values.tolist() for values in read],
            "s_region": result.meta.wcsinfo.s_region,
            "sip_inverse_error": result.meta.wcsinfo.instance.get("sipiverr"),
        }
    results.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
