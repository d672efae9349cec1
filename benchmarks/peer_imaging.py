"""Run the observatory's imaging stages: executed by the Python that has them installed.

``peer_imaging.py image2|image3 ASSOCIATION FOLDER [OPTIONS]``; the options are JSON, step to name
to value.
"""

import json
import os
import sys
from pathlib import Path

from jwst.pipeline import Image2Pipeline, Image3Pipeline

pipeline, table, folder, *options = sys.argv[1:]
steps = json.loads(options[0]) if options else {}
os.chdir(Path(table).parent)  # where it looks for the members
kind = {"image2": Image2Pipeline, "image3": Image3Pipeline}[pipeline]
kind.call(table, output_dir=folder, save_results=True, steps=steps)
