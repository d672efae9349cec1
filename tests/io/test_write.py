"""A file appears whole or not at all."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from tests.io.examples import example

from webbcal.core.errors import CannotWrite, InvalidProduct
from webbcal.io.fits import Constant
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import CalInts, Rate


class Broken:
    """An array that fails when its second half is read."""

    shape = (1024, 2048)
    dtype = np.dtype("f4")

    def __init__(self, error):
        self.error = error

    def read(self, index=None):
        if index[0].start > 500:
            raise self.error
        return np.zeros((index[0].stop - index[0].start, 2048), "f4")


def rate(error):
    stored = {name: Broken(error) for name in ("sci", "err", "var_poisson", "var_rnoise")}
    return Rate.from_stored({**stored, "dq": np.zeros((1024, 2048), "u4")}, meta=Meta({}))


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), MemoryError()])
def test_nothing_is_left_when_writing_fails(error, tmp_path):
    with pytest.raises(type(error)):
        write_product(rate(error), tmp_path / "jw01_rate.fits")
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_when_writing_fails(tmp_path):
    path = tmp_path / "jw01_rate.fits"
    write_product(example(Rate, np.random.default_rng(1)), path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        write_product(rate(RuntimeError("x")), path)
    assert path.read_bytes() == before


def test_disk_full_is_one_line(tmp_path):
    with pytest.raises(CannotWrite, match=r"No space left.*Free some space") as caught:
        write_product(rate(OSError(28, "No space left on device")), tmp_path / "jw01_rate.fits")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_nothing_under_the_final_name(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        import numpy as np
        from tests.io.test_write import Broken, Rate, Meta
        from webbcal.io.write import write_product

        class Deadly(Broken):
            def read(self, index=None):
                if index[0].start > 500:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().read(index)

        arrays = dict.fromkeys(("sci", "err", "var_poisson", "var_rnoise"), Deadly(None))
        arrays["dq"] = np.zeros((1024, 2048), "u4")
        write_product(Rate.from_stored(arrays, meta=Meta({})), sys.argv[1])
        """
    )
    path = tmp_path / "jw01_rate.fits"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(CannotWrite, match="No such file or directory"):
        write_product(example(Rate, np.random.default_rng(1)), tmp_path / "none/jw01_rate.fits")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_is_not_writable(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CannotWrite, match="Permission denied"):
        write_product(example(Rate, np.random.default_rng(1)), tmp_path / "jw01_rate.fits")


def test_existing_files_are_kept_if_asked(tmp_path):
    path = tmp_path / "jw01_rate.fits"
    path.write_text("precious")
    with pytest.raises(CannotWrite, match="exists"):
        write_product(example(Rate, np.random.default_rng(1)), path, overwrite=False)
    assert path.read_text() == "precious"


def test_a_product_may_be_written_over_the_file_it_lies_in(tmp_path):
    path = tmp_path / "jw01_rate.fits"
    write_product(example(Rate, np.random.default_rng(1)), path)
    product = open_product(path)
    write_product(product.with_changes(meta=product.meta.replace({"target.ra": 5.0})), path)
    assert open_product(path).meta.target.ra == 5.0
    np.testing.assert_array_equal(open_product(path).sci, product.sci)


def test_what_the_declaration_demands_must_be_there(tmp_path):
    plane = np.zeros((3, 4), "f4")
    incomplete = Rate.from_stored({}, meta=Meta({}), sci=plane)
    with pytest.raises(InvalidProduct, match="no data for extension ERR"):
        write_product(incomplete, tmp_path / "jw01_rate.fits")
    assert list(tmp_path.iterdir()) == []


def test_arrays_that_contradict_the_declaration_are_refused(tmp_path):
    for wrong, message in (
        (Broken(None), "wrong number of axes"),
        (Constant((1, 3, 4), np.dtype("f8"), 0), "wrong type of pixels"),
        (Constant((1, 3, 5), np.dtype("f4"), 0), "arrays of different shape"),
    ):
        stored = {"sci": Constant((1, 3, 4), np.dtype("f4"), 0), "err": wrong}
        with pytest.raises(InvalidProduct, match=message):
            write_product(CalInts.from_stored(stored, meta=Meta({})), tmp_path / "x.fits")


def test_every_piece_of_a_large_array_is_written(tmp_path):
    values = np.arange(3 * 900 * 700, dtype="u4").reshape(3, 900, 700)[:, ::-1]  # not contiguous
    zeros = np.zeros(values.shape, "f4")
    product = CalInts(sci=zeros, err=zeros, dq=values, var_poisson=zeros, var_rnoise=zeros)
    path = tmp_path / "jw01_calints.fits"
    write_product(product, path)
    np.testing.assert_array_equal(open_product(path).dq, values)
