"""References of near-infrared detectors whose content is more than an image."""

from pathlib import Path
from typing import Any

import asdf
import numpy as np

SAMPLES = 712 * 2048
"""Times at which an output could be read in a frame of IRS2."""

BAD = ((1, 1, 1 << 3), (2, 2, 1 << 9), (3, 1, 0), (4, 2, 1 << 30))
"""Output, odd (1) or even (2) pixels, bits of bad pairs of reference pixels."""

SIRS_LENGTH = 2049


def fill_refpix(model: Any) -> None:
    """Fill weights of the reference output (alpha) and of the reference pixels (beta)."""
    frequency = np.abs(np.fft.fftfreq(SAMPLES))
    table = np.zeros(2 * SAMPLES, model.get_dtype("irs2_table"))
    for k in range(4):
        weight = 0.5 * np.exp(-frequency * (40 + 5 * k))
        for name, part in (("alpha", 0.6), ("beta", 0.4)):
            turn = 0.05 * np.sin(2 * np.pi * np.fft.fftfreq(SAMPLES) * (3 + k))
            table[f"{name}_{k}"][0::2] = 2 * part * weight
            table[f"{name}_{k}"][1::2] = 2 * part * weight * turn
    model.irs2_table = table
    rows = [(output, odd, 0) for output in range(1, 5) for odd in (1, 2)]
    for output, odd, mask in BAD:
        rows[2 * (output - 1) + odd - 1] = (output, odd, mask)
    model.dq_table = np.array(rows, model.get_dtype("dq_table"))


def picture_frame(shape: tuple[int, int]) -> np.ndarray:
    """Return a rate (DN/s) that is higher towards the edge."""
    y, x = (np.abs(np.linspace(-1, 1, n, dtype=np.float32)) for n in shape)
    return (0.002 + 0.02 * np.maximum(y[:, None], x[None, :]) ** 8).astype(np.float32)


def write_sirs(path: Path, spec: dict[str, Any]) -> Path:
    """Write kernels for the left and the right reference pixels, one for each amplifier."""
    frequency = np.linspace(0, 0.5, SIRS_LENGTH)
    low = np.exp(-frequency * 60)
    kernels = np.stack([(0.5 + 0.05 * k) * low for k in range(4)]).astype(np.complex64)
    tree = {
        spec["detector"].lower(): {"gamma": kernels, "zeta": kernels[::-1].copy()},
        "meta": {
            "author": "foreign.py",
            "pedigree": "DUMMY",
            "description": "kernels of a detector that does not exist",
            "reftype": "SIRSKERNEL",
            "useafter": "2020-01-01T00:00:00",
            "telescope": "JWST",
            "instrument": {"name": spec["instrument"], "detector": spec["detector"]},
        },
    }
    asdf.AsdfFile(tree).write_to(path)
    return path
