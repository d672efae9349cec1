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
from webbcal.spec.references.geometry import Distortion, FilterOffset
from webbcal.spec.references.miri import EmiCorrection, Reset, Rscd
from webbcal.spec.references.nirspec import PictureFrame
from webbcal.spec.references.noise import BackgroundMask, Flat, SirsKernel
from webbcal.spec.references.persistence import (
    FilledTraps,
    PersistenceSaturation,
    PersistenceWindows,
    TrapDensity,
    TrapParameters,
    UserMask,
)
from webbcal.spec.references.photometry import Area, Photom

__all__ = [
    "REFERENCES",
    "Area",
    "BackgroundMask",
    "Dark",
    "Distortion",
    "EmiCorrection",
    "FilledTraps",
    "FilterOffset",
    "Flat",
    "Gain",
    "InterpixelCapacitance",
    "Linearity",
    "Mask",
    "PersistenceSaturation",
    "PersistenceWindows",
    "Photom",
    "PictureFrame",
    "ReadNoise",
    "Reference",
    "ReferencePixelFilters",
    "Reset",
    "Rscd",
    "Saturation",
    "SirsKernel",
    "Superbias",
    "TrapDensity",
    "TrapParameters",
    "UserMask",
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
        EmiCorrection,
        Reset,
        Rscd,
        TrapDensity,
        TrapParameters,
        PersistenceSaturation,
        SirsKernel,
        Flat,
        PictureFrame,
        Distortion,
        FilterOffset,
        Photom,
        Area,
    )
}
