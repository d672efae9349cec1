"""assign_wcs_nirspec_image: light is followed through the optics, back from the detector."""

from pathlib import Path

import numpy as np
import pytest
from astropy.modeling.models import Identity, Mapping, Polynomial1D, Polynomial2D, Scale, Shift

from webbcal.core.errors import CannotCalibrate, InvalidProduct, InvalidReference
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.refs.load import load_reference
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
from webbcal.steps.assign_wcs_nirspec_image import (
    AssignWcsNirspecImageOptions,
    assign_wcs_nirspec_image,
)

REAL = Path(__file__).parents[3] / "shared/real/nirspec-refs"
PIXEL, CAMERA, COLLIMATOR = 18e-6, 0.28, 0.6  # m
SHAPE = (64, 80)
CENTRE = 1023.5
META = Meta(
    {
        "filename": "image_rate.fits",
        "instrument": {
            "name": "NIRSPEC",
            "detector": "NRS1",
            "filter": "F110W",
            "grating": "MIRROR",
            "gwa_xtilt": 0.3,
            "gwa_ytilt": 0.1,
        },
        "subarray": {"xstart": 1001, "ystart": 901, "xsize": 80, "ysize": 64},
        "velocity_aberration": {"scale_factor": 1.00004},
        "wcsinfo": {
            "v2_ref": 0.0,
            "v3_ref": 0.0,
            "ra_ref": 80.0,
            "dec_ref": -69.4,
            "roll_ref": 30.0,
            "vparity": -1,
        },
    }
)


def both(*models):
    """Return one transform for x and y."""
    chain = models[0] & models[0]
    for model in models[1:]:
        chain = chain | (model & model)
    return chain


def disperser(**angles):
    sensor = {"tilt_model": Polynomial1D(1, c0=50.0, c1=-3600.0), "zeroreadings": [0.3]}
    other = {"tilt_model": Polynomial1D(1, c0=0.0, c1=7200.0), "zeroreadings": [0.1]}
    zero = {"theta_x": 0.0, "theta_y": 0.0, "theta_z": 0.0, "tilt_y": 0.0}
    return Disperser(gwa_tiltx=sensor, gwa_tilty=other, **(zero | angles))


def fore_optics(by_wavelength):
    """Return a transform that moves x in proportion to the wavelength."""

    def moved(factor):
        shear = Polynomial2D(1, c0_0=0.0, c1_0=1.0, c0_1=factor)
        return Mapping((0, 2, 1)) | shear & Identity(1)

    transform = moved(by_wavelength)
    transform.inverse = moved(-by_wavelength)
    return Fore(transform=transform)


def optics(**changes):
    """Return lenses and a flat mirror; 2 m at the shutters are a degree on the sky."""
    plane = both(Shift(-CENTRE), Scale(PIXEL))
    ranges = {"F110W_MIRROR": [1e-6, 1.2e-6], "F110W_G140H": [1e-6, 2e-6]}
    return {
        "camera": Camera(transform=both(Scale(1 / CAMERA))),
        "collimator": Collimator(transform=both(Scale(COLLIMATOR))),
        "disperser": disperser(),
        "fore": fore_optics(0.0),
        "fpa": FocalPlane(nrs1=plane, nrs2=plane),
        "ote": Ote(transform=both(Scale(1800.0))),
        "wavelengthrange": WavelengthRange(ranges=list(ranges.values()), selectors=list(ranges)),
    } | changes


def image(meta=META, shape=SHAPE):
    zeros = np.zeros(shape, np.float32)
    kind = Cal if len(shape) == 2 else CalInts
    dq = np.zeros(shape, np.uint32)
    return kind(sci=zeros, err=zeros, dq=dq, var_poisson=zeros, var_rnoise=zeros, meta=meta)


def assigned(meta=META, shape=SHAPE, **parts):
    references = optics(**parts).values()
    options = AssignWcsNirspecImageOptions(sip_approx=False)
    return assign_wcs_nirspec_image(image(meta, shape), *references, options)


def at(wcs, frame, x=5.0, y=7.0):
    return np.array(wcs.get_transform("detector", frame)(x, y))


def test_lenses_and_a_mirror_magnify_and_turn_the_image():
    found = at(assigned().wcs, "msa")
    pixel = np.array([5.0 + 1000, 7.0 + 900])
    np.testing.assert_allclose(found, -(pixel - CENTRE) * PIXEL * COLLIMATOR / CAMERA, rtol=1e-12)
    assert len(at(assigned().wcs, "gwa")) == 3


def test_the_second_detector_is_turned():
    turned = META.replace({"instrument.detector": "NRS2"})
    np.testing.assert_allclose(
        at(assigned(turned).wcs, "msa"), -at(assigned().wcs, "msa"), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("sensor", "reading", "arcsec", "axis"),
    [("gwa_xtilt", 0.4, -360.0, 0), ("gwa_ytilt", 0.15, 360.0, 1)],
)
def test_a_tilted_mirror_turns_light_by_twice_its_tilt(sensor, reading, arcsec, axis):
    where = 1023.5 - 1000, 1023.5 - 900  # light along the axis
    still = at(assigned().wcs, "msa", *where)
    np.testing.assert_allclose(still, 0.0, atol=1e-15)
    moved = at(assigned(META.replace({f"instrument.{sensor}": reading})).wcs, "msa", *where)
    # The sensor tells the turn of the light, which is twice that of the mirror.
    expected = COLLIMATOR * np.tan(np.radians(arcsec / 3600))
    assert abs(moved[axis]) == pytest.approx(abs(expected), rel=1e-9)
    assert abs(moved[1 - axis]) < 1e-12


def test_the_fore_optics_are_those_of_the_middle_of_the_filter():
    by_wavelength = assigned(fore=fore_optics(1e3)).wcs
    moved = at(by_wavelength, "oteip") - at(assigned().wcs, "oteip")
    np.testing.assert_allclose(moved, (1e3 * 1.1e-6, 0.0), rtol=1e-9)
    sky = by_wavelength(5.0, 7.0)
    np.testing.assert_allclose(by_wavelength.invert(*sky), (5.0, 7.0), atol=1e-6)


def test_frames_and_keywords_are_in_the_file(tmp_path):
    result = assigned(shape=(2, *SHAPE))
    write_product(result, tmp_path / "image_calints.fits")
    again = open_product(tmp_path / "image_calints.fits")
    frames = ["detector", "sca", "gwa", "msa", "oteip", "v2v3", "v2v3vacorr", "world"]
    assert again.wcs.available_frames == frames
    np.testing.assert_array_equal(again.wcs(5.0, 7.0), result.wcs(5.0, 7.0))
    assert again.meta.wcsinfo.s_region.startswith("POLYGON ICRS")
    assert (again.meta.wcsinfo.waverange_start, again.meta.wcsinfo.spectral_order) == (1e-6, 0)


def test_without_the_mirror_there_is_no_image():
    with pytest.raises(CannotCalibrate, match="G140H"):
        assigned(META.replace({"instrument.grating": "G140H"}))


@pytest.mark.parametrize("name", ["gwa_xtilt", "gwa_ytilt"])
@pytest.mark.parametrize("value", [None, float("nan"), 1e4])
def test_an_unknown_tilt_is_told(name, value):
    with pytest.raises(InvalidProduct, match=name):
        assigned(META.replace({f"instrument.{name}": value}))


def test_a_filter_without_wavelengths_is_told():
    with pytest.raises(InvalidReference, match="F140X_MIRROR"):
        assigned(META.replace({"instrument.filter": "F140X"}))


@pytest.mark.skipif(not REAL.is_dir(), reason="genuine files are not here")
def test_genuine_optics_put_the_detectors_beside_the_shutters():
    """With optics as delivered, and a mirror without tilt, in place of the one that is missing."""
    files = {
        "camera": (Camera, "camera_0004"),
        "collimator": (Collimator, "collimator_0004"),
        "fore": (Fore, "fore_0028"),
        "fpa": (FocalPlane, "fpa_0005"),
        "ote": (Ote, "ote_0005"),
        "wavelengthrange": (WavelengthRange, "wavelengthrange_0004"),
    }
    meta = META.replace({"instrument.filter": "CLEAR", "subarray": {"xstart": 1, "ystart": 1}})
    shape = (2048, 2048)
    parts = {
        name: load_reference(REAL / f"jwst_nirspec_{file}.asdf", kind, meta, shape)
        for name, (kind, file) in files.items()
    }
    centres = []
    for detector in ("NRS1", "NRS2"):
        wcs = assigned(meta.replace({"instrument.detector": detector}), shape, **parts).wcs
        centres.append(at(wcs, "v2v3", CENTRE, CENTRE))
        np.testing.assert_allclose(wcs.invert(*wcs(CENTRE, CENTRE)), CENTRE, atol=0.1)
    # The middle of the shutters; without its small angles the mirror is off by some arcsec.
    np.testing.assert_allclose(np.mean(centres, axis=0), (378.8, -428.2), atol=20.0)
    # 2048 pixels and the gap between the detectors, at 0.103 and 0.105 arcsec a pixel.
    assert np.hypot(*(centres[1] - centres[0])) == pytest.approx(2190 * 0.104, abs=5.0)
