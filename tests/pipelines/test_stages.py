"""From files, folders and associations to jobs."""

import json
import os
import shutil
from pathlib import Path

import pytest
from astropy.io import fits

from webbcal.core.errors import InvalidInput, InvalidOptions, UnsupportedMode
from webbcal.pipelines.jobs import ExposureJob, SetJob
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.pipelines.stages import calibrate, jobs_of
from webbcal.sim import QUIET, ImagingProgramme, simulate_files


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    """Return four small count rates with their references."""
    options = ImagingProgramme(
        **QUIET | {"detectors": "NRCB1,NRCB2", "subarray": "SUB64P", "exposures": 2},
        products="rate",
    )
    return simulate_files(options, tmp_path_factory.mktemp("programme"), seed=3)


@pytest.fixture
def environ(programme):
    return programme.environ(os.environ)


@pytest.fixture
def folder(programme, tmp_path):
    """Return a folder of one's own with the count rates and associations."""
    for path in (*programme.exposures, *programme.associations):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def tables(folder):
    return sorted(folder.glob("*_asn.json"))


def changed(path, change):
    """Rewrite an association."""
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))
    return path


def test_a_folder_of_rates_becomes_a_job_each(folder):
    jobs = jobs_of([folder], Settings())
    assert [job.path.name for job in jobs] == sorted(p.name for p in folder.glob("*_rate.fits"))


def test_a_single_rate_stops_at_the_calibrated_image_and_several_are_combined(folder):
    def counted(inputs, **more):
        kinds = []

        def run(jobs):
            kinds.append([type(job) for job in jobs])
            return []

        calibrate(inputs, Settings(), run, **more)
        return kinds

    paths = sorted(folder.glob("*_rate.fits"))
    assert counted(paths[:1]) == [[ExposureJob]]
    # Nothing was made, so the third stage finds nothing to combine: only the second is run.
    assert counted(paths) == [[ExposureJob] * 4]


def test_the_association_names_the_products(programme, folder, environ):
    settings = Settings(output_dir=folder / "out")
    outcomes = run_everything([tables(folder)[1]], settings, environ=environ)
    assert [outcome.error for outcome in outcomes] == [None] * 5
    name = json.loads(tables(folder)[1].read_text())["products"][0]["name"]
    assert outcomes[-1].input.name == name
    assert {path.name.rsplit("_", 1)[1] for path in (folder / "out").glob("*cal.fits")} == {
        "cal.fits"
    }


def test_background_members_are_subtracted(programme, folder, environ):
    def add(tree):
        first, other = tree["products"][0], tree["products"][2]
        member = {**other["members"][0], "exptype": "background"}
        first["members"].append(member)
        tree["products"] = [first]

    table = changed(tables(folder)[0], add)
    (outcome,) = run_everything(
        [table], Settings(output_dir=folder / "out"), environ=environ, through=2
    )
    assert outcome.error is None
    assert {"cal", "bsub"} <= outcome.outputs.keys()
    with fits.open(outcome.outputs["cal"]) as file:
        assert file[0].header["S_BKDSUB"] == "COMPLETE"
        assert file[0].header["ASNTABLE"] == table.name


def test_a_missing_member_is_named(folder):
    path = sorted(folder.glob("*_rate.fits"))[2]
    path.unlink()
    with pytest.raises(InvalidInput, match="1 member is missing: " + path.stem[:-5]):
        jobs_of([tables(folder)[1]], Settings())


@pytest.mark.parametrize("name", ["../secret_cal.fits", "/etc/passwd", "~/x_cal.fits"])
def test_no_member_lies_outside_of_the_folder(folder, name):
    def lead_out(tree):
        tree["products"][0]["members"][0]["expname"] = name

    with pytest.raises(InvalidInput, match="outside the folder"):
        jobs_of([changed(tables(folder)[1], lead_out)], Settings())


def test_an_association_is_not_its_own_member(folder):
    table = tables(folder)[1]

    def lead_to_itself(tree):
        tree["products"][0]["members"][0]["expname"] = table.name

    with pytest.raises(InvalidInput, match="cannot be its own member"):
        jobs_of([changed(table, lead_to_itself)], Settings())


def test_an_association_without_recipe_is_refused(folder, environ):
    def other(tree):
        tree["asn_type"] = "coron3"

    table = changed(tables(folder)[1], other)
    with pytest.raises(UnsupportedMode, match="coron3"):
        run_everything([table], Settings(output_dir=folder / "out"), environ=environ)


def test_filters_do_not_mix(folder, environ):
    path = sorted(folder.glob("*_rate.fits"))[0]
    out = folder / "out"
    run_everything([folder], Settings(output_dir=out), environ=environ, through=2)
    with fits.open(out / path.name.replace("_rate", "_cal"), mode="update") as file:
        file[0].header["FILTER"] = "F090W"
    table = shutil.copy(tables(folder)[1], out)
    outcomes = run_everything([Path(table)], Settings(), environ=environ)
    assert "different filters" in str(outcomes[-1].error)
    assert not list(out.glob("*_crf.fits"))


def test_stages_do_not_go_backwards(folder):
    with pytest.raises(InvalidOptions, match="--through 1"):
        calibrate([folder], Settings(), lambda jobs: [], through=1)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="nothing to calibrate in this folder"):
        jobs_of([tmp_path], Settings())


def test_headers_group_what_a_folder_holds(folder, environ):
    outcomes = run_everything([folder], Settings(output_dir=folder / "out"), environ=environ)
    assert [outcome.error for outcome in outcomes] == [None] * 5
    jobs = jobs_of([folder / "out"], Settings())
    assert [type(job) for job in jobs] == [SetJob]
    assert len(jobs[0].members) == 4


def test_resume_makes_nothing_again(folder, environ):
    settings = Settings(output_dir=folder / "out", resume=True)
    first = run_everything([tables(folder)[0]], settings, environ=environ)
    again = run_everything([tables(folder)[0]], settings, environ=environ)
    assert not any(outcome.reused for outcome in first)
    assert all(outcome.reused for outcome in again)
    other = settings.with_(options={"photom": {"inverse": True}})
    changed_options = run_everything([tables(folder)[0]], other, environ=environ)
    assert not any(outcome.reused for outcome in changed_options)


def test_options_of_later_stages_are_checked_before_the_first(folder, environ):
    settings = Settings(output_dir=folder / "out", options={"tweakreg": {"sigmaa": "3"}})
    with pytest.raises(InvalidOptions, match="sigmaa"):
        run_everything([folder], settings, environ=environ)
    with pytest.raises(InvalidOptions, match="Did you mean tweakreg"):
        run_everything([folder], Settings(skip=("tweakregg",)), environ=environ)
    assert not (folder / "out").exists()
