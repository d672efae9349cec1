"""A small simulated programme, its references, and a clean cache."""

import pytest

from webbcal.sim import ImageSimulation, simulate_nircam_image

SMALL = ImageSimulation(
    subarray="64x64", x_start=1, y_start=1, ngroups=6, nints=3, readpatt="BRIGHT2", dark_frames=20,
    zero_frame=True, brightest_star=3e5, stars=6, cosmic_rays=20.0,
)  # fmt: skip


@pytest.fixture(scope="session")
def programme(tmp_path_factory):
    """Return the files of a programme: 64 x 64 pixels in a corner of the detector."""
    return simulate_nircam_image(SMALL, tmp_path_factory.mktemp("programme"), seed=3)


@pytest.fixture
def environ(programme, tmp_path_factory, monkeypatch):
    """Point the selection system at the references of the programme."""
    variables = {
        "CRDS_PATH": str(programme.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "CRDS_READONLY_CACHE": "1",
        "WEBBCAL_CACHE": str(tmp_path_factory.getbasetemp() / "webbcal-cache"),
    }
    monkeypatch.delenv("CRDS_SERVER_URL", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables
