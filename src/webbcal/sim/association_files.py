"""Association files of a simulated programme, as operations write them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from webbcal.sim.settings import ImageSimulation

POOL_STAMP = "20221028t120000"


def write_associations(options: ImageSimulation, roots: Sequence[str], folder: Path) -> list[Path]:
    """Write the level-2 and level-3 association of the exposures; return the two paths."""
    program = f"{options.program:05d}"
    elements = f"{options.instrument.name.lower()}_{optical_elements(options)}"
    window = options.window
    suffix = "" if window.full_frame else f"-{window.name.lower()}"
    level2 = [_product(root, [f"{root}_rate.fits"]) for root in roots]
    level3 = [
        _product(
            f"jw{program}-o001_t001_{elements}{suffix}", [f"{root}_cal.fits" for root in roots]
        )
    ]
    written = []
    for kind, rule, products in (
        ("image2", "Asn_Lv2Image", level2),
        ("image3", "Asn_Lv3Image", level3),
    ):
        path = folder / f"jw{program}-o001_{POOL_STAMP}_{kind}_00001_asn.json"
        path.write_text(json.dumps(_association(program, kind, rule, products), indent=4) + "\n")
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
