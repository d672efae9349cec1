"""File names of products."""

from pathlib import Path

import pytest

from webbcal.io.names import product_path, root_of, suffix_of

ROOT = "jw01234001001_02101_00001_nrca1"


@pytest.mark.parametrize(
    ("name", "root", "suffix"),
    [
        (f"{ROOT}_uncal.fits", ROOT, "uncal"),
        (f"{ROOT}_rateints.fits", ROOT, "rateints"),
        (f"{ROOT}-seg001_nrca1_uncal.fits", f"{ROOT}-seg001_nrca1", "uncal"),
        ("jw01234-o001_t001_nircam_f200w_i2d.fits", "jw01234-o001_t001_nircam_f200w", "i2d"),
        ("jw01234-o001_t001_nircam_f200w_cat.ecsv", "jw01234-o001_t001_nircam_f200w", "cat"),
        ("observation.fits", "observation", ""),
        ("my_target.fits", "my_target", ""),
    ],
)
def test_name_is_root_and_suffix(name, root, suffix):
    path = Path("somewhere") / name
    assert root_of(path) == root
    assert suffix_of(path) == suffix


def test_product_takes_root_and_new_suffix():
    assert product_path(Path("out"), ROOT, "rate") == Path("out") / f"{ROOT}_rate.fits"
