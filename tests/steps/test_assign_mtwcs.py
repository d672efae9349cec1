"""assign_mtwcs: a comet is in the same place in all exposures, and so is its tail."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from tests.geometry.distortions import distortion
from tests.steps.dithers import tools

from webbcal.core.errors import CannotCalibrate, InvalidProduct
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps.assign_mtwcs import AssignMtwcsOptions, follow_target

SHAPE = (256, 256)
TRACK = [(359.998, 60.0), (0.004, 60.01), (0.010, 60.02)]
"""Where the target is, degrees: it moves by 74 arcsec."""


def image(target, dither=(0.0, 0.0), **wcsinfo):
    pointing = Pointing(-120.0, -500.0, target[0] + dither[0], target[1] + dither[1], 30.0)
    zeros = np.zeros(SHAPE, np.float32)
    meta = Meta(
        {
            "filename": "comet_cal.fits",
            "wcs": imaging_wcs(distortion(256), pointing, SHAPE),
            "wcsinfo": {"mt_ra": target[0] % 360, "mt_dec": target[1]} | wcsinfo,
        }
    )
    dq = np.zeros(SHAPE, np.uint32)
    return Cal(sci=zeros, err=zeros, dq=dq, var_poisson=zeros, var_rnoise=zeros, meta=meta)


def run(images):
    return follow_target(tuple(images), AssignMtwcsOptions(), tools())


def test_the_tail_is_where_it_is_in_the_mean_exposure():
    images = [image(target, (0.0, 0.0001 * n)) for n, target in enumerate(TRACK)]
    result = run(images)
    mean = SkyCoord(
        result.images[0].meta.wcsinfo.mt_avra, result.images[0].meta.wcsinfo.mt_avdec, unit="deg"
    )
    offset = np.array([0.0, 70.0, 200.0]) * units.deg, np.array([0.0, 1.0, 2.0]) * units.arcsec
    expected = mean.directional_offset_by(*offset)
    for before, after, target in zip(images, result.images, TRACK, strict=True):
        tail = SkyCoord(*target, unit="deg").directional_offset_by(*offset)
        pixels = before.wcs.invert(tail.ra.deg, tail.dec.deg, with_bounding_box=False)
        seen = SkyCoord(*after.wcs(*pixels, with_bounding_box=False), unit="deg")
        assert seen.separation(expected).arcsec.max() < 1e-5
    assert result.figures["largest_distance"] == pytest.approx(37.5, abs=1.0)


def test_arrays_stay_and_keywords_follow(tmp_path):
    images = [image(target) for target in TRACK]
    result = run(images)
    found = result.images[0]
    assert found.sci is images[0].sci
    assert found.meta.wcsinfo.s_region != images[0].meta.wcsinfo.s_region
    assert found.meta.wcsinfo.ctype1 is None  # there was no approximation
    write_product(found, tmp_path / "comet_crf.fits")
    again = open_product(tmp_path / "comet_crf.fits")
    assert again.wcs.available_frames[-1] == "moving_target"
    np.testing.assert_array_equal(again.wcs(5.0, 7.0), found.wcs(5.0, 7.0))


def test_the_approximation_in_the_header_follows():
    (found,) = run([image(TRACK[0], ctype1="RA---TAN", a_6_0=1.0)]).images
    assert found.meta.wcsinfo.ctype1 == "RA---TAN-SIP"
    assert found.meta.wcsinfo.a_6_0 is None


def test_exposures_that_do_not_tell_where_the_target_was():
    silent = image(TRACK[0], mt_ra=None)
    with pytest.raises(CannotCalibrate, match="MT_RA"):
        run([silent, silent])
    with pytest.raises(InvalidProduct, match="MT_RA"):
        run([image(TRACK[0]), silent])
    lost = image(TRACK[1])
    with pytest.raises(InvalidProduct, match="world coordinates"):
        run([lost.with_changes(meta=lost.meta.replace({"wcs": None}))])
