"""World coordinates of NIRSpec with the mirror in its grating wheel: an image of the sky.

The chain of frames: ``detector`` (pixels of the image, from 0), ``sca`` (pixels of the detector as
the optics see it), ``gwa`` (direction cosines at the wheel), ``msa`` (plane of the
micro-shutters, m), ``oteip`` (plane of the filter wheel), ``v2v3``, ``v2v3vacorr``, ``world``.
"""

from dataclasses import dataclass
from typing import Any

from astropy import coordinates, units
from astropy.modeling import Model, bind_bounding_box
from astropy.modeling.models import Const1D, Identity, Mapping, Scale, Shift
from gwcs import WCS, coordinate_frames

from webbcal.geometry.gwcs_objects import model_of
from webbcal.geometry.imaging import Pointing, aberration_correction, telescope_to_sky
from webbcal.geometry.transforms.models import (
    DirectionalToUnitless,
    RotationSequence,
    UnitlessToDirectional,
)

LAST = 2047.0  # pixel of a detector, from 0
AXES = "xyzy"


@dataclass(frozen=True)
class Instrument:
    """The parts of NIRSpec that light passes, from the detector on.

    Attributes
    ----------
    to_plane : Model
        Pixel of the detector, from 0, to the plane of the detectors, m.
    turned : bool
        Whether rows and columns of the image run against those of the detector (NRS2).
    camera, collimator : Model
        Plane of the detectors to slopes at the wheel; these to the plane of the micro-shutters.
    angles : tuple of float
        How the mirror sits: rotations about x, y, z, and y again, degrees.
    fore : Model
        Plane of the micro-shutters and wavelength, m, to the plane of the filter wheel.
    telescope : Model
        That plane to V2, V3, arcsec.
    wavelength : float
        Where the fore optics are evaluated, m.
    """

    to_plane: Model
    turned: bool
    camera: Model
    collimator: Model
    angles: tuple[float, float, float, float]
    fore: Model
    telescope: Model
    wavelength: float


def image_wcs(
    instrument: Instrument, pointing: Pointing, shape: tuple[int, int], corner: tuple[int, int]
) -> WCS:
    """Return the world coordinates of an image.

    Parameters
    ----------
    instrument : Instrument
        What the light passes.
    pointing : Pointing
        Of the telescope.
    shape : tuple of int
        Rows and columns of the image.
    corner : tuple of int
        Where on the detector its first pixel is: row and column, from 0.

    Returns
    -------
    WCS
        From pixels (x, y) of the image, from 0, to the sky, and back. Its bounding box is that of
        all pixels.

    Source: Dorner et al. 2016, section 3; JWST User Documentation, calwebb_spec2, assign_wcs.
    """
    to_detector = _to_detector(instrument.turned, corner)
    (rows, columns) = shape
    box = (-0.5, columns - 0.5), (-0.5, rows - 0.5)
    bind_bounding_box(to_detector, box, order="F")
    turn = RotationSequence(angles=list(instrument.angles), axes_order=AXES)
    back = RotationSequence(
        angles=[-angle for angle in reversed(instrument.angles)], axes_order=AXES[::-1]
    )
    to_wheel = instrument.to_plane | instrument.camera | UnitlessToDirectional() | turn
    # A mirror turns both directions of the incoming ray in its own frame.
    mirror = Scale(-1.0) & Scale(-1.0) & Identity(1)
    to_shutters = mirror | back | DirectionalToUnitless() | instrument.collimator
    steps = [
        (_plane("detector", units.pix, ("x", "y")), to_detector),
        (_plane("sca", units.pix, ("x", "y")), to_wheel),
        (_directions("gwa"), to_shutters),
        (_plane("msa", units.m, ("x_msa", "y_msa")), _at_wavelength(instrument)),
        (_plane("oteip", units.deg, ("x_oteip", "y_oteip")), instrument.telescope),
        (_plane("v2v3", units.arcsec, ("v2", "v3")), model_of(aberration_correction(pointing))),
        (_plane("v2v3vacorr", units.arcsec, ("v2", "v3")), model_of(telescope_to_sky(pointing))),
        (
            coordinate_frames.CelestialFrame(
                name="world", reference_frame=coordinates.ICRS(), axes_order=(0, 1)
            ),
            None,
        ),
    ]
    wcs = WCS(steps)
    wcs.array_shape = shape
    return wcs


def _to_detector(turned: bool, corner: tuple[int, int]) -> Model:
    """Return the transform from pixels of the image to those of the detector."""
    y, x = (float(start) for start in corner)
    if not turned:
        return Shift(x) & Shift(y)
    reverse = Shift(-LAST) & Shift(-LAST) | Scale(-1.0) & Scale(-1.0)
    return (Shift(x) & Shift(y)) | reverse


def _at_wavelength(instrument: Instrument) -> Model:
    """Return the fore optics at one wavelength, with an inverse."""

    def at(model: Model) -> Model:
        return Mapping((0, 1, 0), n_inputs=2) | Identity(2) & Const1D(instrument.wavelength) | model

    transform = at(instrument.fore)
    transform.inverse = at(instrument.fore.inverse)
    return transform


def _plane(name: str, unit: Any, axes: tuple[str, str]) -> coordinate_frames.Frame2D:
    return coordinate_frames.Frame2D(
        name=name, axes_order=(0, 1), unit=(unit, unit), axes_names=axes
    )


def _directions(name: str) -> coordinate_frames.CoordinateFrame:
    return coordinate_frames.CoordinateFrame(
        naxes=3,
        axes_type=("SPATIAL",) * 3,
        axes_order=(0, 1, 2),
        unit=(units.dimensionless_unscaled,) * 3,
        axes_names=("alpha", "beta", "gamma"),
        name=name,
    )
