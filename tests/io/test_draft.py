"""A product filled in place is the product written at once."""

import os

import numpy as np
import pytest

from webbcal.core.errors import CannotWrite
from webbcal.io.draft import Draft, Room
from webbcal.io.fits import read_extensions
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Rate

SHAPE = (37, 53)
META = Meta({"instrument": {"name": "NIRCAM"}, "exposure": {"type": "NRC_IMAGE"}})


@pytest.fixture(params=["nameless", "named"], autouse=True)
def kind_of_file(request, monkeypatch):
    """Not every system has files without a name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.fixture
def whole():
    rng = np.random.default_rng(5)
    names = ("sci", "err", "var_poisson", "var_rnoise")
    arrays = {name: rng.normal(size=SHAPE).astype("f4") for name in names}
    return Rate(meta=META, dq=rng.integers(0, 2**32, SHAPE, "u4"), **arrays)


def fill(path, product, meta=META):
    """Write a product as a draft, in windows; return the draft and the product to complete."""
    draft = Draft(path)
    names = ("sci", "err", "dq", "var_poisson", "var_rnoise")
    rooms = {name: Room(SHAPE, getattr(product, name).dtype) for name in names}
    places = draft.place(Rate.from_stored(rooms, meta=meta))
    for y in range(0, SHAPE[0], 10):
        for x in range(0, SHAPE[1], 20):
            window = slice(y, min(y + 10, SHAPE[0])), slice(x, min(x + 20, SHAPE[1]))
            for name, place in places.items():
                place.write(window, getattr(product, name)[window])
    return draft, places


def assert_same(path, product):
    opened = open_product(path)
    for name in ("sci", "err", "dq", "var_poisson", "var_rnoise"):
        np.testing.assert_array_equal(getattr(opened, name), getattr(product, name))
    return opened


def test_file_is_the_one_written_at_once(tmp_path, whole):
    path = tmp_path / "x_rate.fits"
    draft, places = fill(path, whole)
    assert not path.exists()
    draft.complete(Rate.from_stored(places, meta=META))
    assert_same(path, whole)
    other = tmp_path / "at_once" / "x_rate.fits"
    other.parent.mkdir()
    write_product(whole, other)
    parts = [[e.header[:2000] for e in read_extensions(p)][1:] for p in (path, other)]
    assert parts[0] == parts[1]
    assert path.stat().st_size == other.stat().st_size
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [path.name]


def test_final_values_replace_the_first_ones(tmp_path, whole):
    path = tmp_path / "x_rate.fits"
    before = META.replace({"exposure.primary_cosmic_rays": 0.0})
    draft, places = fill(path, whole, before)
    after = META.replace({"exposure.primary_cosmic_rays": 7.5})
    draft.complete(Rate.from_stored(places, meta=after))
    assert assert_same(path, whole).meta.exposure.primary_cosmic_rays == 7.5


def test_metadata_that_outgrow_their_room_are_written_all_the_same(tmp_path, whole):
    path = tmp_path / "x_rate.fits"
    draft, places = fill(path, whole)
    more = {f"cal_step.{name}": "COMPLETE" for name in ("jump", "ramp_fit", "superbias")}
    more |= {f"ref_file.{name}.name": "N/A" for name in ("dark", "gain", "mask", "ipc", "area")}
    more |= {f"exposure.{name}": 3 for name in ("ngroups", "nints", "nframes", "groupgap")}
    more |= {f"subarray.{name}": 3 for name in ("xsize", "ysize", "xstart", "ystart", "fastaxis")}
    more |= {f"target.{name}": "of some name" for name in ("proposer_name", "catalog_name")}
    more |= {f"observation.{n}": "1" for n in ("program_number", "visit_number", "visit_group")}
    draft.complete(Rate.from_stored(places, meta=META.replace(more)))
    assert assert_same(path, whole).meta.exposure.ngroups == 3
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_draft_that_is_discarded_leaves_nothing(tmp_path, whole):
    draft, _ = fill(tmp_path / "x_rate.fits", whole)
    draft.discard()
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there(tmp_path, whole):
    with pytest.raises(CannotWrite, match="x_rate"):
        fill(tmp_path / "absent" / "x_rate.fits", whole)


def test_a_system_that_cannot_name_a_nameless_file(tmp_path, whole, monkeypatch):
    path = tmp_path / "x_rate.fits"
    draft, places = fill(path, whole)
    monkeypatch.setattr(draft, "_give_name", lambda: False)
    draft.complete(Rate.from_stored(places, meta=META))
    assert_same(path, whole)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
