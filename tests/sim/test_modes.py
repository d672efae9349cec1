"""Every mode of the command line makes exposures that follow their format."""

import pytest
from astropy.io import fits

from webbcal.core.errors import InvalidOptions
from webbcal.io.conformance import check_file
from webbcal.modes import mode_of
from webbcal.sim import ImageSimulation, simulate_files
from webbcal.sim.modes import MODES, options_of

SMALL = {"subarray": "32x32", "ngroups": 2, "nints": 1, "segments": 1, "dark_frames": 2}
CASES = [
    *((mode, SMALL) for mode in MODES if mode not in {"guider", "nirspec-irs2"}),
    ("niriss-image", SMALL | {"exposure_type": "NIS_AMI", "filter": "F480M"}),
    ("fgs-image", SMALL | {"detector": "GUIDER2"}),
    ("miri-image", SMALL | {"reference_output": True, "nints": 2}),
    ("dark", SMALL | {"detector": "NIS"}),
    ("dark", SMALL | {"detector": "MIRIMAGE"}),
    ("dark", SMALL | {"detector": "NRS2"}),
    ("guider", {"exposure_type": "FGS_ACQ2"}),
    ("guider", {"exposure_type": "FGS_TRACK", "nints": 3}),
]


@pytest.mark.parametrize(("mode", "changes"), CASES)
def test_files_of_a_mode_conform(mode, changes, tmp_path):
    options = options_of(mode, changes)
    made = simulate_files(options, tmp_path, seed=2)
    for path in made.exposures:
        report = check_file(path)
        assert report.conforms, report.findings
        head = fits.getheader(path)
        assert head["INSTRUME"] == options.instrument.name
        assert mode_of(head["EXP_TYPE"]).instrument == head["INSTRUME"]
    assert ("DARK" in options.exptype) <= (not made.associations)
    assert all(path.exists() for path in made.references.values())


def test_irs2_reads_whole_frames_only():
    assert options_of("nirspec-irs2", {}).window.full_frame
    with pytest.raises(InvalidOptions, match="FULL"):
        options_of("nirspec-irs2", {"subarray": "SUB512"})


@pytest.mark.parametrize("mode", sorted(MODES))
def test_options_of_modes_exist(mode):
    assert isinstance(options_of(mode, {}), ImageSimulation)


def test_an_unknown_mode_is_refused():
    with pytest.raises(InvalidOptions, match="nircam-image"):
        options_of("hubble-image", {})
