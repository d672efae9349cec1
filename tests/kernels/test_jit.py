"""Compiled kernels are kept where the user, and nobody else, can write."""

import ast
import os
from pathlib import Path

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


def test_machine_code_of_versions_long_unused_is_removed(places):
    home, _ = places
    kernels = home / ".cache" / "webbcal" / "kernels"
    for number in range(_jit.KEPT_VERSIONS + 3):
        (kernels / f"{number:03}").mkdir(parents=True)
        (kernels / f"{number:03}" / "kernel.nbi").write_text("old")
        os.utime(kernels / f"{number:03}", (1000 + number, 1000 + number))
    kernels.parent.chmod(0o700)
    os.utime(kernels / "001")  # in use
    folder = _jit._cache_folder()
    left = sorted(path.name for path in kernels.iterdir() if path != folder)
    assert left == ["001", *(f"{n:03}" for n in range(5, _jit.KEPT_VERSIONS + 3))]
    (kernels / "another").mkdir()
    assert _jit._cache_folder() == folder  # known: nothing is looked at
    assert len(list(kernels.iterdir())) == _jit.KEPT_VERSIONS + 1


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


def kept_in(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.nbc"))


def test_an_entry_is_found_again_without_what_others_need_of_it(monkeypatch, tmp_path):
    def total(values):
        result = 0.0
        for value in values:
            result += np.sqrt(value)
        return result

    values = np.array([1.0, 4.0, 9.0])
    sizes = {}
    for compile_ in (_jit.kernel, _jit.entry):
        folder = tmp_path / compile_.__name__
        folder.mkdir()
        monkeypatch.setattr(_jit, "CACHE_FOLDER", folder)
        assert compile_(total)(values) == 6.0
        again = compile_(total)
        assert again(values) == 6.0
        assert sum(again.stats.cache_hits.values()) == 1
        sizes[compile_.__name__] = kept_in(folder)
    assert sizes["entry"] < 0.8 * sizes["kernel"]

    @_jit.kernel
    def twice(values):
        return 2 * again(values)

    with pytest.raises(RuntimeError, match="unfit for linking"):
        twice(values)


def test_no_kernel_calls_an_entry():
    """`entry` promises that; a kernel that was kept could not be linked to it."""
    folder = Path(_jit.__file__).parent
    modules = {path.stem: ast.parse(path.read_text("utf-8")) for path in folder.glob("*.py")}
    entries = {
        f"{name}.{f.name}"
        for name, module in modules.items()
        for f in module.body
        if isinstance(f, ast.FunctionDef) and "entry" in map(ast.unparse, f.decorator_list)
    }
    assert "ramp.fit_ramps" in entries
    for name, module in modules.items():
        compiled = [f for f in module.body if isinstance(f, ast.FunctionDef) and f.decorator_list]
        used = {n.id for f in compiled for n in ast.walk(f) if isinstance(n, ast.Name)}
        used -= {f.name for f in compiled if f"{name}.{f.name}" not in entries}
        assert not {f"{name}.{one}" for one in used} & entries
        imported = [n for n in ast.walk(module) if isinstance(n, ast.ImportFrom) and n.module]
        assert not entries & {
            f"{n.module.rpartition('.')[2]}.{alias.name}"
            for n in imported
            for alias in n.names
            if alias.name in used
        }
