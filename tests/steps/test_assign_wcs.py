"""assign_wcs: the image looks where its keywords say, in memory and in the file."""

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS as FitsWcs
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidProduct, InvalidReference
from webbcal.core.options import Options
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.refs.load import load_reference
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts
from webbcal.spec.references import Distortion, FilterOffset
from webbcal.steps.assign_wcs import AssignWcsOptions, assign_wcs

SIZE = 256
DISTORTION = Distortion(transform=distortion(SIZE))
OFFSETS = FilterOffset(
    filters=[
        {"filter": "F200W", "pupil": "F162M", "column_offset": 9.0, "row_offset": 9.0},
        {"filter": "F200W", "pupil": "CLEAR", "column_offset": 0.25, "row_offset": -0.5},
        {"filter": "F770W", "pupil": "N/A", "column_offset": 2.0, "row_offset": 3.0},
    ]
)
META = Meta(
    {
        "filename": "image_rate.fits",
        "instrument": {"name": "NIRCAM", "detector": "NRCB1", "filter": "F200W", "pupil": "CLEAR"},
        "subarray": {"xstart": 11, "ystart": 31, "xsize": 60, "ysize": 40},
        "velocity_aberration": {"scale_factor": 1.00005},
        "wcsinfo": {
            "v2_ref": -120.0,
            "v3_ref": -500.0,
            "ra_ref": 80.0,
            "dec_ref": -69.4,
            "roll_ref": 30.0,
            "vparity": -1,
            "a_6_0": 1.0,  # of a former approximation
        },
    }
)


def image(kind=Cal, shape=(40, 60), meta=META):
    zeros, flags = np.zeros(shape, np.float32), np.zeros(shape, np.uint32)
    return kind(sci=zeros, err=zeros, dq=flags, var_poisson=zeros, var_rnoise=zeros, meta=meta)


def assigned(rate, filteroffset=OFFSETS, **options):
    return assign_wcs(rate, DISTORTION, filteroffset, AssignWcsOptions(**options))


def test_subarray_and_filter_move_the_pixels():
    part = assigned(image()).wcs
    whole = assigned(
        image(shape=(SIZE, SIZE), meta=META.replace({"subarray.xstart": 1, "subarray.ystart": 1})),
        filteroffset=None,
    ).wcs
    np.testing.assert_allclose(part(5.0, 7.0), whole(15.25, 36.5), rtol=1e-14)


def test_a_shift_for_any_pupil_serves():
    miri = META.replace({"instrument.filter": "f770w", "instrument.pupil": None})
    a, b = assigned(image(meta=miri)).wcs, assigned(image(), filteroffset=None).wcs
    np.testing.assert_allclose(a(5.0, 7.0), b(7.0, 10.0), rtol=1e-14)


def test_integrations_share_the_coordinates_of_the_image():
    cube = assigned(image(CalInts, (3, 40, 60)))
    assert isinstance(cube, CalInts)
    np.testing.assert_array_equal(cube.wcs(5.0, 7.0), assigned(image()).wcs(5.0, 7.0))


def test_arrays_stay_and_the_input_too():
    rate = image()
    result = assigned(rate)
    assert result.sci is rate.sci
    assert rate.wcs is None


def test_the_header_tells_the_same_and_nothing_of_a_former_one(tmp_path):
    path = tmp_path / "image_cal.fits"
    result = assigned(image())
    write_product(result, path)
    header = fits.getheader(path, "SCI")
    assert header["S_REGION"] == result.meta.wcsinfo.s_region
    assert header["CTYPE1"] == "RA---TAN-SIP"
    assert "A_6_0" not in header
    assert "AP_0_1" in header  # without its linear terms the inverse would be wrong
    assert header["SIPMXERR"] <= 0.01 >= header["SIPIVERR"]
    there = FitsWcs(header).all_pix2world(5.0, 7.0, 0)
    np.testing.assert_allclose(there, result.wcs(5.0, 7.0), atol=0.01 * 0.031 / 3600)


def test_read_again_the_image_looks_at_the_same_place(tmp_path):
    path = tmp_path / "image_cal.fits"
    result = assigned(image())
    write_product(result, path)
    again = open_product(path)
    assert again.wcs.available_frames == ["detector", "v2v3", "v2v3vacorr", "world"]
    np.testing.assert_array_equal(again.wcs(5.0, 7.0), result.wcs(5.0, 7.0))


def test_without_the_approximation_the_header_has_none():
    assert assigned(image(), sip_approx=False).meta.wcsinfo.ctype1 is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("wcsinfo.ra_ref", None),
        ("wcsinfo.dec_ref", 95.0),
        ("wcsinfo.roll_ref", float("nan")),
        ("wcsinfo.v2_ref", "left"),
        ("velocity_aberration.scale_factor", 0.0),
        ("subarray.xstart", -3),
    ],
)
def test_an_absurd_pointing_is_told(path, value):
    with pytest.raises(InvalidProduct, match=path.split(".")[-1]):
        assigned(image(meta=META.replace({path: value})))


def test_shifts_for_other_filters_are_told():
    other = image(meta=META.replace({"instrument.filter": "F090W"}))
    with pytest.raises(InvalidReference, match="F090W CLEAR"):
        assigned(other)
    empty = FilterOffset(filters=[{"filter": "F200W", "pupil": "CLEAR"}])
    with pytest.raises(InvalidReference, match="no shift for F200W"):
        assigned(image(), filteroffset=empty)


def test_reference_files_are_loaded(tmp_path):
    path, shifts = tmp_path / "distortion.asdf", tmp_path / "offset.asdf"
    meta = {"reftype": "distortion", "instrument": {"name": "NIRCAM", "detector": "NRCB1"}}
    asdf.AsdfFile({"meta": meta, "model": DISTORTION.transform}).write_to(path)
    tree = {"meta": meta | {"reftype": "filteroffset"}, "filters": OFFSETS.filters}
    asdf.AsdfFile(tree).write_to(shifts)
    files = [
        load_reference(file, kind, META, (40, 60))
        for file, kind in ((path, Distortion), (shifts, FilterOffset))
    ]
    from_files = assign_wcs(image(), *files, AssignWcsOptions())
    np.testing.assert_array_equal(from_files.wcs(5.0, 7.0), assigned(image()).wcs(5.0, 7.0))
    with pytest.raises(InvalidReference, match="model is missing"):
        asdf.AsdfFile({"meta": meta}).write_to(path)
        load_reference(path, Distortion, META, (40, 60))


def test_options_are_bounded():
    assert issubclass(AssignWcsOptions, Options)
    with pytest.raises(Exception, match="sip_degree"):
        AssignWcsOptions(sip_degree=7)
