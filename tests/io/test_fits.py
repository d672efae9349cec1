"""Arrays on disk: any part, any type, from any thread; and headers that lie."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webbcal.core.errors import InvalidInput
from webbcal.io import fits as module
from webbcal.io.fits import Constant, read_extensions

TYPES = ("u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8")


def store(path, values, **keywords):
    hdu = fits.ImageHDU(values, name="SCI")
    hdu.header.update(keywords)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return read_extensions(path)[1]


@st.composite
def parts(draw, length):
    start = draw(st.integers(0, length))
    return slice(start, draw(st.integers(start, length)))


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data())
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_part_is_what_plain_indexing_gives(dtype, data, tmp_path):
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    rng = np.random.default_rng(7)
    values = rng.integers(0, 255, shape).astype(dtype)
    if dtype[0] in "iu":
        values.flat[0] = np.iinfo(dtype).max
    disk = store(tmp_path / "file.fits", values).image()
    index = tuple(data.draw(parts(length)) for length in shape)
    found = disk.read(index)
    assert found.dtype == np.dtype(dtype)
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, values[index])
    np.testing.assert_array_equal(disk.read(), values)


def test_a_window_of_columns_is_read_in_small_maps(tmp_path, monkeypatch):
    values = np.arange(3 * 50 * 40, dtype="f4").reshape(3, 50, 40)
    disk = store(tmp_path / "file.fits", values).image()
    monkeypatch.setattr(module, "_AT_ONCE", 1000)  # forces many reads
    index = (slice(1, 3), slice(3, 48), slice(5, 11))
    np.testing.assert_array_equal(disk.read(index), values[index])


def test_threads_read_the_same_file_at_once(tmp_path):
    values = np.random.default_rng(1).normal(size=(64, 32, 16)).astype("f4")
    disk = store(tmp_path / "file.fits", values).image()

    def plane(n):
        return disk.read((slice(n, n + 1), slice(None), slice(n % 7, n % 7 + 4)))

    with ThreadPoolExecutor(8) as pool:
        for n, found in enumerate(pool.map(plane, list(range(64)) * 5)):
            n %= 64
            np.testing.assert_array_equal(found[0], values[n, :, n % 7 : n % 7 + 4])


def test_scaled_values(tmp_path):
    values = np.array([[0, 1], [-5, 1000]], "i2")
    disk = store(tmp_path / "file.fits", values, BSCALE=0.5, BZERO=100.0).image()
    np.testing.assert_allclose(disk.read(), values * 0.5 + 100.0)


def test_integers_may_be_read_as_floats_but_not_the_reverse(tmp_path):
    values = np.array([[0, 65535]], "u2")
    extension = store(tmp_path / "file.fits", values)
    np.testing.assert_array_equal(extension.image(np.dtype("f4")).read(), values.astype("f4"))
    extension = store(tmp_path / "float.fits", values.astype("f4"))
    with pytest.raises(InvalidInput, match="type of pixels"):
        extension.image(np.dtype("u4"))


def test_a_file_replaced_meanwhile_keeps_its_old_content(tmp_path):
    path = tmp_path / "file.fits"
    disk = store(path, np.ones((4, 4), "f4")).image()
    (tmp_path / "new").mkdir()
    store(tmp_path / "new/file.fits", np.zeros((4, 4), "f4"))
    (tmp_path / "new/file.fits").replace(path)
    assert disk.read().sum() == 16


def test_a_file_cut_off_after_opening_is_an_error(tmp_path):
    path = tmp_path / "file.fits"
    disk = store(path, np.ones((100, 100), "f4")).image()
    with path.open("r+b") as file:
        file.truncate(10000)
    for index in (None, (slice(0, 100), slice(3, 5))):
        with pytest.raises(InvalidInput, match="ends too early"):
            disk.read(index)


def test_constants_take_no_space():
    huge = Constant((10**6, 10**6), np.dtype("f4"), 2.0)
    np.testing.assert_array_equal(huge.read((slice(5, 7), slice(0, 3))), np.full((2, 3), 2.0))


def damaged(path, replacements):
    store(path, np.ones((10, 10), "f4"))
    content = path.read_bytes()
    for old, new in replacements.items():
        old, new = (f"{text:80}"[:80].encode() for text in (old, new))
        at = content.index(old[:30].rstrip(), 2880)
        content = content[:at] + new + content[at + 80 :]
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("NAXIS1", "NAXIS1  =        1000000000000", "expected at least 40000000005760 bytes"),
        ("NAXIS1", "NAXIS1  =                   -1", "nonsense in NAXIS1"),
        ("NAXIS1", "NAXIS1  = 'many'", "nonsense in NAXIS1"),
        ("NAXIS2", "COMMENT", "nonsense in NAXIS2"),
        ("NAXIS ", "NAXIS   =                 5000", "nonsense in NAXIS;"),
        ("BITPIX", "BITPIX  =                    7", "nonsense in BITPIX"),
        ("BITPIX", "BITPIX  =                    T", "nonsense in BITPIX"),
        ("GCOUNT", "GCOUNT  =    99999999999999999", "truncated, or its header lies"),
    ],
)
def test_headers_that_lie_are_found_out(old, new, message, tmp_path):
    path = damaged(tmp_path / "file.fits", {old: new})
    with pytest.raises(InvalidInput, match=message):
        read_extensions(path)


@pytest.mark.parametrize("length", [0, 5, 100, 2879, 2880 + 100, 5760, 5760 + 399])
def test_truncated_files(length, tmp_path):
    path = tmp_path / "file.fits"
    store(path, np.ones((10, 10), "f4"))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InvalidInput, match=r"not a FITS file|no end|truncated"):
        read_extensions(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InvalidInput, match="No such file"):
        read_extensions(tmp_path / "none.fits")
    with pytest.raises(InvalidInput, match="not a file"):
        read_extensions(tmp_path)


def test_gzip_is_named(tmp_path):
    import gzip

    path = tmp_path / "file.fits.gz"
    path.write_bytes(gzip.compress(b"SIMPLE"))
    with pytest.raises(InvalidInput, match="gunzip"):
        read_extensions(path)
