"""Write one small example of every product and let the peer's data models check it.

``python -m validation.formats_with_peer [--peer PYTHON] [--checker FOLDER] [--keep FOLDER]``.
One line per file; exit status 1 if one fails. The checker opens each file under strict
validation and saves it again; ERR of ramps is the one extension it must be told to accept.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tests.io.examples import example
from tests.io.test_ecsv import table_product

from webbcal.io.write import write_product
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.spec.products import PRODUCTS, AmiFit, AmiOi

ROOT = Path(__file__).resolve().parents[1]
META = {
    "telescope": "JWST",
    "origin": "STSCI",
    "instrument": {"name": "NIRISS", "detector": "NIS", "filter": "F380M", "pupil": "NRM"},
    "exposure": {"type": "NIS_AMI", "ngroups": 2, "nints": 3, "readpatt": "NIS"},
    "observation": {"date": "2026-01-02", "time": "03:04:05.678", "program_number": "01234"},
    "program": {"pi_name": "A. Name"},
    "target": {"proposer_name": "TARGET", "catalog_name": "TARGET", "ra": 80.0, "dec": -69.5},
    "subarray": {"name": "FULL", "xstart": 1, "ystart": 1, "xsize": 5, "ysize": 5},
    "cal_step": {"jump": "COMPLETE", "ramp_fit": "COMPLETE"},
    "ref_file": {"gain": {"name": "crds://jwst_niriss_gain_0001.fits"}},
}
TABLE_HEADER = ("instrument", "detector", "channel", "subarray", "filter", "pupil", "target_name")
KINDS = {"cat": "CAT", "phot": "PHOT", "whtlt": "WHTLT"}


def oifits_metadata() -> dict[str, object]:
    """Return what OIFITS demands of the headers of its tables."""
    table = {"revn": 2}
    data = {
        **table,
        "array_name": "NRM",
        "instrument_name": "NIRISS",
        "date_obs": "2026-01-02T03:04:05",
    }
    derived: dict[str, object] = {name: dict(data) for name in ("vis", "vis2", "t3", "q4")}
    derived["array"] = {**table, "frame": "SKY", "x": 0.0, "y": 0.0, "z": 0.0}
    derived["target"] = dict(table)
    derived["wavelength"] = {**table, "instrument_name": "NIRISS"}
    derived |= {"content": "OIFITS2", "observer": "A. Name", "object": "TARGET"}
    return {"array_name": "NRM", "instrument_mode": "NRM", "derived": derived}


def product_of(kind: type[Product], rng: np.random.Generator) -> Product:
    """Return a small example with a plain set of metadata."""
    if kind.storage == "ecsv":
        product, _ = table_product(kind)
        header = {name: "X" for name in (*TABLE_HEADER, "exp_type", "apertures")}
        return product.with_changes(
            attributes=Meta({**header, "aperture_params": {"a": 1}, "abvega_offset": 1.0}, "")
        )
    product = example(kind, rng, metadata=0)
    meta = dict(META)
    if kind is AmiOi:
        meta["oifits"] = oifits_metadata()
    if kind is AmiFit:
        meta["exposure"] = {"type": "NIS_AMI"}
    return product.with_changes(meta=Meta(meta))


def main() -> int:
    """Write, check, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, default=ROOT / ".venv-peer" / "bin" / "python")
    parser.add_argument("--checker", type=Path, default=ROOT.parent / "shared" / "peer")
    parser.add_argument("--keep", type=Path, help="write here and leave the files")
    chosen = parser.parse_args()
    script = chosen.checker / "check_with_peer.py"
    if not chosen.peer.exists() or not script.exists():
        parser.error(f"no peer: {chosen.peer}, {script}")
    rng = np.random.default_rng(20)
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        jobs = []
        for kind in PRODUCTS:
            for suffix in kind.suffixes:
                name = f"{kind.__name__.lower()}_{suffix}"
                path = folder / f"{name}.{'ecsv' if kind.storage == 'ecsv' else 'fits'}"
                write_product(product_of(kind, rng), path)
                jobs.append(f"{path}={KINDS.get(suffix) or f'{kind.model}/{suffix}'}")
        command = [chosen.peer, script, "--allow-extra", "ERR", *jobs]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
