"""An exposure in segments: file by file as all at once, where the algorithms are local."""

import numpy as np
import pytest
from astropy.io import fits

from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import ImageSimulation, simulate_files

NINTS = 5
LOOKS_ACROSS = ("jump", "emicorr")
"""Steps that compare the integrations of a file, or fit all of them together."""

DETECTORS = {
    "NRCB1": {"subarray": "64x64"},
    "MIRIMAGE": {"subarray": "SUB64", "reset_anomaly": 1.0},
    "NIS": {"subarray": "64x64"},
}


@pytest.fixture(scope="module", params=DETECTORS)
def programmes(request, tmp_path_factory):
    """Return the same exposure in one file and in two."""
    made = []
    for segments in (1, 2):
        options = ImageSimulation(
            detector=request.param,
            nints=NINTS,
            ngroups=6,
            segments=segments,
            sky=1000.0,
            **DETECTORS[request.param],
        )
        folder = tmp_path_factory.mktemp(f"{request.param}-{segments}")
        made.append(simulate_files(options, folder, seed=4))
    return made


def rates(programme, folder, **settings):
    """Return all integrations of the rateints products, array by array."""
    environ = {
        "CRDS_PATH": str(programme.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "WEBBCAL_CACHE": str(programme.crds.parent / "cache"),
    }
    outcomes = run_everything(
        programme.exposures, Settings(output_dir=folder, **settings), environ=environ
    )
    parts = []
    for outcome in outcomes:
        assert outcome.error is None, outcome.error
        with fits.open(outcome.outputs["rateints"]) as units:
            parts.append({n: units[n].data.copy() for n in ("SCI", "DQ", "VAR_POISSON")})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_segments_one_by_one_give_the_same_bits(programmes, tmp_path):
    whole, parts = (
        rates(programme, tmp_path / str(number), skip=LOOKS_ACROSS)
        for number, programme in enumerate(programmes)
    )
    assert len(whole["SCI"]) == NINTS
    for name in ("SCI", "DQ"):
        assert whole[name].tobytes() == parts[name].tobytes(), name


def test_photon_noise_is_that_of_the_mean_rate_of_a_file(programmes, tmp_path):
    whole, parts = (
        rates(programme, tmp_path / str(number), skip=LOOKS_ACROSS)
        for number, programme in enumerate(programmes)
    )
    good = (whole["DQ"] == 0) & (whole["VAR_POISSON"] > 0) & (parts["VAR_POISSON"] > 0)
    total, of_parts = (rate["VAR_POISSON"][good].sum(dtype=float) for rate in (whole, parts))
    assert total != of_parts
    assert abs(of_parts / total - 1) < 0.05


def test_the_jump_search_compares_the_integrations_of_a_file(programmes, tmp_path):
    whole, parts = (
        rates(
            programme,
            tmp_path / str(number),
            skip=("emicorr",),
            options={"jump": {"four_group_rejection_threshold": 2.0, "rejection_threshold": 2.0}},
        )
        for number, programme in enumerate(programmes)
    )
    same_flags = whole["DQ"] == parts["DQ"]
    assert 0.9 < same_flags.mean() < 1
