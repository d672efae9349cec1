"""Catalogue of every reference type.

The module of a type is imported when the type is asked for, by whatever way.
"""

from typing import TYPE_CHECKING

from webbcal.spec._declarations import Declarations
from webbcal.spec.references.reference import Reference

if TYPE_CHECKING:
    from webbcal.spec.references.astrometry import AstrometricCatalog, SourceLists
    from webbcal.spec.references.catalogs import ApertureCorrection, VegaOffset
    from webbcal.spec.references.detector1 import (
        Dark,
        Gain,
        InterpixelCapacitance,
        Linearity,
        Mask,
        ReadNoise,
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

_PLACES = {
    "mask": "detector1.Mask",
    "saturation": "detector1.Saturation",
    "superbias": "detector1.Superbias",
    "linearity": "detector1.Linearity",
    "dark": "detector1.Dark",
    "gain": "detector1.Gain",
    "readnoise": "detector1.ReadNoise",
    "ipc": "detector1.InterpixelCapacitance",
    "refpix": "detector1.ReferencePixelFilters",
    "emicorr": "miri.EmiCorrection",
    "reset": "miri.Reset",
    "rscd": "miri.Rscd",
    "trapdensity": "persistence.TrapDensity",
    "trappars": "persistence.TrapParameters",
    "persat": "persistence.PersistenceSaturation",
    "sirskernel": "noise.SirsKernel",
    "flat": "noise.Flat",
    "pictureframe": "nirspec.PictureFrame",
    "distortion": "geometry.Distortion",
    "filteroffset": "geometry.FilterOffset",
    "photom": "photometry.Photom",
    "area": "photometry.Area",
    "camera": "nirspec_optics.Camera",
    "collimator": "nirspec_optics.Collimator",
    "disperser": "nirspec_optics.Disperser",
    "fpa": "nirspec_optics.FocalPlane",
    "fore": "nirspec_optics.Fore",
    "ote": "nirspec_optics.Ote",
    "wavelengthrange": "nirspec_optics.WavelengthRange",
    "apcorr": "catalogs.ApertureCorrection",
    "abvegaoffset": "catalogs.VegaOffset",
}

_FROM_OPTIONS = (
    # what a user names in an option of a step; nothing is selected
    "noise.BackgroundMask",
    "persistence.FilledTraps",
    "persistence.PersistenceWindows",
    "persistence.UserMask",
    "astrometry.AstrometricCatalog",
    "astrometry.SourceLists",
    "sky.SkyList",
    "geometry.MosaicWcs",
)

REFERENCES = Declarations[Reference](__name__, _PLACES)
"""What is selected for an exposure, by the name that the selection system has for it."""

_BY_CLASS = Declarations[Reference](
    __name__, {place.partition(".")[2]: place for place in (*_PLACES.values(), *_FROM_OPTIONS)}
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> type[Reference]:
        if name not in _BY_CLASS:
            raise AttributeError(f"there is no reference type {name}")
        return _BY_CLASS[name]
