"""Images larger than the detector take the mean of a reference."""

import numpy as np
import pytest

from webbcal.io.write import write_product
from webbcal.refs.load import load_reference
from webbcal.spec.meta import Meta
from webbcal.spec.references import Mask, ReadNoise

IMAGE = Meta({"subarray": {"xstart": 1, "ystart": 1, "xsize": 40, "ysize": 2304}})
WHERE = Meta({"subarray": {"xstart": 1, "ystart": 1, "xsize": 40, "ysize": 60}})


def test_the_mean_of_usable_values_stands_for_all(tmp_path):
    noise = np.random.default_rng(1).uniform(5, 15, (60, 40)).astype(np.float32)
    noise[3, 3] = np.nan
    path = tmp_path / "noise.fits"
    write_product(ReadNoise(sci=noise, meta=WHERE), path)
    loaded = load_reference(path, ReadNoise, IMAGE, (2304, 40))
    assert loaded.sci.shape == (2304, 40)
    np.testing.assert_allclose(loaded.sci, np.nanmean(noise), rtol=1e-6)


def test_flags_of_single_pixels_mean_nothing_there(tmp_path):
    path = tmp_path / "mask.fits"
    write_product(Mask(dq=np.full((60, 40), 1, np.uint32), meta=WHERE), path)
    assert not load_reference(path, Mask, IMAGE, (2304, 40)).dq.any()


def test_an_ordinary_reference_must_still_cover_the_exposure(tmp_path):
    path = tmp_path / "noise.fits"
    write_product(ReadNoise(sci=np.ones((60, 40), np.float32), meta=WHERE), path)
    with pytest.raises(Exception, match="does not cover"):
        load_reference(path, ReadNoise, IMAGE, (61, 40))
