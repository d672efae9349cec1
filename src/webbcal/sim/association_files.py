"""Association files of a simulated programme, as operations write them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webbcal.sim.settings import ImageSimulation

POOL_STAMP = "20221028t120000"


@dataclass(frozen=True)
class _Level:
    """Type and rule of an association, and the suffix of its members."""

    kind: str
    rule: str
    suffix: str


IMAGE2 = _Level("image2", "Asn_Lv2Image", "rate")
IMAGE3 = _Level("image3", "Asn_Lv3Image", "cal")

LEVELS: dict[str, tuple[_Level, ...]] = {
    "NRC_IMAGE": (IMAGE2, IMAGE3),
    "NIS_IMAGE": (IMAGE2, IMAGE3),
    "MIR_IMAGE": (IMAGE2, IMAGE3),
    "FGS_IMAGE": (IMAGE2, IMAGE3),
    "NRS_IMAGE": (IMAGE2,),
    "NIS_AMI": (IMAGE2, _Level("ami3", "Asn_Lv3AMI", "calints")),
    "NRC_TSIMAGE": (
        _Level("image2", "Asn_Lv2ImageTSO", "rateints"),
        _Level("tso3", "Asn_Lv3TSO", "calints"),
    ),
}
"""What the exposures of a type go on to; none for darks, guide stars and spectra."""


def write_associations(options: ImageSimulation, roots: Sequence[str], folder: Path) -> list[Path]:
    """Write the associations of the exposures, level 2 first; return their paths."""
    program = f"{options.program:05d}"
    elements = f"{options.instrument.name.lower()}_{optical_elements(options)}"
    window = options.window
    suffix = "" if window.full_frame else f"-{window.name.lower()}"
    written = []
    for number, level in enumerate(LEVELS.get(options.exptype, ())):
        files = [f"{root}_{level.suffix}.fits" for root in roots]
        products = [_product(root, [file]) for root, file in zip(roots, files, strict=True)]
        if number:
            products = [_product(f"jw{program}-o001_t001_{elements}{suffix}", files)]
        path = folder / f"jw{program}-o001_{POOL_STAMP}_{level.kind}_00001_asn.json"
        content = _association(program, level.kind, level.rule, products)
        path.write_text(json.dumps(content, indent=4) + "\n")
        written.append(path)
    return written


def optical_elements(options: ImageSimulation) -> str:
    """Return the elements in the light path as product names have them."""
    keywords = options.instrument.keywords(options.chip, options.filter_name)
    if options.instrument.name == "NIRCAM":
        return f"clear-{options.filter_name.lower()}"
    names = [keywords.get(name, "") for name in ("FILTER", "PUPIL", "GRATING")]
    return "-".join(n.lower() for n in names if n and not n.startswith("CLEAR")) or "clear"


def _product(name: str, files: Sequence[str]) -> dict[str, Any]:
    members = [
        {
            "expname": file,
            "exptype": "science",
            "exposerr": "null",
            "asn_candidate": "(o001, observation)",
        }
        for file in files
    ]
    return {"name": name, "members": members}


def _association(
    program: str, kind: str, rule: str, products: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "asn_type": kind,
        "asn_rule": rule,
        "version_id": POOL_STAMP,
        "code_version": "simulated",
        "degraded_status": "No known degraded exposures in association.",
        "program": program,
        "constraints": "Simulated exposures of one observation",
        "asn_id": "o001",
        "target": "001",
        "asn_pool": f"jw{program}_{POOL_STAMP}_pool.csv",
        "products": products,
    }
