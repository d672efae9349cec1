"""Run the observatory's stage 1 on one exposure: executed by the Python that has it installed.

``peer_detector1.py EXPOSURE FOLDER [OPTIONS]``; the options are JSON, step to name to value.
"""

import json
import sys

from jwst.pipeline import Detector1Pipeline

exposure, folder, *options = sys.argv[1:]
steps = json.loads(options[0]) if options else {}
Detector1Pipeline.call(exposure, output_dir=folder, save_results=True, steps=steps)
