"""Run the observatory's stage 1 on one exposure: executed by the Python that has it installed."""

import sys

from jwst.pipeline import Detector1Pipeline

exposure, folder = sys.argv[1:]
Detector1Pipeline.call(exposure, output_dir=folder, save_results=True)
