"""Compare the world coordinates of imagers with the peer's.

``python -m validation.wcs_with_peer --peer PYTHON [--references FOLDER]``: one line per image and
criterion; exit status 1 if one does not hold. Distortions are made here; with a folder that holds
genuine reference files (``*distortion*.asdf``, and ``*filteroffset_full*.asdf`` beside them), these
are compared too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asdf
import numpy as np
from tests.geometry.distortions import distortion

from validation.criteria import Criterion
from webbcal.io.write import write_product
from webbcal.refs.load import load_reference
from webbcal.sim import ImageSimulation
from webbcal.sim.crds_cache import write_cache
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.spec.references import Distortion, FilterOffset
from webbcal.steps.assign_wcs import AssignWcsOptions, assign_wcs

PIXEL = 1e-6  # largest difference of positions
POINTS = 400
TYPES = {"MIRI": "MIR_IMAGE", "NIRCAM": "NRC_IMAGE", "NIRISS": "NIS_IMAGE"}
FRAMES = {"MIRI": (1024, 1032)}


@dataclass(frozen=True)
class Image:
    """One image to compare."""

    name: str
    distortion: Path
    filteroffset: Path | None
    meta: dict[str, Any]
    shape: tuple[int, int]


def meta_of(
    path: Path, chosen: dict[str, str], corner: tuple[int, int], shape: tuple[int, int]
) -> dict[str, Any]:
    """Return the metadata of an image that a distortion file serves."""
    with asdf.open(path) as file:
        own = file["meta"]["instrument"]
        model = file["model"]
        reference = [float(v) for v in model(shape[1] / 2 + corner[1], shape[0] / 2 + corner[0])]
    instrument = {"name": own["name"], "detector": own["detector"], "filter": "F770W"} | chosen
    for name in ("channel", "module"):
        if name in own and own["name"] == "NIRCAM":
            instrument[name] = own[name]
    return {
        "telescope": "JWST",
        "instrument": instrument,
        "exposure": {"type": TYPES[own["name"]]},
        "observation": {"date": "2026-01-02", "time": "03:04:05.678"},
        "subarray": {
            "xstart": corner[1] + 1,
            "ystart": corner[0] + 1,
            "xsize": shape[1],
            "ysize": shape[0],
        },
        "velocity_aberration": {"scale_factor": 1.0000987},
        "wcsinfo": {
            "v2_ref": reference[0],
            "v3_ref": reference[1],
            "ra_ref": 0.002,
            "dec_ref": -69.4,
            "roll_ref": 134.5,
            "vparity": -1,
            "v3yangle": 0.5,
        },
    }


def images(folder: Path, references: Path | None) -> Iterator[Image]:
    """Yield the images to compare: whole frames and subarrays."""
    own = folder / "own_distortion.asdf"
    instrument = {"name": "NIRCAM", "detector": "NRCB1", "channel": "SHORT", "module": "B"}
    tree = {"meta": {"reftype": "distortion", "instrument": instrument}, "model": distortion()}
    asdf.AsdfFile(tree).write_to(own)
    files = [own, *(sorted(references.rglob("*distortion*.asdf")) if references else ())]
    for path in files:
        with asdf.open(path) as file:
            if "model" not in file.tree:  # of an integral-field unit
                continue
            name = file["meta"]["instrument"]["name"]
        shifts = sorted(path.parent.glob("*filteroffset_full*.asdf")) if name == "MIRI" else []
        chosen = {"NIRCAM": {"pupil": "CLEAR", "filter": "F200W"}, "MIRI": {"filter": "F1800W"}}
        words = chosen.get(name, {"pupil": "F200W", "filter": "CLEAR"})
        frame = FRAMES.get(name, (2048, 2048))
        for shape, corner in ((frame, (0, 0)), ((256, 240), (413, 51))):
            label = f"{path.stem} {'FULL' if shape == frame else 'subarray'}"
            yield Image(
                label,
                path,
                shifts[0] if shifts else None,
                meta_of(path, words, corner, shape),
                shape,
            )


def compare(image: Image, ours: Cal, points: np.ndarray, peer: dict[str, Any]) -> list[Criterion]:
    """Return the criteria for one image."""
    wcs = ours.wcs
    there = np.array(wcs.invert(*peer["sky"], with_bounding_box=False))
    here = np.array(wcs.invert(*wcs(*points, with_bounding_box=False), with_bounding_box=False))
    forward = np.hypot(*(there - here)).max()
    backward = np.hypot(*(here - np.array(peer["back"]))).max()
    read = np.abs(np.array(peer["read"]) - np.array(wcs(*points, with_bounding_box=False))).max()
    same = ours.meta.wcsinfo.s_region == peer["s_region"]
    error = ours.meta.wcsinfo.sipiverr
    return [
        Criterion(f"{image.name}, to the sky", f"{forward:.1e} pixel", "1e-6", forward < PIXEL),
        Criterion(f"{image.name}, and back", f"{backward:.1e} pixel", "1e-6", backward < PIXEL),
        Criterion(f"{image.name}, read by the peer", f"{read:.1e} degrees", "1e-12", read < 1e-12),
        Criterion(f"{image.name}, S_REGION", "equal" if same else "differs", "equal", same),
        Criterion(
            f"{image.name}, largest error of the header, sky to pixel",
            f"{error:.4f} pixel, the peer's {peer['sip_inverse_error']:.4f}",
            "below 0.01",
            error < 0.01,
        ),
    ]


def main() -> int:
    """Write the images, let both calibrate them, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--references", type=Path)
    chosen = parser.parse_args()
    rng = np.random.default_rng(7)
    criteria: list[Criterion] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_cache({}, ImageSimulation(), 4, folder / "cache")
        jobs: dict[str, Any] = {}
        made: dict[str, tuple[Image, Cal, np.ndarray]] = {}
        for number, image in enumerate(images(folder, chosen.references)):
            zeros = np.zeros(image.shape, np.float32)
            rate = Cal(
                sci=zeros,
                err=zeros,
                dq=zeros.astype(np.uint32),
                var_poisson=zeros,
                var_rnoise=zeros,
                meta=Meta(image.meta),
            )
            files = [
                path and load_reference(path, kind, rate.meta, image.shape)
                for path, kind in (
                    (image.distortion, Distortion),
                    (image.filteroffset, FilterOffset),
                )
            ]
            ours = assign_wcs(rate, *files, AssignWcsOptions())
            names = [folder / f"image{number}_{kind}.fits" for kind in ("rate", "cal")]
            for product, path in zip((rate, ours), names, strict=True):
                write_product(product, path)
            points = rng.uniform(-0.5, np.array(image.shape[::-1])[:, None] - 0.5, (2, POINTS))
            made[str(number)] = image, ours, points
            jobs[str(number)] = {
                "image": str(names[0]),
                "ours": str(names[1]),
                "cache": str(folder / "cache"),
                "distortion": str(image.distortion),
                "filteroffset": str(image.filteroffset or ""),
                "x": points[0].tolist(),
                "y": points[1].tolist(),
            }
        (folder / "jobs.json").write_text(json.dumps(jobs))
        script = Path(__file__).with_name("wcs_peer_process.py")
        command = [chosen.peer, script, folder / "jobs.json", folder / "results.json"]
        subprocess.run(command, check=True)
        for number, peer in json.loads((folder / "results.json").read_text()).items():
            criteria += compare(*made[number], peer)
    for criterion in criteria:
        print(criterion)
    return int(not all(criterion.holds for criterion in criteria))


if __name__ == "__main__":
    sys.exit(main())
