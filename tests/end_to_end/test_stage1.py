"""From a raw exposure to count rates, through the files."""

import dataclasses
import os

import numpy as np
import pytest
from astropy.io import fits

import webbcal
from webbcal.core.dq import DQ
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.report.comparison import compare
from webbcal.sim import read_truth
from webbcal.spec.fields import Image, declared
from webbcal.spec.products import Ramp, Rate, RateInts
from webbcal.steps import STEPS

EVERYTHING = Settings(save=("ramp", "saturation", "refpix"))


def calibrate(programme, folder, settings=EVERYTHING):
    (outcome,) = run_everything(
        programme.exposures, dataclasses.replace(settings, output_dir=folder)
    )
    assert outcome.error is None, outcome.error
    return outcome


def arrays(path):
    product = webbcal.open(path)
    return {
        name: getattr(product, name)
        for name, spec in declared(type(product)).items()
        if isinstance(spec, Image) and product.has(name)
    }


@pytest.fixture(scope="module")
def reference_run(programme, tmp_path_factory, request):
    environ = request.getfixturevalue("module_environ")
    assert environ
    return calibrate(programme, tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def module_environ(programme, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CRDS_PATH": str(programme.crds),
            "CRDS_CONTEXT": "jwst_0001.pmap",
            "CRDS_MODE": "local",
            "CRDS_READONLY_CACHE": "1",
            "WEBBCAL_CACHE": str(tmp_path_factory.getbasetemp() / "webbcal-cache"),
        }.items():
            patch.setenv(name, value)
        yield True


def test_products_are_written_and_are_what_they_say(reference_run):
    kinds = {"rate": Rate, "rateints": RateInts, "ramp": Ramp, "saturation": Ramp, "refpix": Ramp}
    assert set(reference_run.outputs) == set(kinds)
    for suffix, kind in kinds.items():
        assert isinstance(webbcal.open(reference_run.outputs[suffix]), kind)


def test_the_truth_is_found_again(programme, reference_run):
    rate = webbcal.open(reference_run.outputs["rate"])
    truth = read_truth(programme.truths[0])
    comparison = compare(rate, np.where(truth.good, truth.rate, np.nan))
    # The zero point of a group is the mean of about 400 reference pixels of 10 DN read noise, so
    # known to 0.5 DN; over the 3 s of an integration that is 0.2 DN/s of the sky's 200.
    assert comparison.ratio == pytest.approx(1.0, abs=0.003)
    assert 0.9 < comparison.pull_width < 1.35


@pytest.mark.parametrize(
    "settings",
    [
        Settings(threads=1),
        Settings(threads=5, block_bytes=1),
        Settings(threads=2, block_bytes=40_000),
        Settings(threads=3, block_bytes=1 << 30),
    ],
    ids=["one thread", "tiny blocks", "small blocks", "one block"],
)
def test_result_does_not_depend_on_threads_or_blocks(
    programme, reference_run, environ, tmp_path, settings
):
    outcome = calibrate(programme, tmp_path, dataclasses.replace(settings, save=EVERYTHING.save))
    for suffix, path in reference_run.outputs.items():
        wanted, got = arrays(path), arrays(outcome.outputs[suffix])
        assert wanted.keys() == got.keys()
        for name, values in wanted.items():
            assert values.tobytes() == got[name].tobytes(), f"{suffix}.{name}"


def test_cosmic_rays_are_counted_once_for_any_blocks(programme, reference_run, environ, tmp_path):
    outcome = calibrate(programme, tmp_path, Settings(block_bytes=1))
    counted = [fits.getval(o.outputs["rate"], "PRIMECRS") for o in (reference_run, outcome)]
    assert counted[0] == counted[1] > 0


def test_product_remembers_its_making(reference_run):
    header = fits.getheader(reference_run.outputs["rate"])
    assert header["S_RAMP"] == "COMPLETE"
    assert header["S_GRPSCL"] == "SKIPPED"
    assert header["R_DARK"] == "crds://jwst_nircam_dark_0001.fits"
    assert header["CRDS_CTX"] == "jwst_0001.pmap"
    record = webbcal.open(reference_run.outputs["rate"]).extras["tree"]["webbcal"]
    assert len(record["references"]["dark"]["sha256"]) == 64
    options = {step["name"]: step["options"] for step in record["steps"]}
    assert options["jump"]["rejection_threshold"] == 4.0


def test_product_remembers_the_work_on_each_step(reference_run):
    record = webbcal.open(reference_run.outputs["rate"]).extras["tree"]["webbcal"]
    done = [step for step in record["steps"] if step["status"] == "COMPLETE"]
    skipped = [step for step in record["steps"] if step["status"] == "SKIPPED"]
    assert done
    assert all(step["work_seconds"] > 0 for step in done)
    assert not any("peak_mb" in step for step in skipped)
    # The process does not shrink: later sweeps have seen at least the memory of earlier ones.
    peaks = [step["peak_mb"] for step in done]
    assert peaks == sorted(peaks)
    times = record["times"]
    assert min(times["reading"], times["writing"]) > 0
    work = sum(step["work_seconds"] for step in done) + times["reading"] + times["writing"]
    assert work < times["elapsed"] * (os.cpu_count() or 1)


def test_intermediate_product_knows_only_the_steps_before_it(reference_run):
    header = fits.getheader(reference_run.outputs["saturation"])
    assert header["S_SATURA"] == "COMPLETE"
    assert "S_JUMP" not in header


def test_a_raw_file_that_only_has_headers_gives_the_same_rates(
    programme, reference_run, environ, tmp_path
):
    path = tmp_path / programme.exposures[0].name
    with fits.open(programme.exposures[0]) as hdus:
        del hdus["ASDF"], hdus[0].header["DATAMODL"]
        hdus.writeto(path)
    (outcome,) = run_everything([path], Settings(output_dir=tmp_path / "out"))
    wanted, got = (arrays(o.outputs["rate"]) for o in (reference_run, outcome))
    assert all(values.tobytes() == got[name].tobytes() for name, values in wanted.items())


@pytest.mark.parametrize(
    "step", ["saturation", "superbias", "refpix", "linearity", "dark_current", "jump"]
)
def test_every_correction_can_be_skipped(programme, environ, tmp_path, step):
    outcome = calibrate(programme, tmp_path, Settings(skip=(step,)))
    status = {record.name: record.status for record in outcome.steps}
    assert status[step] == "SKIPPED"
    assert status["ramp_fit"] == "COMPLETE"
    assert webbcal.open(outcome.outputs["rate"]).meta.cal_step[STEPS[step].status] == "SKIPPED"


def test_without_ramp_fit_the_result_is_the_ramp(programme, environ, tmp_path):
    outcome = calibrate(programme, tmp_path, Settings(skip=("ramp_fit",)))
    assert set(outcome.outputs) == {"ramp"}


def test_a_skipped_jump_step_leaves_no_jump_flags(programme, environ, tmp_path):
    outcome = calibrate(programme, tmp_path, Settings(skip=("jump",)))
    assert not (webbcal.open(outcome.outputs["rate"]).dq & DQ.JUMP_DET).any()


def test_resume_makes_nothing_twice_but_everything_that_changed(programme, environ, tmp_path):
    settings = Settings(output_dir=tmp_path, resume=True)
    first, second = (run_everything(programme.exposures, settings)[0] for _ in range(2))
    assert not first.reused
    assert second.reused
    assert second.outputs.keys() == first.outputs.keys()
    other = dataclasses.replace(settings, options={"jump": {"rejection_threshold": 7.0}})
    assert not run_everything(programme.exposures, other)[0].reused
    first.outputs["rate"].write_bytes(first.outputs["rate"].read_bytes()[:-2880])
    assert not run_everything(programme.exposures, other)[0].reused


def test_resume_makes_a_result_that_was_not_saved_before(programme, environ, tmp_path):
    settings = Settings(output_dir=tmp_path, resume=True)
    run_everything(programme.exposures, settings)
    (outcome,) = run_everything(programme.exposures, dataclasses.replace(settings, save=("ramp",)))
    assert not outcome.reused
    assert outcome.outputs["ramp"].exists()
    (outcome,) = run_everything(programme.exposures, dataclasses.replace(settings, save=("ramp",)))
    assert outcome.reused
    assert outcome.outputs["ramp"].exists()


def test_resume_does_not_take_a_saved_result_of_other_options(programme, environ, tmp_path):
    strict = {"jump": {"rejection_threshold": 7.0}}
    settings = Settings(output_dir=tmp_path, resume=True, save=("ramp",))
    run_everything(programme.exposures, settings)
    # The rates are made anew, the ramp of the first run stays.
    run_everything(programme.exposures, dataclasses.replace(settings, save=(), options=strict))
    (outcome,) = run_everything(programme.exposures, dataclasses.replace(settings, options=strict))
    assert not outcome.reused


def test_reference_by_hand_is_used_and_recorded(programme, environ, tmp_path):
    dark = tmp_path / "my_dark.fits"
    dark.write_bytes(programme.references["dark"].read_bytes())
    outcome = calibrate(programme, tmp_path / "out", Settings(references={"dark": dark}))
    assert fits.getval(outcome.outputs["rate"], "R_DARK") == str(dark)


def test_one_bad_exposure_does_not_stop_the_others(programme, environ, tmp_path):
    bad = tmp_path / "jw1_uncal.fits"
    bad.write_bytes(b"nothing")
    outcomes = run_everything([bad, *programme.exposures], Settings(output_dir=tmp_path))
    assert outcomes[0].error is not None
    assert outcomes[1].error is None


def test_python_face_takes_names_and_returns_products(programme, environ, tmp_path):
    (outcome,) = webbcal.run(
        str(programme.exposures[0]),
        output_dir=str(tmp_path),
        options={"jump": {"rejection_threshold": 5.0}},
    )
    rate = webbcal.open(outcome.outputs["rate"])
    assert rate.sci.shape == (64, 64)
    assert rate.meta.exposure.type == "NRC_IMAGE"
