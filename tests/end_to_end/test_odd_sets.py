"""Sets of exposures that are not as they should be: told clearly, or combined as far as it goes."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from webbcal.core.errors import InvalidInput
from webbcal.io.read import open_product
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import QUIET, ImagingProgramme, simulate_files

NOISE = QUIET | {"read_noise": True, "photon_noise": True}


def simulated(folder, **options):
    """Return a programme of two dithered exposures of one detector."""
    chosen = NOISE | {"detector": "NRCB1", "subarray": "SUB160", "exposures": 2} | options
    return simulate_files(ImagingProgramme(products="rate", **chosen), folder, seed=8)


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("programme"), stars=40)


@pytest.fixture
def rates(programme, tmp_path):
    """Return count rates of one's own."""
    return [shutil.copy(path, tmp_path / path.name) for path in programme.exposures]


def run(programme, inputs, folder, **settings):
    """Calibrate through stage 3; return all outcomes."""
    chosen = Settings(output_dir=folder / "out", **settings)
    return run_everything(inputs, chosen, through=3, environ=programme.environ(os.environ))


def step(outcome, name):
    return next(record for record in outcome.steps if record.name == name)


def test_one_exposure_alone_becomes_a_mosaic_of_its_own(programme, rates, tmp_path):
    *_, outcome = run(programme, rates[:1], tmp_path)
    assert outcome.error is None
    assert "i2d" in outcome.outputs
    for name in ("tweakreg", "outlier_detection"):
        assert step(outcome, name).status == "SKIPPED"
        assert step(outcome, name).reason
    assert any("tweakreg" in remark for remark in outcome.remarks)


def test_sets_are_combined_without_large_libraries(programme, rates, tmp_path):
    """Each of them takes longer to load than a step of a small set."""
    program = """
import json, os, sys
leave = os._exit
large = {"gwcs", "photutils", "scipy"}
def tell(status):
    print(json.dumps(sorted(large & set(sys.modules))), file=sys.stderr, flush=True)
    leave(status)
os._exit = tell
from webbcal.cli.main import command
command()
"""
    folder = tmp_path / "out"
    words = ["run", *map(str, rates), "--through", "3", "--output-dir", str(folder)]
    environ = programme.environ(os.environ)
    done = subprocess.run(
        [sys.executable, "-c", program, *words], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("*_cat.ecsv"))
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_exposures_are_saved_after_steps_that_change_them(programme, rates, tmp_path):
    save = ("skymatch", "resample", "source_catalog")
    *_, outcome = run(programme, rates, tmp_path, save=save)
    assert outcome.error is None
    assert {"i2d", "cat", "segm"} <= set(outcome.outputs)
    assert set(outcome.of_members) == {"skymatch", "crf"}
    assert not [path for name in save[1:] for path in (tmp_path / "out").glob(f"*_{name}.fits")]


def test_all_that_outlier_detection_made_is_written(programme, rates, tmp_path):
    options = {"outlier_detection": {"save_intermediate_results": True}}
    *_, outcome = run(programme, rates, tmp_path, options=options)
    assert outcome.error is None
    assert "median" in outcome.outputs
    assert set(outcome.of_members) == {"outlier_i2d", "blot", "crf"}
    for suffix in ("outlier_i2d", "blot"):
        assert len(outcome.of_members[suffix]) == len(rates)


def test_no_step_left_to_do_is_told_with_the_reasons(programme, rates, tmp_path):
    options = {name: {"skip": True} for name in ("assign_wcs", "flat_field", "photom")}
    first, *_ = run(programme, rates[:1], tmp_path, options=options)
    told = str(first.error)
    assert "every step is skipped" in told
    assert "bkg_subtract: no background exposures; assign_wcs: skipped" in told
    assert "\n" not in told


def test_an_unreadable_catalogue_is_an_error(programme, rates, tmp_path):
    bad = tmp_path / "bad.ecsv"
    bad.write_text("garbage\n")
    *_, outcome = run(programme, rates, tmp_path, options={"tweakreg": {"abs_refcat": str(bad)}})
    assert "bad.ecsv" in str(outcome.error)
    assert "i2d" not in outcome.outputs


def test_an_empty_field_gives_an_empty_catalogue(tmp_path):
    programme = simulated(tmp_path / "programme", stars=0, galaxies=0)
    *_, outcome = run(programme, programme.exposures, tmp_path)
    assert outcome.error is None
    assert len(open_product(outcome.outputs["cat"]).sources) == 0
    assert not open_product(outcome.outputs["segm"]).sci.any()
    assert step(outcome, "tweakreg").status == "SKIPPED"


def test_exposures_without_a_usable_pixel_give_no_mosaic(programme, rates, tmp_path):
    for path in rates:
        with fits.open(path, mode="update") as file:
            file["DQ"].data[:] = 1
    *_, outcome = run(programme, rates, tmp_path)
    assert outcome.error is None
    assert "i2d" not in outcome.outputs
    assert step(outcome, "resample").status == "SKIPPED"
    assert any(remark.startswith("resample skipped: no usable pixel") for remark in outcome.remarks)


def test_exposures_that_share_no_sky_are_named(programme, rates, tmp_path):
    with fits.open(rates[1], mode="update") as file:
        file["SCI"].header["RA_REF"] += 20 / 3600 / np.cos(np.deg2rad(69.5))
    *_, outcome = run(programme, rates, tmp_path)
    assert outcome.error is None
    told = " ".join(outcome.remarks)
    assert "skymatch" in told
    assert "outlier_detection" in told
    assert "i2d" in outcome.outputs


def test_a_pointing_across_the_sky_stops_the_mosaic(programme, rates, tmp_path):
    with fits.open(rates[1], mode="update") as file:
        file["SCI"].header["RA_REF"] += 90.0
    *_, outcome = run(programme, rates, tmp_path)
    assert outcome.error is not None
    assert "i2d" not in outcome.outputs


@pytest.mark.parametrize("value", [1e9, "north", None])
def test_an_absurd_pointing_is_named(programme, rates, tmp_path, value):
    with fits.open(rates[0], mode="update") as file:
        if value is None:
            del file["SCI"].header["DEC_REF"]
        else:
            file["SCI"].header["DEC_REF"] = value
    first, *_ = run(programme, rates[:1], tmp_path)
    assert "dec_ref" in str(first.error).lower()
    assert not list((tmp_path / "out").glob("*.fits"))


def test_a_catalogue_of_another_field_aligns_nothing(programme, rates, tmp_path):
    other = tmp_path / "other.ecsv"
    rng = np.random.default_rng(1)
    field = {"RA": 10 + rng.random(50) / 100, "DEC": 20 + rng.random(50) / 100}
    Table(field).write(other)
    options = {"tweakreg": {"abs_refcat": str(other)}}
    *_, outcome = run(programme, rates, tmp_path, options=options)
    assert outcome.error is None
    assert any("tweakreg" in remark for remark in outcome.remarks)
    image = open_product(tmp_path / "out" / sorted((tmp_path / "out").glob("*_crf.fits"))[0])
    assert not str(image.wcs.name).startswith("FIT-")


def test_other_instruments_do_not_mix(programme, rates, tmp_path):
    run(programme, rates, tmp_path)
    out = tmp_path / "out"
    cals = sorted(out.glob("*_cal.fits"))
    with fits.open(cals[0], mode="update") as file:
        file[0].header["PUPIL"] = "F164N"
    table = shutil.copy(programme.associations[1], out / "asn.json")
    *_, outcome = run(programme, [table], tmp_path)
    assert "different pupils" in str(outcome.error)


def test_other_pixel_scales_do_not_mix(programme, rates, tmp_path):
    run(programme, rates, tmp_path)
    cals = sorted((tmp_path / "out").glob("*_cal.fits"))
    with fits.open(cals[1], mode="update") as file:
        hdu = next(hdu for hdu in file if "PIXAR_A2" in hdu.header)
        hdu.header["PIXAR_A2"] *= 4
    (outcome,) = run(programme, cals, tmp_path / "again")
    assert "different pixel scales" in str(outcome.error)
    assert cals[1].name in str(outcome.error)
    assert not list((tmp_path / "again" / "out").glob("*_i2d.fits"))


def test_a_file_that_cannot_be_read_is_an_error_though_others_are_combined(
    programme, rates, tmp_path
):
    run(programme, rates, tmp_path)
    cals = sorted((tmp_path / "out").glob("*_cal.fits"))
    whole = cals[1].read_bytes()
    cals[1].write_bytes(whole[: len(whole) // 2])
    mosaic, broken = run(programme, cals, tmp_path / "again")
    assert "i2d" in mosaic.outputs
    record = open_product(mosaic.outputs["i2d"]).extras["tree"]["webbcal"]
    assert record["members"] == [cals[0].name]
    assert broken.input == cals[1]
    assert "truncated" in str(broken.error)


def test_an_exposure_that_failed_is_told_to_be_left_out(programme, rates, tmp_path):
    with fits.open(rates[1], mode="update") as file:
        file["SCI"].header["DEC_REF"] = 120.0
    told = []
    settings = Settings(output_dir=tmp_path / "out")
    environ = programme.environ(os.environ)
    outcomes = run_everything(
        rates, settings, through=3, environ=environ, left=lambda path, why: told.append((path, why))
    )
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert told == [(rates[1], "left out of what follows")]


def test_exposures_of_one_name_do_not_overwrite_each_other(programme, rates, tmp_path):
    (tmp_path / "other").mkdir()
    twin = shutil.copy(rates[0], tmp_path / "other" / rates[0].name)
    with pytest.raises(InvalidInput, match="same name"):
        run(programme, [rates[0], twin], tmp_path)
    assert not (tmp_path / "out").exists()
    # One file under two names of its folder is one input.
    same = tmp_path / "other" / ".." / rates[0].name
    outcomes = run(programme, [rates[0], same], tmp_path)
    assert outcomes[-1].error is None


def test_groups_with_the_same_reason_share_a_line(programme, rates, tmp_path):
    *_, outcome = run(programme, rates, tmp_path, options={"tweakreg": {"snr_threshold": 1e6}})
    (remark,) = [remark for remark in outcome.remarks if remark.startswith("tweakreg")]
    assert remark.count("too few stars: 0, 15 needed") == 1
    assert "02101_1, " in remark


def test_a_service_that_does_not_exist_is_told_with_those_that_do(programme, rates, tmp_path):
    options = {"tweakreg": {"abs_refcat": "GAIADR9"}}
    *_, outcome = run(programme, rates, tmp_path, options=options)
    assert "GAIADR3" in str(outcome.error)
