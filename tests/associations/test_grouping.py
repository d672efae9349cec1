"""Which exposures belong together, told by what a proposal would have said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.associations.headers import MIRI, NIRCAM, NIRISS, NIRSPEC, write_header

from webbcal.associations import associate, read_association, write_association

SKY = {"BKGDTARG": True, "TARGPROP": "BLANK-FIELD"}
STAR = {"IS_PSF": True, "TARGPROP": "HD-1"}
AMI = {"EXP_TYPE": "NIS_AMI", "FILTER": "F480M", "PUPIL": "NRM", "SUBARRAY": "SUB80", "NINTS": 40}
CORON = {
    "EXP_TYPE": "NRC_CORON",
    "DETECTOR": "NRCALONG",
    "FILTER": "F335M",
    "PUPIL": "MASKRND",
    "SUBARRAY": "SUB320A335R",
    "NINTS": 10,
}
LRS = {"EXP_TYPE": "MIR_LRS-FIXEDSLIT", "FILTER": "P750L"}
MRS = {"EXP_TYPE": "MIR_MRS", "FILTER": None}
WFSS = {"EXP_TYPE": "NIS_WFSS", "FILTER": "GR150R"}


def test_detectors_and_dithers_of_a_filter_make_one_mosaic(folder, products):
    roots = [
        folder.expose(NIRCAM, DETECTOR=detector, MODULE=detector[3])
        for detector in ("NRCA1", "NRCB3", "NRCA1", "NRCB3")
    ]
    assert products("image3") == {
        "jw01234-o001_t001_nircam_clear-f200w": {
            "science": sorted(f"{root}_cal.fits" for root in roots)
        }
    }


@pytest.mark.parametrize(
    "change",
    [
        {"FILTER": "F150W"},
        {"PUPIL": "F162M"},
        {"SUBARRAY": "SUB160"},
        {"TARGPROP": "NGC-1"},
        {"obs": 2},
        MIRI,
    ],
)
def test_what_differs_is_not_combined(folder, products, change):
    folder.expose(NIRCAM)
    obs = change.get("obs", 1)
    folder.expose(NIRCAM, {k: v for k, v in change.items() if k != "obs"}, obs=obs)
    assert len(products("image3")) == 2


def test_the_filter_tells_the_channels_of_nircam_apart(folder, products):
    folder.expose(NIRCAM)
    folder.expose(NIRCAM, DETECTOR="NRCALONG", FILTER="F444W", PUPIL="F405N", CHANNEL="LONG")
    assert set(products("image3")) == {
        "jw01234-o001_t001_nircam_clear-f200w",
        "jw01234-o001_t001_nircam_f405n-f444w",
    }


def test_observations_of_a_target_are_combined_on_demand(folder, products):
    folder.expose(NIRCAM, obs=1)
    folder.expose(NIRCAM, obs=7)
    folder.expose(NIRCAM, obs=8, TARGPROP="NGC-1")
    together = products("image3", across_observations=True)
    assert {name: len(roles["science"]) for name, roles in together.items()} == {
        "jw01234-a3001_t001_nircam_clear-f200w": 2,
        "jw01234-o008_t002_nircam_clear-f200w": 1,
    }


def test_every_exposure_is_calibrated_on_its_own(folder, products):
    roots = [folder.expose(MIRI) for _ in range(3)]
    assert products("image2") == {root: {"science": [f"{root}_rate.fits"]} for root in roots}


def test_blank_sky_in_the_same_setup_is_the_background(folder, products):
    target = folder.expose(MIRI, obs=1)
    sky = [folder.expose(MIRI, SKY, obs=2) for _ in range(2)]
    folder.expose(MIRI, SKY, obs=2, FILTER="F1800W")
    made = products("image2")
    assert made[target]["background"] == [f"{root}_rate.fits" for root in sky]
    assert all("background" not in made[root] for root in sky)
    assert len(products("image3")) == 3


def test_of_two_blank_fields_the_one_nearer_in_time_is_taken(folder, products):
    folder.expose(MIRI, SKY, obs=2, DATE__OBS="2022-10-01")
    target = folder.expose(MIRI, obs=1)
    near = folder.expose(MIRI, SKY, obs=3)
    assert products("image2")[target]["background"] == [f"{near}_rate.fits"]


def test_time_series_keep_integrations_and_segments_together(folder, products):
    setup = {"EXP_TYPE": "NRC_TSIMAGE", "SUBARRAY": "SUB64P", "TSOVISIT": True, "NINTS": 20}
    segments = [
        folder.expose(NIRCAM, setup, suffixes=("rate", "rateints"), segment=f"-seg00{n}")
        for n in (1, 2)
    ]
    assert products("tso3") == {
        "jw01234-o001_t001_nircam_clear-f200w-sub64p": {
            "science": [f"{root}_calints.fits" for root in segments]
        }
    }
    assert products("tso-image2")[segments[0]] == {"science": [f"{segments[0]}_rateints.fits"]}


def test_imaging_is_a_time_series_when_it_was_planned_as_one(folder, products):
    folder.expose(MIRI, TSOVISIT=True, NINTS=100)
    folder.expose(MIRI, TSOVISIT=False, NINTS=100)
    assert len(products("tso3")) == len(products("image3")) == 1


def test_both_detectors_of_nirspec_make_one_time_series(folder, products):
    setup = {"EXP_TYPE": "NRS_BRIGHTOBJ", "FXD_SLIT": "S1600A1", "SUBARRAY": "SUB2048"}
    for detector in ("NRS1", "NRS2"):
        folder.expose(NIRSPEC, setup, FILTER="F290LP", GRATING="G395H", DETECTOR=detector, NINTS=9)
    ((name, roles),) = products("tso3").items()
    assert name == "jw01234-o001_t001_nirspec_f290lp-g395h-s1600a1-sub2048"
    assert len(roles["science"]) == 2


@pytest.mark.parametrize(
    ("instrument", "setup", "kind"), [(NIRISS, AMI, "ami3"), (NIRCAM, CORON, "coron3")]
)
def test_reference_stars_of_other_observations_serve(folder, products, instrument, setup, kind):
    both = ("rate", "rateints")
    target = folder.expose(instrument, setup, obs=1, suffixes=both)
    star = folder.expose(instrument, setup, STAR, obs=2, suffixes=both)
    folder.expose(instrument, setup, STAR, obs=3, FILTER="F430M")
    ((name, roles),) = products(kind).items()
    assert name.startswith("jw01234-o001_t001_")
    assert roles == {"science": [f"{target}_calints.fits"], "psf": [f"{star}_calints.fits"]}


def test_integrations_are_named_before_anything_is_calibrated(folder, products):
    target = folder.expose(NIRISS, AMI, suffixes=("uncal",))
    short = folder.expose(NIRISS, AMI, suffixes=("uncal",), NINTS=1)
    assert products("image2")[target]["science"] == [f"{target}_rateints.fits"]
    assert products("image2")[short]["science"] == [f"{short}_rate.fits"]


def test_a_coronagraphic_image_without_reference_star_is_left_out(folder, left_out):
    root = folder.expose(NIRCAM, CORON)
    assert "reference star" in left_out()[f"{root}_rate.fits"]


def test_a_reference_star_alone_is_left_out(folder, left_out):
    root = folder.expose(NIRCAM, CORON, STAR)
    assert "no target" in left_out()[f"{root}_rate.fits"]


def test_bands_and_detectors_of_an_integral_field_make_one_product(folder, products):
    for detector, channel in (("MIRIFUSHORT", "12"), ("MIRIFULONG", "34")):
        for band in ("SHORT", "LONG"):
            setup = {"DETECTOR": detector, "CHANNEL": channel, "BAND": band}
            folder.expose(MIRI, MRS, setup, obs=1)
            folder.expose(MIRI, MRS, setup, SKY, obs=2)
    made = products("spec3")
    assert {
        name: {role: len(files) for role, files in roles.items()} for name, roles in made.items()
    } == {
        "jw01234-o001_t001_miri": {"science": 4, "background": 4},
        "jw01234-o002_t002_miri": {"science": 4},
    }
    assert all(name.endswith("_x1d.fits") for name in made["jw01234-o001_t001_miri"]["background"])
    assert all(len(roles.get("background", [0])) == 1 for roles in products("spec2").values())


def test_other_nods_are_the_background(folder, products):
    nods = [folder.expose(MIRI, LRS, PATTTYPE="ALONG-SLIT-NOD") for _ in range(2)]
    made = products("spec2")
    assert [made[root]["background"] for root in nods] == [
        [f"{nods[1]}_rate.fits"],
        [f"{nods[0]}_rate.fits"],
    ]


def test_small_steps_are_no_nods(folder, products):
    shutters = {"EXP_TYPE": "NRS_MSASPEC", "NOD_TYPE": "3-SHUTTER-SLITLET", "XOFFSET": 0.0}
    offsets = {0.0: 1, 0.53: 2, 0.58: 3}
    roots = {y: folder.expose(NIRSPEC, shutters, YOFFSET=y, PATT_NUM=n) for y, n in offsets.items()}
    made = products("spec2")
    assert made[roots[0.0]]["background"] == [
        f"{roots[0.53]}_rate.fits",
        f"{roots[0.58]}_rate.fits",
    ]
    assert made[roots[0.53]]["background"] == [f"{roots[0.0]}_rate.fits"]


def test_offsets_that_are_all_zero_say_nothing(folder, products):
    zero = {"PATTTYPE": "ALONG-SLIT-NOD", "XOFFSET": 0.0, "YOFFSET": 0.0}
    nods = [folder.expose(MIRI, LRS, zero, PATT_NUM=n) for n in (1, 2, 2)]
    sky = products("spec2")[nods[0]]["background"]
    assert sky == [f"{root}_rate.fits" for root in nods[1:]]


def test_dithers_are_no_nods(folder, products):
    roots = [folder.expose(NIRSPEC, PATTTYPE="CYCLING") for _ in range(2)]
    assert all("background" not in products("spec2")[root] for root in roots)


def test_imprints_of_the_same_setup_are_subtracted_and_nothing_else(folder, products, left_out):
    target = folder.expose(NIRSPEC)
    imprint = folder.expose(NIRSPEC, IS_IMPRT=True)
    lonely = folder.expose(NIRSPEC, IS_IMPRT=True, GRATING="G395H")
    other = folder.expose(NIRSPEC, IS_IMPRT=True, obs=2)
    assert products("spec2") == {
        target: {"science": [f"{target}_rate.fits"], "imprint": [f"{imprint}_rate.fits"]}
    }
    assert set(left_out()) == {f"{lonely}_rate.fits", f"{other}_rate.fits"}
    assert products("spec3") == {
        "jw01234-o001_t001_nirspec_g140h": {"science": [f"{target}_cal.fits"]}
    }


def test_the_background_has_its_imprint_too(folder, products):
    target = folder.expose(NIRSPEC, obs=1)
    folder.expose(NIRSPEC, SKY, obs=2)
    imprint = folder.expose(NIRSPEC, SKY, IS_IMPRT=True, obs=2)
    assert products("spec2")[target]["imprint"] == [f"{imprint}_rate.fits"]


def test_slitless_spectra_get_the_sources_of_the_direct_image(folder, products):
    folder.expose(NIRISS)
    folder.expose(NIRISS, PUPIL="F150W")
    grism = folder.expose(NIRISS, WFSS)
    image = "jw01234-o001_t001_niriss_clear-f200w"
    assert products("spec2")[grism] == {
        "science": [f"{grism}_rate.fits"],
        "direct_image": [f"{image}_i2d.fits"],
        "sourcecat": [f"{image}_cat.ecsv"],
        "segmap": [f"{image}_segm.fits"],
    }


def test_slitless_spectra_without_direct_image_are_told(folder, left_out):
    folder.expose(NIRISS, PUPIL="F150W")
    grism = folder.expose(NIRISS, WFSS)
    assert "direct image" in left_out()[f"{grism}_rate.fits"]


def test_the_confirmed_acquisition_guides_the_extraction(folder, products):
    for kind in ("MIR_TACQ", "MIR_TACONFIRM"):
        acquired = folder.expose(MIRI, EXP_TYPE=kind, FILTER="F560W")
    spectrum = folder.expose(MIRI, LRS)
    folder.expose(MIRI, EXP_TYPE="MIR_TACONFIRM", FILTER="F560W")
    assert products("spec2")[spectrum]["target_acquisition"] == [f"{acquired}_rate.fits"]
    assert products("image3") == {}


def test_wavefront_pairs_are_of_one_detector_and_activity(folder, products, left_out):
    sensing = {"VISITYPE": "PRIME_WFSC_SENSING_CONTROL", "PUPIL": "WLP8", "FILTER": "F212N"}
    for detector in ("NRCA3", "NRCB4"):
        for _ in range(2):
            folder.expose(NIRCAM, sensing, DETECTOR=detector, ACT_ID="04")
    single = folder.expose(NIRCAM, sensing, DETECTOR="NRCA3", ACT_ID="05")
    assert {name: len(roles["science"]) for name, roles in products("wfs-image3").items()} == {
        "jw01234-o001_t001_nircam_f212n-wlp8-nrca3_{suffix}-04": 2,
        "jw01234-o001_t001_nircam_f212n-wlp8-nrcb4_{suffix}-04": 2,
    }
    assert "pair" in left_out()[f"{single}_rate.fits"]
    assert len(products("wfs-image2")) == 5
    assert products("image3") == {}


@pytest.mark.parametrize(
    ("setup", "level2"),
    [
        ({"EXP_TYPE": "NRC_DARK"}, False),
        ({"EXP_TYPE": "NRC_FLAT"}, False),
        ({"EXP_TYPE": "NRC_TACQ"}, True),
        ({"EXP_TYPE": "NRC_FOCUS"}, True),
    ],
)
def test_calibrations_and_acquisitions_are_not_combined(folder, products, left_out, setup, level2):
    folder.expose(NIRCAM, setup)
    assert products("image3") == {}
    assert bool(products("image2")) == level2
    assert bool(left_out()) != level2


def test_products_of_one_exposure_count_once(folder, products):
    root = folder.expose(NIRCAM, suffixes=("uncal", "rate", "rateints", "cal"))
    assert products("image2") == {root: {"science": [f"{root}_rate.fits"]}}


def test_members_below_the_folder_keep_their_path(folder, tmp_path):
    root = folder.expose(NIRCAM)
    found = associate([tmp_path], tmp_path)
    names = [m.name for a in found.associations.values() for _, m in a.members]
    assert names == [f"data/{root}_rate.fits", f"data/{root}_cal.fits"]
    elsewhere = associate([tmp_path], tmp_path / "out")
    assert [m.name for a in elsewhere.associations.values() for _, m in a.members] == [
        f"{root}_rate.fits",
        f"{root}_cal.fits",
    ]


def test_what_is_grouped_can_be_written_and_read(folder):
    for setup in (NIRCAM, MIRI, NIRISS, NIRSPEC):
        for _ in range(2):
            folder.expose(setup)
    found = associate([folder.path], folder.path)
    for name, association in found.associations.items():
        path = write_association(association, folder.path / name)
        assert read_association(path).products == association.products


def test_the_order_of_the_files_does_not_matter(folder):
    for setup in (NIRCAM, MIRI, NIRISS, SKY | MIRI):
        folder.expose(setup)
    files = sorted(folder.path.iterdir())
    assert associate(files, folder.path) == associate(files[::-1], folder.path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"EXP_TYPE": None}, "EXP_TYPE"),
        ({"EXP_TYPE": "NRC_NEW"}, "NRC_NEW"),
        ({"PROGRAM": None}, "PROGRAM"),
        ({"PROGRAM": "../../x"}, "PROGRAM"),
        ({"OBSERVTN": "1/2"}, "OBSERVTN"),
        ({"FILTER": "../x"}, "FILTER"),
        ({"SUBARRAY": "A/B"}, "SUBARRAY"),
        ({"DETECTOR": None}, "DETECTOR"),
    ],
)
def test_a_header_that_cannot_name_a_product_is_told(folder, left_out, change, words):
    header = {"PROGRAM": "01234", "OBSERVTN": "001"} | NIRCAM | change
    write_header(folder.path / "jw01234001001_02101_00001_nrca1_rate.fits", header)
    (reason,) = left_out().values()
    assert words in reason


def test_files_that_are_no_exposures_are_told(folder, left_out):
    (folder.path / "jw01234001001_02101_00001_nrca1_rate.fits").write_bytes(b"hello")
    write_header(folder.path / "jw01234-o001_t001_nirspec_clear-prism_cal.fits", NIRCAM)
    (folder.path / "jw01234-o001_t001_nircam_clear-f200w_i2d.fits").touch()
    (folder.path / "jw01234001001_02101_00002_nrca1_rate.fits.gz").touch()
    reasons = left_out()
    assert "FITS" in reasons["jw01234001001_02101_00001_nrca1_rate.fits"]
    assert "exposure" in reasons["jw01234-o001_t001_nirspec_clear-prism_cal.fits"]
    assert len(reasons) == 2
    found = associate(folder.path.iterdir(), folder.path)
    reasons = {item.path.name: item.reason for item in found.left_out}
    assert len(reasons) == 4
    assert "i2d" in reasons["jw01234-o001_t001_nircam_clear-f200w_i2d.fits"]
    assert ".fits" in reasons["jw01234001001_02101_00002_nrca1_rate.fits.gz"]


@settings(max_examples=60, deadline=None)
@given(
    keyword=st.sampled_from(["PROGRAM", "OBSERVTN", "FILTER", "PUPIL", "SUBARRAY", "ACT_ID"]),
    value=st.text(alphabet="AF0129./\\-_ ~{}*", max_size=12) | st.integers() | st.booleans(),
)
def test_no_header_makes_a_name_that_is_a_path(keyword, value, tmp_path_factory):
    path = (
        tmp_path_factory.mktemp("odd", numbered=True) / "jw01234001001_02101_00001_nrca1_cal.fits"
    )
    header = {"PROGRAM": "01234", "OBSERVTN": "001"} | NIRCAM | {keyword: value}
    write_header(path, header)
    found = associate([path], path.parent)
    assert found.associations or found.left_out
    for name, association in found.associations.items():
        written = write_association(association, path.parent / name)
        assert written.parent == path.parent
        assert read_association(written).products == association.products
