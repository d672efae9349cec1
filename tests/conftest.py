"""A small simulated programme, its references, and a clean cache."""

import pytest

from webbcal.sim import ImageSimulation, simulate_files

# Long groups and a bright sky: the reference pixels of so small a frame know its zero point to a
# few tenths of a DN only, the same error for all pixels.
SMALL = ImageSimulation(
    subarray="64x64",
    x_start=1,
    y_start=1,
    readpatt="MEDIUM8",
    ngroups=6,
    nints=3,
    dark_frames=70,
    zero_frame=True,
    sky=400.0,
    stars=6,
    brightest_star=3e5,
    cosmic_rays=20.0,
)


@pytest.fixture(scope="session")
def programme(tmp_path_factory):
    """Return the files of a programme: 64 x 64 pixels in a corner of the detector."""
    return simulate_files(SMALL, tmp_path_factory.mktemp("programme"), seed=3)


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
