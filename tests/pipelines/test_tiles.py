"""Long exposures are read and written tile by tile, with the values they have."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from webbcal.io.spill import Spill
from webbcal.pipelines import tiles
from webbcal.pipelines.blocks import bands, windows
from webbcal.pipelines.portions import begin
from webbcal.pipelines.tiles import Tiled, laid_out, parts_laid_out
from webbcal.spec.products import Uncal
from webbcal.spec.window import Window

SHAPE = (5, 3, 20, 30)


@pytest.fixture
def parallel(monkeypatch):
    monkeypatch.setattr(tiles, "BATCH_BYTES", 2 * 3 * 20 * 30 * 2)  # two integrations at a time
    with ThreadPoolExecutor(2) as pool:
        yield pool.map


@pytest.fixture
def raw():
    return np.random.default_rng(1).integers(0, 65535, SHAPE, dtype=np.uint16)


def test_tiles_that_overlap_are_read_as_they_are(raw, parallel, tmp_path):
    stored = Spill(SHAPE, np.uint16, tmp_path)
    stored.write((slice(None),) * 4, raw)
    source = Uncal.from_stored({"sci": stored})
    inner = [Window(6, 14, x0, min(x0 + 8, 30), SHAPE[-2:]) for x0 in range(0, 30, 8)]
    near = laid_out(source, [window.grow(3) for window in inner], parallel, tmp_path)
    for window in (*inner, *(window.grow(3) for window in inner)):
        part = begin(near, window)
        np.testing.assert_array_equal(part.sci, raw[..., window.rows, window.columns])


def test_tiles_come_to_their_places(raw, parallel, tmp_path):
    target = Spill(SHAPE, np.uint16, tmp_path)
    for band in bands(list(windows(SHAPE[-2:], 100, 1))):
        tiled = Tiled.empty(SHAPE, np.dtype(np.uint16), band, tmp_path)
        for tile in band:
            index = (slice(None), slice(None), tile.rows, tile.columns)
            tiled.write(index, raw[index])
        tiled.copy_to(target, parallel)
    np.testing.assert_array_equal(target.read(), raw)


@pytest.mark.parametrize("size", [100, 4000, 100_000])
def test_windows_cover_every_pixel_once(size):
    seen = np.zeros((100, 210), int)
    for window in windows(seen.shape, size, 6 << 20):
        seen[window.rows, window.columns] += 1
    assert (seen == 1).all()


def test_long_exposures_come_in_tiles_with_room_for_their_margins():
    size, block = 22_000, 6 << 20
    first = next(windows((256, 2048), size, block))
    rows, columns = first.grow(3).size
    assert rows < 256
    assert columns < 100
    assert rows * columns * size < 4 * block


def test_a_few_columns_are_read_frame_by_frame_with_the_values_they_have(raw, parallel, tmp_path):
    stored = Spill(SHAPE, np.uint16, tmp_path)
    stored.write((slice(None),) * 4, raw)
    source = Uncal.from_stored({"sci": stored})
    sides = [Window(0, 20, 0, 4, SHAPE[-2:]), Window(0, 20, 26, 30, SHAPE[-2:])]
    near = parts_laid_out(source, sides, parallel, tmp_path)
    assert isinstance(near.stored("sci"), Tiled)
    for side in sides:
        part = begin(near, side, slice(1, 3))
        np.testing.assert_array_equal(part.sci, raw[1:3, ..., side.columns])


def test_columns_that_hold_too_much_for_memory_stay_on_disk(raw, parallel, tmp_path, monkeypatch):
    monkeypatch.setattr(tiles, "PARTS_BYTES", 100)
    source = Uncal.from_stored({"sci": Spill(SHAPE, np.uint16, tmp_path)})
    near = parts_laid_out(source, [Window(0, 20, 0, 4, SHAPE[-2:])], parallel, tmp_path)
    assert near.stored("sci") is source.stored("sci")
