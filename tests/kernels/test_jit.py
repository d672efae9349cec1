"""Compiled kernels are kept where the user, and nobody else, can write."""

import numpy as np
import pytest

from webbcal.kernels import _jit
from webbcal.kernels.arrays import frozen


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Point every candidate into a temporary folder."""
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(temporary))
    return home, temporary


def test_the_cache_lies_below_the_home_folder(places):
    home, _ = places
    assert _jit._cache_folder().is_relative_to(home / ".cache" / "webbcal" / "kernels")


def test_the_standard_variable_moves_it(places, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert _jit._cache_folder().is_relative_to(tmp_path / "elsewhere" / "webbcal")


def test_a_home_folder_that_cannot_be_written_does_not_matter(places):
    home, temporary = places
    (home / ".cache").write_text("in the way")
    assert _jit._cache_folder().is_relative_to(temporary)


def test_a_folder_that_anybody_can_write_is_not_trusted(places):
    home, temporary = places
    shared = home / ".cache" / "webbcal"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    assert _jit._cache_folder().is_relative_to(temporary)


def test_without_any_folder_kernels_still_work(places, monkeypatch):
    home, temporary = places
    (home / ".cache").write_text("in the way")
    temporary.rmdir()
    temporary.write_text("in the way")
    assert _jit._cache_folder() is None
    monkeypatch.setattr(_jit, "CACHE_FOLDER", None)
    assert _jit.kernel(lambda x: x + 1)(2) == 3


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3)[:, 1:], np.arange(4, dtype=">i2"), np.arange(3.0)]
)
def test_frozen_arrays_have_one_form(array):
    result = frozen(array)
    np.testing.assert_array_equal(result, array)
    assert result.flags.c_contiguous
    assert not result.flags.writeable
    assert result.dtype.isnative
    assert array.flags.writeable


def test_a_kernel_that_cannot_be_kept_runs_all_the_same(monkeypatch, tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir()
    monkeypatch.setattr(_jit, "CACHE_FOLDER", folder)

    def double(value):
        return 2 * value

    doubled = _jit.kernel(double)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    assert doubled(21) == 42
