"""Flags of a user are any image of whole numbers that fits the exposure."""

import numpy as np
import pytest
from astropy.io import fits

from webbcal.core.errors import InvalidInput, InvalidReference
from webbcal.refs.load import load_reference
from webbcal.spec.meta import Meta
from webbcal.spec.references import UserMask

FLAGS = np.arange(12, dtype=np.int32).reshape(3, 4)


def load(path):
    return load_reference(path, UserMask, Meta({}), (3, 4))


@pytest.mark.parametrize("dtype", ["i2", "i4", "u4", "u1"])
def test_primary_and_extension_images_are_read(tmp_path, dtype):
    path = tmp_path / "flags.fits"
    fits.PrimaryHDU(FLAGS.astype(dtype)).writeto(path)
    np.testing.assert_array_equal(load(path).dq, FLAGS.astype(np.uint32))
    other = tmp_path / "more.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(FLAGS.astype(dtype), name="DQ")]).writeto(other)
    assert load(other).dq.dtype == np.uint32
    np.testing.assert_array_equal(load(other).dq, FLAGS)


def test_another_shape_or_kind_is_refused(tmp_path):
    path = tmp_path / "flags.fits"
    fits.PrimaryHDU(FLAGS[:2]).writeto(path)
    with pytest.raises(InvalidReference, match=r"\(3, 4\); found shape \(2, 4\)"):
        load(path)
    fits.PrimaryHDU(FLAGS.astype(np.float32)).writeto(path, overwrite=True)
    with pytest.raises(InvalidInput, match="type of pixels"):
        load(path)
    fits.PrimaryHDU().writeto(path, overwrite=True)
    with pytest.raises(InvalidReference, match="no image"):
        load(path)
