"""From a raw MIRI exposure to count rates: its own steps, their keywords and products."""

import dataclasses

import numpy as np
import pytest
from astropy.io import fits

import webbcal
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import ImageSimulation, simulate_files
from webbcal.spec.fields import Image, declared
from webbcal.spec.references import Dark

EVERYTHING = Settings(
    save=("ramp",),
    options={
        "emicorr": {"save_intermediate_results": True},
        "dark_current": {"dark_output": True},
        "firstframe": {"skip": False},
    },
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    options = ImageSimulation(
        detector="MIRIMAGE",
        subarray="SUB64",
        ngroups=10,
        nints=3,
        segments=1,
        sky=500.0,
        interference=2.0,
        reset_anomaly=1.0,
        charge_decay=1.0,
        last_frame=1.0,
        dark_settling=1.0,
    )
    return simulate_files(options, tmp_path_factory.mktemp("miri"), seed=4)


def calibrate(files, folder, settings, patch):
    for name, value in {"CRDS_PATH": str(files.crds), "CRDS_MODE": "local"}.items():
        patch.setenv(name, value)
    patch.setenv("CRDS_CONTEXT", "jwst_0001.pmap")
    patch.setenv("CRDS_READONLY_CACHE", "1")
    patch.setenv("WEBBCAL_CACHE", str(folder / "cache"))
    settings = dataclasses.replace(settings, output_dir=folder)
    (outcome,) = run_everything(files.exposures, settings)
    assert outcome.error is None, outcome.error
    return outcome


@pytest.fixture(scope="module")
def outcome(files, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield calibrate(files, tmp_path_factory.mktemp("whole"), EVERYTHING, patch)


def test_every_step_of_the_instrument_runs(outcome):
    header = fits.getheader(outcome.outputs["rate"])
    for name in ("MIREMI", "FRSTFR", "LASTFR", "RESET", "RSCD", "DARK", "LINEAR", "RAMP"):
        assert header[f"S_{name}"] == "COMPLETE", name
    assert header["R_MIREMI"] == "crds://jwst_miri_emicorr_0001.asdf"
    assert header["R_RESET"] == "crds://jwst_miri_reset_0001.fits"
    assert (header["INT1SKIP"], header["INT2SKIP"]) == (1, 5)
    assert header["INT2BORS"] >= 0
    assert header["INT1UGP1"] >= 0


def test_what_was_subtracted_is_written(outcome):
    assert {"emipattern", "subtracteddark"} <= set(outcome.outputs)
    pattern = webbcal.open(outcome.outputs["emipattern"]).sci
    assert 4 < pattern.std() < 12
    dark = webbcal.open(outcome.outputs["subtracteddark"])
    assert isinstance(dark, Dark)
    assert dark.sci.shape == (2, 10, 64, 72)
    assert dark.sci[0, -1].mean() > dark.sci[1, -1].mean() + 10


@pytest.mark.parametrize("block_bytes", [1, 100_000, 1 << 30])
def test_results_do_not_depend_on_threads_or_blocks(
    files, outcome, block_bytes, tmp_path, monkeypatch
):
    settings = dataclasses.replace(EVERYTHING, threads=3, block_bytes=block_bytes)
    other = calibrate(files, tmp_path, settings, monkeypatch)
    assert other.outputs.keys() == outcome.outputs.keys()
    for suffix, path in outcome.outputs.items():
        wanted, got = webbcal.open(path), webbcal.open(other.outputs[suffix])
        for name, spec in declared(type(wanted)).items():
            if isinstance(spec, Image) and wanted.has(name):
                left, right = getattr(wanted, name), getattr(got, name)
                assert left.tobytes() == right.tobytes(), f"{suffix}.{name}"
    counts = [fits.getheader(o.outputs["rate"]) for o in (outcome, other)]
    for name in ("INT1BORS", "INT2BORS", "INT1UGP1", "INT2UGP1", "PRIMECRS"):
        assert counts[0][name] == counts[1][name]


def test_frequencies_may_be_named_without_a_reference(files, tmp_path, monkeypatch):
    options = {"emicorr": {"onthefly_corr_freq": "390.625,10.039216", "nbins": "60"}}
    settings = Settings(options=options, references={"emicorr": None})
    header = fits.getheader(calibrate(files, tmp_path, settings, monkeypatch).outputs["rate"])
    assert header["S_MIREMI"] == "COMPLETE"
    assert np.isfinite(header["PRIMECRS"])
