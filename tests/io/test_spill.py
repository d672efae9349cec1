"""An array filled in parts gives back what was put in, in memory and in a file."""

import numpy as np
import pytest

from webbcal.core.errors import CannotWrite
from webbcal.io import spill
from webbcal.io.spill import Spill


@pytest.fixture(params=["memory", "file"])
def limit(request, monkeypatch):
    monkeypatch.setattr(spill, "IN_MEMORY_BYTES", 0 if request.param == "file" else 1 << 20)


def windows(rows, columns):
    for y in range(0, rows, 3):
        for x in range(0, columns, 4):
            yield slice(y, min(y + 3, rows)), slice(x, min(x + 4, columns))


@pytest.mark.parametrize("leading", [(), (2,), (3, 2)])
def test_parts_make_the_whole(limit, tmp_path, leading):
    wanted = np.random.default_rng(1).random((*leading, 7, 9)).astype("f4")
    array = Spill(wanted.shape, "f4", tmp_path)
    all_of_it = tuple(slice(None) for _ in leading)
    for part in windows(7, 9):
        array.write((*all_of_it, *part), wanted[(*all_of_it, *part)])
    np.testing.assert_array_equal(array.read(), wanted)
    part = (*all_of_it, slice(2, 6), slice(1, 8))
    np.testing.assert_array_equal(array.read(part), wanted[part])
    rows = (*all_of_it, slice(2, 6), slice(None))
    np.testing.assert_array_equal(array.read(rows), wanted[rows])


def test_what_is_read_is_a_copy(limit, tmp_path):
    array = Spill((4, 4), "f4", tmp_path)
    array.read()[:] = 1.0
    assert not array.read().any()


def test_nothing_is_left_in_the_folder(limit, tmp_path):
    array = Spill((100, 100), "f4", tmp_path)
    array.write((slice(0, 1), slice(None)), np.ones((1, 100), "f4"))
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(spill, "IN_MEMORY_BYTES", 0)
    with pytest.raises(CannotWrite, match="cannot write results"):
        Spill((4, 4), "f4", tmp_path / "absent")
