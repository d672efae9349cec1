"""The comparison of two products finds what differs and says how."""

import numpy as np
import pytest
from astropy.io import fits
from validation.compare import compare

SHAPE = (2, 5, 8, 8)


def write(folder, **changes):
    """Write a ramp and its rates; `changes` are functions of the arrays, by product and name."""
    rng = np.random.default_rng(1)
    plane, cube = SHAPE[-2:], (SHAPE[0], *SHAPE[-2:])
    arrays = {
        "ramp": {
            "SCI": np.cumsum(rng.uniform(50, 100, SHAPE), axis=1).astype("f4"),
            "GROUPDQ": np.zeros(SHAPE, "u1"),
            "PIXELDQ": np.zeros(plane, "u4"),
        }
    }
    for product, shape in (("rate", plane), ("rateints", cube)):
        arrays[product] = {
            "SCI": rng.uniform(10, 100, shape).astype("f4"),
            "ERR": np.full(shape, 2, "f4"),
            "VAR_POISSON": np.full(shape, 3, "f4"),
            "VAR_RNOISE": np.full(shape, 1, "f4"),
            "DQ": np.zeros(shape, "u4"),
        }
    folder.mkdir()
    paths = {}
    for product, images in arrays.items():
        units = fits.HDUList([fits.PrimaryHDU()])
        units[0].header["TGROUP"] = 10.0
        for name, array in images.items():
            changes.get(f"{product}_{name}", lambda array: None)(array)
            units.append(fits.ImageHDU(array, name=name))
        paths[product] = folder / f"{product}.fits"
        units.writeto(paths[product])
    return paths


def compare_with(tmp_path, **changes):
    ours, theirs = write(tmp_path / "a", **changes), write(tmp_path / "b")
    return {(r.product, r.array): r for r in compare(ours, theirs).arrays}


def test_equal_products_are_equal_throughout(tmp_path):
    results = compare_with(tmp_path)
    assert len(results) == 16
    assert all(r.equal == r.total for r in results.values())
    assert results["rate", "SCI"].total == 64


def test_a_rate_off_by_more_than_a_hundredth_of_its_error_is_found(tmp_path):
    def off(array):
        array[3, 4] += 0.021
        array[5, 5] += 0.019

    result = compare_with(tmp_path, rate_SCI=off)["rate", "SCI"]
    assert result.total - result.equal == 1
    assert result.kinds == {"the same ramp": 1}
    assert result.worst.startswith("[3, 4]")


def test_a_variance_off_by_more_than_a_thousandth_is_found(tmp_path):
    def off(array):
        array[0] *= 1.002

    result = compare_with(tmp_path, rate_VAR_RNOISE=off)["rate", "VAR_RNOISE"]
    assert result.part == pytest.approx(7 / 8)


def test_a_difference_of_flags_is_named_and_blamed_for_the_rate(tmp_path):
    def jump(array):
        array[1, 2, 6, 7] |= 4

    def off(array):
        array[6, 7] *= 2

    results = compare_with(tmp_path, ramp_GROUPDQ=jump, rate_SCI=off)
    assert results["ramp", "GROUPDQ"].kinds == {"JUMP only in webbcal": 1}
    assert results["rate", "SCI"].kinds == {"other JUMP groups": 1}


def test_nan_on_one_side_is_a_difference(tmp_path):
    def lose(array):
        array[2, 2] = np.nan

    results = compare_with(tmp_path, rate_SCI=lose)
    assert results["rate", "SCI is NaN"].total - results["rate", "SCI is NaN"].equal == 1
    assert results["rate", "SCI"].part < 1


def test_large_variances_that_the_peer_drops_are_set_aside(tmp_path):
    def large(array):
        array[..., 1, 1] = 2e6

    def none(array):
        array[..., 1, 1] = 0

    ours = write(tmp_path / "a", rate_VAR_POISSON=large, rateints_VAR_POISSON=large)
    theirs = write(tmp_path / "b", rate_VAR_POISSON=none, rateints_VAR_POISSON=none)
    results = {(r.product, r.array): r for r in compare(ours, theirs).arrays}
    result = results["rate", "VAR_POISSON"]
    assert result.explained == {"variance above 1e6 kept": 1}
    assert result.part == 1 > result.raw
