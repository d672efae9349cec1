"""The comparison of two products finds what differs and says how."""

import numpy as np
import pytest
from astropy.io import fits
from validation.compare import compare

SHAPE = (2, 5, 8, 8)
LEFT_OUT = "left out here, without effect there"


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
    return {(r.product, r.array): r for r in compare(ours, theirs, tmp_path).arrays}


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
    results = {(r.product, r.array): r for r in compare(ours, theirs, tmp_path).arrays}
    result = results["rate", "VAR_POISSON"]
    assert result.explained == {"variance above 1e6 kept": 1}
    assert result.part == 1 > result.raw


def write_image(path, header=(), **images):
    units = fits.HDUList([fits.PrimaryHDU()])
    units[0].header.update(header)
    units += [fits.ImageHDU(np.float32(array), name=name) for name, array in images.items()]
    path.parent.mkdir(exist_ok=True)
    units.writeto(path)
    return path


@pytest.mark.parametrize("change", [0, 1])
def test_a_step_left_out_here_has_to_be_without_effect_there(tmp_path, change):
    image = np.zeros((1, 2, 3, 3))
    superbias = write_image(tmp_path / "superbias.fits", SCI=image)
    refpix = write_image(tmp_path / "refpix.fits", {"S_REFPIX": "COMPLETE"}, SCI=image + change)
    ours, theirs = {"superbias": superbias}, {"superbias": superbias, "refpix": refpix}
    results = compare(ours, theirs, tmp_path, ("superbias", "refpix")).arrays
    (result,) = (r for r in results if r.product == "refpix")
    assert (result.part, result.raw) == ((0, 0) if change else (1, 0))
    assert (LEFT_OUT in result.explained) == (not change)


@pytest.mark.parametrize("side", ["neither", "ours", "theirs"])
def test_errors_of_guide_stars_are_recomputed_on_both_sides(tmp_path, side):
    rng = np.random.default_rng(3)
    shape = (2, 6, 7)
    flat = rng.uniform(0.8, 1.2, (10, 12))
    write_image(tmp_path / "flat.fits", SCI=flat, ERR=np.full(flat.shape, 0.02))
    here = flat[2:8, 3:10].copy()
    here[4, 4] = 1.0  # of no use: the rate stays
    rate, error = rng.uniform(100, 900, shape), rng.uniform(5, 9, shape)
    added = (rate * 0.02 / here**2) ** 2
    mine = np.hypot(error / here, np.sqrt(added))
    mine[:, 4, 4] = error[:, 4, 4]
    their = np.sqrt(error**2 + added)
    (mine if side == "ours" else their)[0, 1, 2] *= 1.0 if side == "neither" else 1.01
    header = {"S_FLAT": "COMPLETE", "R_FLAT": "crds://flat.fits", "SUBSTRT1": 4, "SUBSTRT2": 3}
    products = [
        {
            "guider_cds": write_image(folder / "guider_cds.fits", SCI=rate, ERR=error),
            "cal": write_image(folder / "cal.fits", header, SCI=rate / here, ERR=total),
        }
        for folder, total in ((tmp_path / "a", mine), (tmp_path / "b", their))
    ]
    results = compare(*products, tmp_path).arrays
    (result,) = (r for r in results if (r.product, r.array) == ("cal", "ERR"))
    assert sum(result.explained.values()) > 70
    assert (result.part == 1) == (side == "neither")


def test_masks_are_compared_pixel_by_pixel_beside_arrays_left_empty(tmp_path):
    def write_mask(side, mask, *empty):
        path = tmp_path / f"{side}.fits"
        units = [fits.ImageHDU(name=name) for name in empty]
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(mask, name="SCI"), *units]).writeto(path)
        return {"pctfrm_mask": path}

    mask = np.ones((8, 8), "f4")
    mask[1, :3] = 0
    ours = write_mask("a", mask)
    mask[2, 2] = 0
    theirs = write_mask("b", mask, "ERR", "DQ")
    (result,) = compare(ours, theirs, tmp_path).arrays
    assert (result.array, result.equal, result.total) == ("SCI", 63, 64)
    assert result.worst == "[2, 2] 1 / 0"
