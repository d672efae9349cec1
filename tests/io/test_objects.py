"""World coordinates in files: read and written without the libraries that know everything."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.world import World
from webbcal.io.asdf_tree import encode, read_tree, render_tree
from webbcal.io.objects import tree_of
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "format" / "samples"
X, Y = np.random.default_rng(3).uniform(0, 39, (2, 60))
POINTING = Pointing(-120.0, -500.0, 0.002, -69.4, 134.5)


def image(wcs):
    plane = np.zeros((40, 60), np.float32)
    meta = {"filename": "a_cal.fits", "wcs": wcs, "instrument": {"name": "NIRCAM"}}
    return Cal(
        sci=plane,
        err=plane,
        dq=np.zeros(plane.shape, np.uint32),
        var_poisson=plane,
        var_rnoise=plane,
        meta=Meta(meta),
    )


def coordinates(pointing=POINTING):
    return imaging_wcs(distortion(64), pointing, (40, 60), (5, 4), (0.2, -0.1))


@pytest.mark.parametrize("written", ["ours", "theirs"])
def test_files_say_the_same_to_both_readers(tmp_path, written):
    wcs = coordinates()
    write_product(image(wcs if written == "ours" else wcs.decode()), tmp_path / "a_cal.fits")
    found = open_product(tmp_path / "a_cal.fits")
    assert isinstance(found.world, World)
    assert found.world is found.world
    np.testing.assert_allclose(found.world(X, Y), wcs(X, Y), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.wcs(X, Y), wcs(X, Y), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.world.invert(*wcs(X, Y)), wcs.invert(*wcs(X, Y)), atol=1e-8)
    assert (found.world.box, found.world.array_shape) == (wcs.box, (40, 60))


def test_what_was_read_is_written_unchanged(tmp_path):
    write_product(image(coordinates()), tmp_path / "a_cal.fits")
    first = open_product(tmp_path / "a_cal.fits")
    assert first.world.stored() is first.meta.raw("wcs")
    # With another part in the chain, the others stay as they are.
    changed = first.world.with_(name="mine")
    write_product(
        dataclasses.replace(image(None), meta=first.meta.replace({"wcs": changed})),
        tmp_path / "b_cal.fits",
    )
    second = open_product(tmp_path / "b_cal.fits")
    assert second.world.name == "mine"
    np.testing.assert_array_equal(second.world(X, Y), first.world(X, Y))
    np.testing.assert_allclose(second.wcs(X, Y), first.wcs(X, Y), rtol=0, atol=1e-13)


def test_no_large_library_is_loaded(tmp_path):
    write_product(image(coordinates().decode()), tmp_path / "a_cal.fits")
    program = """
import sys
from webbcal.io.objects import tree_of
from webbcal.io.read import open_product
from webbcal.io.write import write_product
product = open_product(sys.argv[1])
product.world(1.0, 2.0)
changed = product.meta.replace({"wcs": product.world.with_(name="mine")})
write_product(product.with_changes(meta=changed), sys.argv[2])
loaded = {"gwcs", "astropy", "asdf", "scipy"} & set(sys.modules)
assert not loaded, loaded
"""
    files = [str(tmp_path / name) for name in ("a_cal.fits", "b_cal.fits")]
    subprocess.run([sys.executable, "-c", program, *files], check=True)


def test_links_to_other_files_are_refused():
    document = render_tree({"wcs": encode({"wcs": coordinates().decode()})["wcs"]}, "here")
    assert b"source: 0" in document
    linked = document.replace(b"source: 0", b"source: other.asdf", 1)
    with pytest.raises(InvalidInput, match="links to another file"):
        read_tree(linked, "here")["wcs"].light()


def test_damage_is_told():
    text = render_tree({"wcs": tree_of(coordinates())}, "here")
    broken = text.replace(b"steps:", b"stops:", 1)
    with pytest.raises(InvalidInput, match="here: the stored world coordinates are damaged"):
        read_tree(broken, "here")["wcs"].light()


def test_tables_are_read_as_columns(tmp_path):
    import asdf
    from astropy.table import MaskedColumn, Table

    from webbcal.io.asdf_file import read_asdf
    from webbcal.spec.references.catalogs import VegaOffset

    table = Table({"filter": ["F560W", "F770W"], "abvega_offset": [4.38, 1.5]})
    hidden = Table({"abvega_offset": MaskedColumn([4.38, 1.5], mask=[False, True])})
    for number, written in enumerate((table, hidden)):
        path = tmp_path / f"{number}.asdf"
        asdf.AsdfFile({"meta": {}, "abvega_offset": written}).write_to(path)
        found = read_asdf(path, VegaOffset).offsets
        assert list(found) == written.colnames
        for name in written.colnames:
            np.testing.assert_array_equal(found[name], np.asarray(written[name]))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no tree")
@pytest.mark.parametrize("name", ["cal", "cal_polywcs", "cal_slit", "i2d", "s2d_slit"])
def test_coordinates_of_other_writers_are_read(name):
    found = open_product(SAMPLES / f"{name}.fits")
    x, y = np.random.default_rng(0).uniform(0, 3, (2, 20))
    ours = found.world(x, y, with_bounding_box=False)
    theirs = found.wcs(x, y, with_bounding_box=False)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    assert found.world.frames == tuple(found.wcs.available_frames)
