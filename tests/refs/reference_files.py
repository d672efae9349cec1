"""Reference files written by software other than webbcal."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

HEADER = {
    "TELESCOP": "JWST",
    "INSTRUME": "NIRCAM",
    "DETECTOR": "NRCA1",
    "SUBARRAY": "FULL",
    "USEAFTER": "2014-01-01T00:00:00",
}


def write_fits(
    path: Path,
    reftype: str,
    arrays: Mapping[str, np.ndarray] | None = None,
    **keywords: object,
) -> Path:
    """Write a reference file; a keyword that is None is left out."""
    header = fits.Header()
    for name, value in ({"REFTYPE": reftype.upper()} | HEADER | keywords).items():
        if value is not None:
            header[name] = value
    units = [fits.PrimaryHDU(header=header)]
    for name, array in (arrays or {}).items():
        kind = fits.ImageHDU if array.dtype.names is None else fits.BinTableHDU
        units.append(kind(array, name=name))
    fits.HDUList(units).writeto(path)
    return path


def dq_def(**values: int) -> np.ndarray:
    """Return a table that gives each flag a value."""
    return np.array(
        [(n, value, name, "") for n, (name, value) in enumerate(values.items())],
        dtype=[("BIT", "i4"), ("VALUE", "u4"), ("NAME", "S40"), ("DESCRIPTION", "S80")],
    )
