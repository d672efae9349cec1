"""Run the observatory's imaging pipelines; executed by the peer's own Python.

``PEER_PYTHON validation/imaging_peer_process.py JOBS.json``: a list of jobs, each with `pipeline`
(image2 or image3), `input`, `output_dir`, `cache` and `steps` (step to parameters). Prints one line
of JSON per job: seconds, and the message of an error.
"""

import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path


def main(jobs: Path) -> None:
    """Run the jobs one after the other."""
    work = json.loads(jobs.read_text())
    os.environ |= {
        "CRDS_PATH": work[0]["cache"],
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "CRDS_READONLY_CACHE": "1",
    }
    os.environ.pop("CRDS_SERVER_URL", None)
    from jwst.pipeline import Image2Pipeline, Image3Pipeline

    pipelines = {"image2": Image2Pipeline, "image3": Image3Pipeline}
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for job in work:
        os.environ["CRDS_PATH"] = job["cache"]
        Path(job["output_dir"]).mkdir(parents=True, exist_ok=True)
        os.chdir(Path(job["input"]).parent)  # where it looks for the members
        start, error = time.perf_counter(), ""
        try:
            pipelines[job["pipeline"]].call(
                job["input"], output_dir=job["output_dir"], save_results=True, steps=job["steps"]
            )
        except Exception as problem:  # noqa: BLE001 (whatever the peer cannot do is a result)
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"seconds": time.perf_counter() - start, "error": error}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
