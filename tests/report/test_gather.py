"""What a folder of products holds."""

from pathlib import Path

import numpy as np
import pytest
from tests.report.runs import (
    FLAT,
    SKYMATCH,
    calibrated,
    exposure_meta,
    imaging_run,
    rate,
    record,
)

from webbcal.core.errors import InvalidInput
from webbcal.io.write import write_product
from webbcal.report.gather import MAX_STAGES, exposure_of, gather


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return gather(imaging_run(tmp_path_factory.mktemp("run"), dithers=2))


def test_products_of_an_exposure_belong_together(run):
    assert list(run.exposures) == [
        f"jw99001001001_02101_{n:05d}_{d}" for n in (1, 2) for d in ("nrca1", "nrcb1")
    ]
    for entries in run.exposures.values():
        assert [entry.suffix for entry in entries] == ["crf", "cal"]
    assert [entry.suffix for entry in run.sets] == ["i2d", "segm", "cat"]


@pytest.mark.parametrize(
    ("name", "exposure"),
    [
        ("jw01234001001_02101_00001_nrca1_rate.fits", "jw01234001001_02101_00001_nrca1"),
        ("jw01234001001_02101_00001_nrca1_o001_crf.fits", "jw01234001001_02101_00001_nrca1"),
        ("jw01234001001_02101_00001-seg002_nis_cal.fits", "jw01234001001_02101_00001-seg002_nis"),
        ("jw01234-o001_t001_nircam_clear-f200w_i2d.fits", ""),
        ("mine_cal.fits", "mine"),
        ("mine_i2d.fits", ""),
    ],
)  # fmt: skip
def test_names_tell_exposures_from_sets(name, exposure):
    assert exposure_of(Path(name)) == exposure


def test_detectors_that_observe_together_are_one_group(run):
    groups = {entries[0].group for entries in run.exposures.values()}
    assert len(groups) == 2


def test_records_tell_steps_with_time_memory_and_figures(run):
    crf = run.exposures["jw99001001001_02101_00001_nrca1"][0]
    assert [step.name for step in crf.steps] == ["flat_field", "skymatch"]
    step = crf.step("skymatch")
    assert (step.seconds, step.peak_mb) == (1.5, 320)
    assert crf.references["flat"].sha256 == "0f" * 32
    assert len(run.figures("skymatch")) == 1  # told by nine products, measured once


def test_record_of_the_input_comes_before_that_of_the_product(tmp_path):
    rng = np.random.default_rng(0)
    told = record([SKYMATCH], before=record([FLAT], recipe="image2"))
    write_product(
        calibrated(rng, exposure_meta(1, "NRCA1", 80, -69), told), tmp_path / "a_cal.fits"
    )
    (entry,) = gather(tmp_path).entries
    assert [step.name for step in entry.steps] == ["flat_field", "skymatch"]
    assert [stage["recipe"] for stage in entry.stages] == ["image2", "image3"]


def test_record_within_record_without_end_is_cut(tmp_path):
    told = record([FLAT])
    for _ in range(40):
        told = record([FLAT], before=told)
    rng = np.random.default_rng(0)
    write_product(
        calibrated(rng, exposure_meta(1, "NRCA1", 80, -69), told), tmp_path / "a_cal.fits"
    )
    assert len(gather(tmp_path).entries[0].steps) == MAX_STAGES


def test_products_from_elsewhere_have_no_record_but_facts(tmp_path):
    rng = np.random.default_rng(0)
    meta = exposure_meta(1, "NRCA1", 80, -69, cal_step={"jump": "COMPLETE", "ramp_fit": "FAILED"})
    write_product(rate(meta, rng), tmp_path / "jw1_rate.fits")
    (entry,) = gather(tmp_path).entries
    assert entry.record == {}
    assert entry.statuses == {"jump": "COMPLETE", "ramp_fit": "FAILED"}
    assert len(entry.corners) == 4


def test_damaged_files_are_named_and_others_listed(tmp_path):
    (tmp_path / "jw1_rate.fits").write_bytes(b"SIMPLE  =                    T" + b" " * 3000)
    (tmp_path / "notes.fits").write_bytes(b"hello")
    (tmp_path / "an_asn.json").write_text("{}")
    found = gather(tmp_path)
    (broken,) = found.broken
    assert broken.name == "jw1_rate.fits"
    assert str(tmp_path) not in broken.error
    assert set(found.others) == {"notes.fits", "an_asn.json"}


@pytest.mark.parametrize(
    "nonsense", [[1, 2], "text", {"steps": "x", "references": 3}, {"steps": [1]}]
)
def test_record_of_nonsense_is_ignored(tmp_path, nonsense):
    rng = np.random.default_rng(0)
    product = calibrated(rng, exposure_meta(1, "NRCA1", 80, -69), None)
    product = product.with_changes(extras={"tree": {"webbcal": nonsense}})
    write_product(product, tmp_path / "a_cal.fits")
    (entry,) = gather(tmp_path).entries
    assert entry.steps == ()


@pytest.mark.parametrize("what", ["absent", "empty", "file"])
def test_folder_without_products_is_invalid_input(tmp_path, what):
    folder = tmp_path / "x"
    if what == "empty":
        folder.mkdir()
    elif what == "file":
        folder.write_text("")
    with pytest.raises(InvalidInput):
        gather(folder)
