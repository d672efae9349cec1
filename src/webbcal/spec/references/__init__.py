"""Catalogue of every reference type."""

from webbcal.spec.references.detector1 import (
    Dark,
    Gain,
    InterpixelCapacitance,
    Linearity,
    Mask,
    ReadNoise,
    Reference,
    ReferencePixelFilters,
    Saturation,
    Superbias,
)

__all__ = [
    "REFERENCES",
    "Dark",
    "Gain",
    "InterpixelCapacitance",
    "Linearity",
    "Mask",
    "ReadNoise",
    "Reference",
    "ReferencePixelFilters",
    "Saturation",
    "Superbias",
]

REFERENCES: dict[str, type[Reference]] = {
    cls.reftype: cls
    for cls in (
        Mask,
        Saturation,
        Superbias,
        Linearity,
        Dark,
        Gain,
        ReadNoise,
        InterpixelCapacitance,
        ReferencePixelFilters,
    )
}
