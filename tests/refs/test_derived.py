"""References computed once and found again on disk."""

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from webbcal.refs.derived import derived
from webbcal.spec.references import ReadNoise

SIZE = 64


def noise(value: float) -> ReadNoise:
    return ReadNoise(sci=np.full((SIZE, SIZE), value, "f4"))


class Maker:
    """Makes a product and counts how often."""

    def __init__(self, value: float) -> None:
        self.value, self.made = value, 0

    def __call__(self) -> ReadNoise:
        self.made += 1
        return noise(self.value)


def files(folder: Path) -> set[str]:
    return {path.name.split("-")[0] for path in folder.glob("*.fits")}


def test_a_result_is_made_once_and_read_from_disk(tmp_path):
    maker = Maker(3)
    for _ in range(3):
        product = derived("key", maker, ReadNoise, tmp_path, 1 << 30)
        assert product.stored("sci") is not None
        np.testing.assert_array_equal(product.sci, noise(3).sci)
    assert maker.made == 1


def test_another_key_is_another_result(tmp_path):
    assert derived("a b/../c", Maker(1), ReadNoise, tmp_path, 1 << 30).sci[0, 0] == 1
    assert derived("a_b/../c", Maker(2), ReadNoise, tmp_path, 1 << 30).sci[0, 0] == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_result_is_made_again(tmp_path):
    derived("key", Maker(1), ReadNoise, tmp_path, 1 << 30)
    (path,) = tmp_path.glob("*.fits")
    path.write_bytes(path.read_bytes()[:3000])
    maker = Maker(1)
    assert derived("key", maker, ReadNoise, tmp_path, 1 << 30).sci[0, 0] == 1
    assert maker.made == 1


def test_what_was_not_used_for_longest_is_removed(tmp_path):
    derived("one", Maker(1), ReadNoise, tmp_path, 1 << 30)
    size = next(tmp_path.glob("*.fits")).stat().st_size
    derived("two", Maker(2), ReadNoise, tmp_path, 1 << 30)
    for n, path in enumerate(sorted(tmp_path.glob("*.fits"))):
        os.utime(path, (1000 + n, 1000 + n))
    opened = derived("one", Maker(1), ReadNoise, tmp_path, 1 << 30)
    derived("three", Maker(3), ReadNoise, tmp_path, 2 * size + 100)
    assert files(tmp_path) == {"one", "three"}
    derived("four", Maker(4), ReadNoise, tmp_path, 0)
    assert files(tmp_path) == set()
    assert opened.sci[0, 0] == 1  # removed, and still readable


def test_a_disk_that_is_nearly_full_keeps_little(tmp_path, monkeypatch):
    derived("one", Maker(1), ReadNoise, tmp_path, 1 << 30)
    size = next(tmp_path.glob("*.fits")).stat().st_size
    os.utime(next(tmp_path.glob("*.fits")), (1000, 1000))
    # A fifth of what would be free without the two results: one of them.
    free = shutil._ntuple_diskusage(100 * size, 94 * size, 6 * size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    derived("two", Maker(2), ReadNoise, tmp_path, 1 << 30)
    assert files(tmp_path) == {"two"}


def test_a_folder_that_cannot_be_written_to_keeps_nothing(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    maker = Maker(5)
    for _ in range(2):
        assert derived("key", maker, ReadNoise, blocked, 1 << 30).sci[0, 0] == 5
    assert maker.made == 2


def test_an_error_while_making_leaves_nothing(tmp_path):
    def fail() -> ReadNoise:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        derived("key", fail, ReadNoise, tmp_path, 1 << 30)
    assert not list(tmp_path.iterdir())


def test_several_at_once_get_the_same_result(tmp_path):
    results: list[float] = []

    def work() -> None:
        for n in range(4):
            key = f"key {n}"
            product = derived(key, Maker(n), ReadNoise, tmp_path, 40_000)
            results.append(float(product.sci.mean()) - n)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0.0] * 16
