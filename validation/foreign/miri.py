"""References that only MIRI has."""

from pathlib import Path
from typing import Any

import asdf
import numpy as np

from validation.foreign.detector import Detector
from validation.foreign.frame import MIRI_ROW_CLOCKS, MIRI_SKIPPED_ROW_CLOCKS, PIXEL_CLOCK_S
from validation.foreign.readout import EMI_DN

RESET_GROUPS = 6
WAVE_SAMPLES = 250
ROWS = {"FULL": 1024, "SLITLESSPRISM": 416, "SUB64": 64, "SUB128": 128, "SUB256": 256}


def reset_ramps(detector: Detector) -> np.ndarray:
    """Return what the reset leaves (DN): first and later integrations, groups, rows, columns."""
    return np.stack(
        [
            np.stack([detector.reset_anomaly(i, group) for group in range(RESET_GROUPS)])
            for i in range(2)
        ]
    )


def rscd_rows(dtype: np.dtype[Any]) -> np.ndarray:
    """Return the groups to leave out at the start of an integration."""
    rows = [
        ("FULL", "FASTR1", 2, 4),
        ("FULL", "FAST", 1, 3),
        ("FULL", "SLOWR1", 1, 2),
        ("SUB64", "FASTR1", -1, 5),
        ("SUB128", "FASTR1", 1, 3),
        ("SUB256", "FASTR1", 2, 3),
        ("SLITLESSPRISM", "FASTR1", 1, 4),
    ]
    return np.array(rows, dtype=dtype)


def write_emicorr(path: Path, spec: dict[str, Any]) -> Path:
    """Write the reference waves and the clocks of the subarrays."""
    phase = (np.arange(WAVE_SAMPLES) + 0.5) / WAVE_SAMPLES * 2 * np.pi
    wave = (np.sin(phase) + 0.3 * np.sin(2 * phase)).astype(np.float32)
    waves = {
        name: {"frequency": frequency, "phase_amplitudes": wave * np.float32(amplitude)}
        for name, (frequency, amplitude) in EMI_DN.items()
    }
    cases: dict[str, Any] = {}
    names = list(EMI_DN)
    for name, row in MIRI_ROW_CLOCKS.items():
        rows = ROWS.get(name.partition("_")[0])
        if rows is None:
            continue
        frame = rows * row + (1024 - rows) * MIRI_SKIPPED_ROW_CLOCKS
        seen = [wave for wave in names if not _stands_still(EMI_DN[wave][0], frame)]
        kind = {"FAST": seen} if "SLOW" not in name else {"SLOW": {spec["detector"]: seen}}
        cases[name] = {
            "rowclocks": row,
            "frameclocks": frame,
            "freqs": kind,
        }
    tree = {"frequencies": waves, "subarray_cases": cases, "meta": _meta("EMICORR", spec)}
    asdf.AsdfFile(tree).write_to(path)
    return path


def _stands_still(frequency: float, clocks: int) -> bool:
    """Return whether a wave has the same phase in every frame: it is then part of the bias."""
    turns = frequency * clocks * PIXEL_CLOCK_S
    return abs(turns - round(turns)) < 1e-3


def _meta(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "author": "foreign.py",
        "pedigree": "DUMMY",
        "description": f"{kind} of a detector that does not exist",
        "reftype": kind,
        "useafter": "2020-01-01T00:00:00",
        "telescope": "JWST",
        "instrument": {"name": spec["instrument"], "detector": spec["detector"]},
    }
