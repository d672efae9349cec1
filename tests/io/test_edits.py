"""What other tools do to a file counts, and what nobody declared survives."""

from datetime import datetime

import numpy as np
import pytest
from astropy.io import fits
from tests.io.examples import example

from webbcal.io.asdf_tree import EncodedNode
from webbcal.io.cards import Card
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import CalMultiSlit, Rate, Uncal


@pytest.fixture
def path(tmp_path):
    product = example(Rate, np.random.default_rng(1), metadata=0)
    product = product.with_changes(
        meta=Meta(
            {
                "instrument": {"name": "NIRCAM", "filter": "F150W"},
                "exposure": {"ngroups": 5, "type": "NRC_IMAGE"},
                "wcsinfo": {"crval1": 80.25},
            }
        )
    )
    path = tmp_path / "jw01_rate.fits"
    write_product(product, path)
    return path


def edit(path, **changes):
    with fits.open(path, mode="update") as hdus:
        for name, value in changes.items():
            if value is None:
                del hdus[0].header[name]
            else:
                hdus[0].header[name] = value


def test_an_edited_keyword_overrules_the_tree(path):
    edit(path, FILTER="F200W")
    meta = open_product(path).meta
    assert meta.instrument.filter == "F200W"
    assert meta.instrument.name == "NIRCAM"
    assert meta.wcsinfo.crval1 == 80.25


def test_a_removed_keyword_unsets_the_entry(path):
    edit(path, NGROUPS=None)
    assert open_product(path).meta.exposure.ngroups is None


def test_the_tree_alone_cannot_change_an_untouched_file(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"filter: F150W", b"filter: F277W"))
    assert open_product(path).meta.instrument.filter == "F277W"  # headers match: the tree wins
    edit(path, TARGNAME="any edit")
    assert open_product(path).meta.instrument.filter == "F150W"


def test_edited_pixels_are_read(path):
    with fits.open(path, mode="update") as hdus:
        hdus["SCI"].data[:] = 3.0
    assert (open_product(path).sci == 3.0).all()


def test_a_file_without_a_tree_is_read_from_its_headers(path, tmp_path):
    bare = tmp_path / "bare_rate.fits"
    with fits.open(path) as hdus:
        fits.HDUList([hdu.copy() for hdu in hdus if hdu.name != "ASDF"]).writeto(bare)
    assert open_product(bare).meta.instrument.filter == "F150W"
    assert open_product(bare).meta.wcs is None


def test_unknown_keywords_and_extensions_survive(path, tmp_path):
    table = fits.BinTableHDU.from_columns(
        [fits.Column("n", "J", array=[1, 2]), fits.Column("s", "PE()", array=[[1.0], [2.0, 3.0]])],
        name="EXTRA TABLE",
    )
    with fits.open(path) as hdus:
        hdus[0].header["MYKEY"] = ("mine", "my comment")
        hdus[0].header["COMMENT"] = "a remark"
        hdus[0].header["HISTORY"] = "done by hand"
        hdus["SCI"].header["HIERARCH my long key"] = 1.5
        hdus.insert(2, fits.ImageHDU(np.arange(6.0).reshape(2, 3), name="EXTRA"))
        hdus.insert(3, table)
        hdus.writeto(tmp_path / "edited_rate.fits")
    product = open_product(tmp_path / "edited_rate.fits")
    again = tmp_path / "again_rate.fits"
    write_product(product, again)
    with fits.open(again) as hdus:
        assert hdus[0].header["MYKEY"] == "mine"
        assert hdus[0].header.comments["MYKEY"] == "my comment"
        assert "a remark" in str(hdus[0].header["COMMENT"])
        assert "done by hand" in str(hdus[0].header["HISTORY"])
        assert hdus["SCI"].header["my long key"] == 1.5
        np.testing.assert_array_equal(hdus["EXTRA"].data, np.arange(6.0).reshape(2, 3))
        np.testing.assert_array_equal(hdus["EXTRA TABLE"].data["s"][1], [2.0, 3.0])
        assert hdus[1].name == "SCI"
        assert hdus[-1].name == "ASDF"
    extras = open_product(again).extras
    assert [e.name for e in extras["extensions"]] == ["EXTRA", "EXTRA TABLE"]
    assert [entry["description"] for entry in extras["history"]] == ["done by hand"]


def test_extras_given_by_hand_are_written(path, tmp_path):
    extras = {
        "keywords": {"PRIMARY": (Card("MYKEY", 3, "my number"),)},
        "history": ({"description": "step one", "time": datetime(2026, 1, 2, 3, 4, 5)},),
        "tree": {"webbcal": {"steps": [{"name": "jump", "took_s": 1.5}], "none": {}}},
    }
    target = tmp_path / "given_rate.fits"
    write_product(open_product(path).with_changes(extras=extras), target)
    found = open_product(target).extras
    assert found["tree"] == extras["tree"]
    assert found["history"][0] == {
        "description": "step one",
        "time": datetime(2026, 1, 2, 3, 4, 5),
    }
    assert found["keywords"]["PRIMARY"][0].value == 3


def test_a_wcs_survives_decoded_or_not(path, tmp_path):
    import astropy.units as u
    import gwcs
    from astropy.modeling.models import Mapping, Polynomial2D
    from gwcs import coordinate_frames as frames

    # Enough coefficients that they go to a binary block behind the tree.
    x, y = Polynomial2D(4, c0_0=1.0, c1_0=2.0, c0_3=0.25), Polynomial2D(4, c0_1=3.0)
    pixels = frames.Frame2D(name="detector", unit=(u.pix, u.pix))
    plane = frames.Frame2D(name="v2v3", unit=(u.arcsec, u.arcsec))
    wcs = gwcs.WCS([(pixels, Mapping((0, 1, 0, 1)) | x & y), (plane, None)])
    product = open_product(path)
    first, second = tmp_path / "first_rate.fits", tmp_path / "second_rate.fits"
    write_product(product.with_changes(meta=product.meta.replace({"wcs": wcs})), first)
    untouched = open_product(first)
    assert isinstance(untouched.meta.wcs, EncodedNode)
    write_product(untouched, second)
    for found in (untouched, open_product(second)):
        assert found.wcs(3.0, 4.0) == wcs(3.0, 4.0)
        assert found.wcs is found.wcs


def test_each_slit_keeps_its_own_scalars(tmp_path):
    product = example(CalMultiSlit, np.random.default_rng(8), metadata=0)
    slits = tuple(
        slit.with_changes(attributes=Meta({"source_type": kind, "is_extended": True}, ""))
        for slit, kind in zip(product.slits, ("POINT", "EXTENDED", "POINT"), strict=False)
    )
    path = tmp_path / "jw01_cal.fits"
    meta = product.meta.replace({"target.source_type": "EXTENDED"})
    write_product(product.with_changes(slits=slits, meta=meta), path)
    found = open_product(path)
    assert [s.source_type for s in found.slits] == [s.source_type for s in slits]
    assert all(s.is_extended for s in found.slits)  # kept in the tree: it has no keyword
    assert found.meta.target.source_type is None  # its keyword speaks of the first slit


def test_text_that_no_header_can_hold_is_made_plain_in_both_places(path, tmp_path):
    product = open_product(path)
    meta = product.meta.replace(
        {"program.pi_name": "Zoë Müller", "program.title": "two\nlines", "target.ra": np.nan}
    )
    target = tmp_path / "plain_rate.fits"
    write_product(product.with_changes(meta=meta), target)
    found = open_product(target).meta
    assert found.program.pi_name == "Zoe Muller"
    assert found.program.title == "two lines"
    assert found.target.ra is None
    with fits.open(target) as hdus:
        assert hdus[0].header["PI_NAME"] == "Zoe Muller"


def test_an_absent_array_is_written_as_its_fill_value(tmp_path):
    from webbcal.spec.products import Ramp

    ramp = Ramp(
        sci=np.ones((1, 2, 3, 4), "f4"),
        pixeldq=np.zeros((3, 4), "u4"),
        groupdq=np.zeros((1, 2, 3, 4), "u1"),
    )
    path = tmp_path / "jw01_ramp.fits"
    write_product(ramp, path)
    with fits.open(path) as hdus:
        assert hdus["ERR"].data.shape == (1, 2, 3, 4)
        assert not hdus["ERR"].data.any()
        assert len(hdus["GROUP"].data) == 0
    assert ramp.err is None


def test_a_raw_exposure_opens_as_a_ramp(tmp_path):
    from webbcal.spec.products import Ramp

    raw = np.arange(24, dtype="u2").reshape(1, 2, 3, 4)
    path = tmp_path / "jw01_uncal.fits"
    write_product(Uncal(sci=raw), path)
    ramp = open_product(path, Ramp)
    np.testing.assert_array_equal(ramp.sci, raw.astype("f4"))
    assert ramp.sci.dtype == np.float32
    assert not ramp.groupdq.any()
    assert ramp.pixeldq.shape == (3, 4)
