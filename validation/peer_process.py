"""Run the observatory's pipeline; executed by the peer's own Python.

``PEER_PYTHON validation/peer_process.py JOBS.json``: a list of jobs, each with `input`,
`output_dir`, `cache`, `pipeline` (detector1, dark or guider) and `steps` (step to parameters).
Prints one line of JSON per job: seconds, and the message of an error.
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
    from jwst.pipeline import DarkPipeline, Detector1Pipeline, GuiderPipeline

    pipelines = {
        "detector1": (Detector1Pipeline, {"save_calibrated_ramp": True}),
        "dark": (DarkPipeline, {"suffix": "dark"}),
        "guider": (GuiderPipeline, {}),
    }
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for job in work:
        os.environ["CRDS_PATH"] = job["cache"]
        pipeline, more = pipelines[job["pipeline"]]
        start, error = time.perf_counter(), ""
        try:
            pipeline.call(
                job["input"],
                output_dir=job["output_dir"],
                save_results=True,
                steps=job["steps"],
                **more,
            )
        except Exception as problem:  # noqa: BLE001 (whatever the peer cannot do is a result)
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"seconds": time.perf_counter() - start, "error": error}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
