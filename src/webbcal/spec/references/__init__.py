"""Catalogue of every reference type."""

from webbcal.spec.references.astrometry import AstrometricCatalog, SourceLists
from webbcal.spec.references.catalogs import ApertureCorrection, VegaOffset
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
from webbcal.spec.references.geometry import Distortion, FilterOffset, MosaicWcs
from webbcal.spec.references.miri import EmiCorrection, Reset, Rscd
from webbcal.spec.references.nirspec import PictureFrame
from webbcal.spec.references.nirspec_optics import (
    Camera,
    Collimator,
    Disperser,
    FocalPlane,
    Fore,
    Ote,
    WavelengthRange,
)
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
from webbcal.spec.references.sky import SkyList

__all__ = [
    "REFERENCES",
    "ApertureCorrection",
    "Area",
    "AstrometricCatalog",
    "BackgroundMask",
    "Camera",
    "Collimator",
    "Dark",
    "Disperser",
    "Distortion",
    "EmiCorrection",
    "FilledTraps",
    "FilterOffset",
    "Flat",
    "FocalPlane",
    "Fore",
    "Gain",
    "InterpixelCapacitance",
    "Linearity",
    "Mask",
    "MosaicWcs",
    "Ote",
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
    "SkyList",
    "SourceLists",
    "Superbias",
    "TrapDensity",
    "TrapParameters",
    "UserMask",
    "VegaOffset",
    "WavelengthRange",
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
        Camera,
        Collimator,
        Disperser,
        FocalPlane,
        Fore,
        Ote,
        WavelengthRange,
        ApertureCorrection,
        VegaOffset,
    )
}
