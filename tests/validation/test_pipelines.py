"""Both sides are told the same, and what one of them does by default is never left open."""

from pathlib import Path

import pytest
from validation.cases import OFF_BY_DEFAULT, workload
from validation.parity import jobs_of
from validation.pipelines import Job, Peer


def job(instrument: str = "mirimage", **more: object) -> Job:
    """Return a job on an exposure of a detector."""
    uncal = Path(f"jw90001001001_02101_00001_{instrument}_uncal.fits")
    return Job("a job", uncal, Path("cache"), Path("runs"), **more)  # type: ignore[arg-type]


def test_every_step_is_said_to_run_or_not() -> None:
    settings = job(on=("emicorr",), skip=("rscd",)).settings()
    assert settings["emicorr"]["skip"] is False
    assert settings["rscd"]["skip"] is True
    assert settings["lastframe"]["skip"] is False
    assert settings["clean_flicker_noise"]["skip"] is True
    assert settings["jump"]["find_showers"] is False


def test_options_of_a_case_stand_above_those_that_are_always_given() -> None:
    settings = job("nrca1", options={"jump": {"expand_large_events": True}}).settings()
    assert settings["jump"]["expand_large_events"] is True
    assert "emicorr" not in settings


def test_darks_are_not_told_about_steps_they_do_not_have() -> None:
    assert "refpix" not in job(pipeline="dark").settings()
    assert "refpix" in job("nrca1", pipeline="dark").settings()
    assert not {"jump", "dark_current"} & set(job("nis", pipeline="dark").settings())


def test_results_of_the_steps_that_run_are_saved() -> None:
    saved = job("nrs1", by_step=True, on=("picture_frame",), skip=("ipc",)).saved
    assert "picture_frame" in saved
    assert not {"ipc", "persistence"} & set(saved)
    assert not job("nrs1").saved


@pytest.mark.parametrize("small", [True, False])
def test_cases_are_told_apart_by_their_names_and_folders(small: bool, tmp_path: Path) -> None:
    work = workload(small)
    made = {one["name"] for group in work.sets for one in group["exposures"]}
    assert {case.exposure for case in work.cases} <= made
    assert len({case.name for case in work.cases}) == len(work.cases)
    jobs = jobs_of(work.cases, tmp_path)
    assert len({(one.folder, one.uncal) for one in jobs}) == len(jobs)
    for case, one in zip(work.cases, jobs, strict=True):
        assert set(case.on) <= set(OFF_BY_DEFAULT) & set(one.steps)


def test_what_the_peer_has_done_is_not_done_again(tmp_path: Path) -> None:
    """The first process says what it did; the second is not started."""
    peer = tmp_path / "peer.sh"
    peer.write_text('#!/bin/sh\necho \'{"seconds": 3.0, "error": ""}\'\n')
    peer.chmod(0o755)
    one = Job("a job", tmp_path / "x_nis_uncal.fits", tmp_path / "cache", tmp_path / "runs")
    assert Peer(peer, [one], tmp_path).results()[0].seconds == 3.0
    peer.write_text("#!/bin/sh\nexit 1\n")
    assert Peer(peer, [one], tmp_path).results()[0].seconds == 3.0
    other = Job("b", one.uncal, one.cache, one.folder, skip=("ipc",))
    assert "ended with 1" in Peer(peer, [other], tmp_path).results()[0].error
