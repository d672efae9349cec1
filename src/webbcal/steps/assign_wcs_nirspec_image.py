"""World coordinates of NIRSpec images: tell where on the sky each pixel looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from webbcal.core.errors import CannotCalibrate, InvalidProduct, InvalidReference
from webbcal.geometry.imaging import ARCSEC, Pointing
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts
from webbcal.spec.references import (
    Camera,
    Collimator,
    Disperser,
    FocalPlane,
    Fore,
    Ote,
    WavelengthRange,
)
from webbcal.steps._header_wcs import HeaderWcsOptions, header_wcs
from webbcal.steps._pointing import corner_of, pointing_of
from webbcal.steps._step import Needs, Step

Images = TypeVar("Images", Cal, CalInts)

MIRROR = "MIRROR"
TURNED = "NRS2"
"""Detector whose rows and columns run against those of its pixels in the files."""


@dataclass(frozen=True)
class AssignWcsNirspecImageOptions(HeaderWcsOptions):
    """Options of `assign_wcs_nirspec_image`: those of the approximation in the header."""


def assign_wcs_nirspec_image(  # noqa: PLR0913 (one argument for each part of the optics)
    image: Images,
    camera: Camera,
    collimator: Collimator,
    disperser: Disperser,
    fore: Fore,
    fpa: FocalPlane,
    ote: Ote,
    wavelengthrange: WavelengthRange,
    options: AssignWcsNirspecImageOptions,
    *,
    measured: Mapping[str, Any] | None = None,
) -> Images:
    r"""Assign the transform from pixels to the sky to an image taken with the mirror of NIRSpec.

    Light is followed from the detector through the camera to the mirror in the grating wheel,
    through the collimator to the plane of the micro-shutters, through the fore optics, at the
    wavelength in the middle of what the filter lets through, to the telescope. The wheel does not
    stop at the same place each time; from the readings g of its sensors the mirror is tilted, in
    both directions, by

    .. math:: \Delta\theta = \tfrac{1}{2} (t(g) - t(g_0))

    Parameters
    ----------
    image : Cal or CalInts
        Image, axes (y, x) or (integration, y, x); only its shape and metadata are used.
    camera, collimator, fore, ote : Camera, Collimator, Fore, Ote
        Optics, from one plane to the next.
    disperser : Disperser
        How the mirror sits.
    fpa : FocalPlane
        Where the detectors are.
    wavelengthrange : WavelengthRange
        Wavelengths of filter and mirror.
    options : AssignWcsNirspecImageOptions
        Of the approximation in the header.
    measured : mapping or None
        What `world_coordinates` gave for the whole exposure, if this is a part of it.

    Returns
    -------
    Cal or CalInts
        Same arrays; ``meta.wcs`` (gwcs, with transforms of the observatory), S_REGION, the FITS
        keywords of the approximation (TAN-SIP) and WAVSTART, WAVEND, SPORDER are new.

    Raises
    ------
    CannotCalibrate
        If there is no mirror in the grating wheel.
    InvalidProduct
        If a keyword of the pointing or a reading of the wheel is missing or absurd.
    InvalidReference
        If the wavelengths of the filter are not known.

    Notes
    -----
    Flags used: none. Flags set: none. NaN pixels stay.
    Assumes one wavelength: between the middle and the ends of the widest filter the fore optics
    move the image by up to 0.2 pixel.

    Source: Dorner et al. 2016 (planes and transforms); Luetzgendorf et al. 2022 (sensors of the
    grating wheel).
    """
    if measured is None:
        rows, columns = image.shape_of("sci")[-2:]
        references = camera, collimator, disperser, fore, fpa, ote, wavelengthrange
        measured = world_coordinates(image.meta, (rows, columns), *references, options)
    return image.with_changes(meta=image.meta.replace(measured))


def world_coordinates(  # noqa: PLR0913 (as `assign_wcs_nirspec_image`)
    meta: Meta,
    shape: tuple[int, int],
    camera: Camera,
    collimator: Collimator,
    disperser: Disperser,
    fore: Fore,
    fpa: FocalPlane,
    ote: Ote,
    wavelengthrange: WavelengthRange,
    options: AssignWcsNirspecImageOptions,
) -> dict[str, Any]:
    """Return the metadata that tell where on the sky each pixel of an exposure looks.

    Parameters
    ----------
    meta : Meta
        Of the exposure.
    shape : tuple of int
        Its rows and columns.
    camera, collimator, disperser, fore, fpa, ote, wavelengthrange, options
        As for `assign_wcs_nirspec_image`, which says what is computed.

    Returns
    -------
    dict
        Paths below ``meta`` and values; None for what does not hold any more.

    Source: JWST User Documentation, calwebb_image2, assign_wcs.
    """
    # Not at the top: gwcs takes a second to load, and only stage 2 needs it.
    from webbcal.geometry import nirspec_imaging

    grating = str(meta.instrument.lookup("grating") or "").upper()
    if grating != MIRROR:
        raise CannotCalibrate(f"{grating or 'no element'} in the grating wheel, not the mirror")
    shortest, longest = _wavelengths(wavelengthrange, meta)
    turned = meta.instrument.lookup("detector") == TURNED
    instrument = nirspec_imaging.Instrument(
        to_plane=fpa.nrs2 if turned else fpa.nrs1,
        turned=turned,
        camera=camera.transform,
        collimator=collimator.transform,
        angles=_angles(disperser, meta),
        fore=fore.transform,
        telescope=ote.transform,
        wavelength=(shortest + longest) / 2,
    )
    pointing = Pointing(**pointing_of(meta))
    wcs = nirspec_imaging.image_wcs(instrument, pointing, shape, corner_of(meta))
    return header_wcs(meta.wcsinfo, wcs, options) | {
        "wcsinfo.waverange_start": shortest,
        "wcsinfo.waverange_end": longest,
        "wcsinfo.spectral_order": 0,
    }


def _angles(disperser: Disperser, meta: Meta) -> tuple[float, float, float, float]:
    """Return how the mirror sits, degrees; the sensors are named after the other axis."""
    x = float(disperser.theta_x) + _tilt(disperser.gwa_tilty, meta, "gwa_ytilt")
    y = float(disperser.theta_y) + _tilt(disperser.gwa_tiltx, meta, "gwa_xtilt")
    return x, y, float(disperser.theta_z), float(disperser.tilt_y)


def _tilt(sensor: Mapping[str, Any], meta: Meta, name: str) -> float:
    """Return by how much the mirror is tilted against where its angles hold, degrees."""
    reading = meta.instrument.lookup(name)
    if not isinstance(reading, int | float) or not abs(reading) <= 10.0:
        raise InvalidProduct(
            f"meta.instrument.{name} does not tell where the grating wheel stands",
            expected="the reading of its sensor",
            found=reading,
        )
    model, zero = sensor["tilt_model"], float(sensor["zeroreadings"][0])
    return 0.5 * float(model(float(reading)) - model(zero)) * ARCSEC


def _wavelengths(wavelengthrange: WavelengthRange, meta: Meta) -> tuple[float, float]:
    """Return the shortest and longest wavelength of the filter with the mirror, m."""
    wanted = f"{meta.instrument.lookup('filter')}_{MIRROR}".upper()
    names = [str(name).upper() for name in wavelengthrange.selectors]
    if wanted not in names:
        raise InvalidReference(
            "wavelengthrange reference is for other filters",
            where=wavelengthrange.meta.lookup("filename"),
            expected=wanted,
            found=", ".join(name for name in names if name.endswith(MIRROR)) or None,
        )
    low, high = wavelengthrange.ranges[names.index(wanted)]
    return float(low), float(high)


STEP = Step(
    "assign_wcs_nirspec_image",
    assign_wcs_nirspec_image,
    AssignWcsNirspecImageOptions,
    references={
        "camera": Needs(Camera),
        "collimator": Needs(Collimator),
        "disperser": Needs(Disperser),
        "fore": Needs(Fore),
        "fpa": Needs(FocalPlane),
        "ote": Needs(Ote),
        "wavelengthrange": Needs(WavelengthRange),
    },
    prepare=world_coordinates,
    status="assign_wcs",
)
