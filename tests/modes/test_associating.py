"""What becomes of the exposures of each mode, after the observatory's stages of processing."""

import pytest

from webbcal.modes import MODES, Kind
from webbcal.modes.associating import NameForm, confirms_acquisition, grouping_of

IMAGES = "FGS_IMAGE MIR_IMAGE NIS_IMAGE NRC_IMAGE NRS_MIMF"
IMAGES_ALONE = (
    "MIR_CORONCAL NIS_FOCUS NRC_FOCUS NRS_FOCUS NRS_IMAGE MIR_TACQ MIR_TACONFIRM NIS_TACONFIRM "
    "NIS_TACQ NRC_TACONFIRM NRC_TACQ NRS_CONFIRM NRS_MSATA NRS_TACONFIRM NRS_TACQ NRS_TASLIT "
    "NRS_VERIFY NRS_WATA"
)
SPECTRA = "MIR_LRS-FIXEDSLIT MIR_MRS MIR_WFSS NIS_WFSS NRC_WFSS NRS_FIXEDSLIT NRS_IFU NRS_MSASPEC"
NOTHING = "NRC_DARK MIR_DARKIMG NIS_DARK NRC_FLAT NRC_LED NIS_LAMP FGS_ACQ1 FGS_FINEGUIDE FGS_TRACK"


def levels(exposure_type, **facts):
    grouping = grouping_of(MODES[exposure_type], **facts)
    return grouping.level2, grouping.level3


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (IMAGES, ("image2", "image3")),
        (IMAGES_ALONE, ("image2", None)),
        ("NRC_CORON MIR_4QPM MIR_LYOT", ("image2", "coron3")),
        ("NIS_AMI", ("image2", "ami3")),
        (SPECTRA, ("spec2", "spec3")),
        ("NRC_TSIMAGE", ("tso-image2", "tso3")),
        ("NRC_TSGRISM NRS_BRIGHTOBJ", ("tso-spec2", "tso3")),
        ("NRS_AUTOWAVE NRS_AUTOFLAT NRS_LAMP", ("nrslamp-spec2", None)),
        (NOTHING, (None, None)),
    ],
)
def test_stages_of_each_type(types, expected):
    assert {levels(name) for name in types.split()} == {expected}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MIR_LRS-SLITLESS", "tso-spec2"),
        ("NIS_SOSS", "tso-spec2"),
        ("MIR_IMAGE", "tso-image2"),
        ("NIS_AMI", "image2"),
        ("MIR_MRS", "tso-spec2"),
        ("NRC_WFSS", "spec2"),
        ("MIR_TACQ", "image2"),
        ("NRC_DARK", None),
    ],
)
def test_a_visit_planned_as_time_series_changes_what_can_be_one(name, expected):
    assert levels(name, time_series=True)[0] == expected


def test_wavefront_sensing_makes_pairs_of_images_only():
    assert levels("NRC_IMAGE", wavefront=True) == ("wfs-image2", "wfs-image3")
    assert levels("NRC_TACQ", wavefront=True) == ("image2", None)
    assert levels("NRC_DARK", wavefront=True) == (None, None)


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.exposure_type)
def test_facts_of_a_mode_agree(mode):
    for series in (False, True):
        grouping = grouping_of(mode, time_series=series)
        assert bool(grouping.level2) == bool(grouping.rule2)
        assert bool(grouping.level3) == bool(grouping.rule3)
        assert grouping.level2 or not grouping.level3
        if grouping.level3:
            assert grouping.integrations == (grouping.level3 in ("tso3", "coron3", "ami3"))
        assert grouping.direct_image == (mode.kind is Kind.SLITLESS)
    if mode.integral_field:
        assert grouping_of(mode).name in (NameForm.INSTRUMENT, NameForm.GRATING)
    if confirms_acquisition(mode):
        assert mode.kind is Kind.TARGET_ACQUISITION
