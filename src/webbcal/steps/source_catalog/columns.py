"""The columns of a source catalogue, in their order."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from webbcal.spec.fields import Table, declared
from webbcal.spec.products import Cat


def catalogue(columns: Mapping[str, Any], energies: tuple[int, ...]) -> np.ndarray:
    """Return columns as one structured array in the order and types of the declaration."""
    spec = declared(Cat)["sources"]
    assert isinstance(spec, Table)
    names = [_named(column.name, energies) for column in spec.columns]
    dtype = [(name, column.dtype) for name, column in zip(names, spec.columns, strict=True)]
    records = np.zeros(len(columns["label"]), dtype)
    for name in names:
        records[name] = columns[name]
    return records


def _named(name: str, energies: tuple[int, ...]) -> str:
    """Return the name of a column for the apertures in use; declared are 30, 50 and 70 percent."""
    words = dict(zip(("30", "50", "70"), map(str, energies), strict=True))
    if name.startswith("CI_"):
        return "_".join(words.get(part, part) for part in name.split("_"))
    for declared_energy, energy in words.items():
        if name.startswith(f"aper{declared_energy}_"):
            return name.replace(f"aper{declared_energy}_", f"aper{energy}_", 1)
    return name
