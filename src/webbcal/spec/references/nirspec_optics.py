"""Optics of NIRSpec, from the sky to the detectors, part by part."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webbcal.spec.fields import declaration, node
from webbcal.spec.references.reference import Reference


@declaration
class Optics(Reference):
    """Base of the parts that are one transform, an astropy model with an inverse."""

    storage: ClassVar[str] = "asdf"

    transform: Any = node("model", doc="From one plane to the next.")


@declaration
class Camera(Optics):
    """Camera: plane of the detectors, m, to slopes of rays at the grating wheel."""

    reftype: ClassVar[str] = "camera"
    model: ClassVar[str] = "CameraModel"


@declaration
class Collimator(Optics):
    """Collimator: slopes of rays at the grating wheel to the plane of the micro-shutters, m."""

    reftype: ClassVar[str] = "collimator"
    model: ClassVar[str] = "CollimatorModel"


@declaration
class Fore(Optics):
    """Fore optics: plane of the micro-shutters, m, and wavelength, m, to the filter wheel."""

    reftype: ClassVar[str] = "fore"
    model: ClassVar[str] = "FOREModel"


@declaration
class Ote(Optics):
    """Telescope: plane of the filter wheel to V2, V3 in degrees."""

    reftype: ClassVar[str] = "ote"
    model: ClassVar[str] = "OTEModel"


@declaration
class FocalPlane(Reference):
    """Where the detectors are: pixel (x, y), from 0, to the plane of the detectors, m."""

    reftype: ClassVar[str] = "fpa"
    model: ClassVar[str] = "FPAModel"
    storage: ClassVar[str] = "asdf"

    nrs1: Any = node("nrs1_model", doc="Of NRS1.")
    nrs2: Any = node("nrs2_model", doc="Of NRS2.")


@declaration
class Disperser(Reference):
    """How a grating, prism or mirror sits in the wheel, angles in degrees.

    `gwa_tiltx` and `gwa_tilty` hold ``tilt_model``, from the reading of a sensor to an angle in
    arcsec, and ``zeroreadings``: where the angles below hold.
    """

    reftype: ClassVar[str] = "disperser"
    model: ClassVar[str] = "DisperserModel"
    storage: ClassVar[str] = "asdf"

    theta_x: float = node("theta_x", doc="Rotation about x.")
    theta_y: float = node("theta_y", doc="Rotation about y.")
    theta_z: float = node("theta_z", doc="Rotation about z.")
    tilt_y: float = node("tilt_y", doc="Tilt of the surface about y.")
    gwa_tiltx: Mapping[str, Any] = node("gwa_tiltx", doc="What the sensor along x tells.")
    gwa_tilty: Mapping[str, Any] = node("gwa_tilty", doc="What the sensor along y tells.")


@declaration
class WavelengthRange(Reference):
    """Wavelengths that filters and dispersers let through, m."""

    reftype: ClassVar[str] = "wavelengthrange"
    model: ClassVar[str] = "WavelengthrangeModel"
    storage: ClassVar[str] = "asdf"

    ranges: Sequence[Sequence[float]] = node("wavelengthrange", doc="Shortest and longest.")
    selectors: Sequence[str] = node("waverange_selector", doc="Filter and disperser of each.")
