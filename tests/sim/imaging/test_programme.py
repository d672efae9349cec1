"""The files of a programme: exposures, references, associations, catalogues, truth."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from tests.sim.test_program import chosen_by_the_client

from webbcal.core.errors import InvalidOptions
from webbcal.io.conformance import check_file
from webbcal.sim import ImagingProgramme, read_scene, read_truth, simulate_files
from webbcal.sim.imaging.field import SOURCE_DTYPE, moved, reference_catalogue
from webbcal.sim.imaging.photometry import STERADIAN_PER_ARCSEC2
from webbcal.sim.imaging.plan import Plan
from webbcal.sim.imaging.programme import CameraField
from webbcal.sim.imaging.rates import MISSED_DTYPE
from webbcal.sim.modes import PROGRAMMES, options_of

SMALL = ImagingProgramme(
    detectors="NRCB2,NRCB1",
    subarray="SUB64P",
    exposures=2,
    ngroups=3,
    dark_frames=4,
    products="rate",
    stars=200,
    galaxies=5,
)


@pytest.fixture(scope="module")
def rates(tmp_path_factory):
    return simulate_files(SMALL, tmp_path_factory.mktemp("rates"), 5)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return simulate_files(replace(SMALL, products="uncal"), tmp_path_factory.mktemp("raw"), 5)


def test_files_are_named_by_visit_exposure_and_detector(rates, raw):
    roots = [
        "jw99001001001_02101_00001_nrcb1",
        "jw99001001001_02101_00001_nrcb2",
        "jw99001001002_02101_00001_nrcb1",
        "jw99001001002_02101_00001_nrcb2",
    ]
    assert [p.name for p in rates.exposures] == [f"{root}_rate.fits" for root in roots]
    assert [p.name for p in raw.exposures] == [f"{root}_uncal.fits" for root in roots]
    assert [p.name for p in rates.scenes] == [f"{root}_scene.fits" for root in roots]
    assert rates.truths == ()
    assert len(raw.truths) == 4
    for path in (*rates.exposures, *raw.exposures):
        report = check_file(path)
        assert report.conforms, report.findings
        head = fits.getheader(path)
        assert head["FILENAME"] == path.name
        assert head["VISIT_ID"] == path.name[2:13]
        assert head["DETECTOR"].lower() == path.name.split("_")[3]


def test_associations_hold_all_detectors(rates):
    level2, level3 = (json.loads(path.read_text()) for path in rates.associations)
    for product, path in zip(level2["products"], rates.exposures, strict=True):
        assert [m["expname"] for m in product["members"]] == [path.name]
    (product,) = level3["products"]
    assert product["name"] == "jw99001-o001_t001_nircam_clear-f200w-sub64p"
    assert [m["expname"] for m in product["members"]] == [
        path.name.replace("rate", "cal") for path in rates.exposures
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_the_genuine_client_chooses_the_references_of_each_detector(rates, raw, which):
    for made, more in ((rates, []), (raw, ["dark", "gain"])):
        shown = replace(made, exposures=(made.exposures[which],))
        kinds = ["distortion", "filteroffset", "area", "photom", "apcorr", "abvegaoffset", "flat"]
        detector = ("NRCB1", "NRCB2")[which]
        files = {
            kind: made.references.get(f"{kind} {detector}", made.references[kind])
            for kind in kinds + more
        }
        answer = chosen_by_the_client(replace(shown, references=files), ["bkg"])
        assert all(answer[kind] == path.name for kind, path in files.items())


def test_rates_show_the_scene_through_flat_field_and_flux_calibration(rates):
    for path, scene_path in zip(rates.exposures, rates.scenes, strict=True):
        truth = read_scene(scene_path)
        detector = truth.keywords["DETECTOR"]
        files = {
            kind: rates.references.get(f"{kind} {detector}", rates.references[kind])
            for kind in ("flat", "photom")
        }
        photom = Table.read(files["photom"], hdu=1)
        factor = float(photom["photmjsr"][[f.strip() for f in photom["filter"]].index("F200W")])
        with fits.open(path) as units, fits.open(files["flat"]) as flat:
            sci = units["SCI"].data / flat["SCI"].data * factor
            err = units["ERR"].data / flat["SCI"].data * factor
        pull = (sci - truth.scene) / err
        pull[truth.missed["y"], truth.missed["x"]] = np.nan
        pull = pull[np.isfinite(pull)]
        assert pull.size > 3000
        assert pull.mean() == pytest.approx(0, abs=4 / np.sqrt(pull.size))
        assert pull.std() == pytest.approx(1, abs=4 / np.sqrt(2 * pull.size))
        assert truth.scene.min() == pytest.approx(truth.keywords["SKY"], rel=0.2)


def test_the_flux_of_a_star_is_that_of_the_catalogue():
    """Surface brightness times solid angle, summed over a lone star."""
    options = replace(SMALL, stars=1, galaxies=0, detectors="NRCB1", sky=0.0, subarray="160x160")
    plan = Plan.of(options, 1)
    camera, pointed = plan.cameras[0], plan.exposures[0]
    star = plan.sources.copy()
    star["ra"], star["dec"] = camera.view(pointed.true).sky(np.array([80.3]), np.array([79.1]))
    star["rate"], star["flux"] = 5e3, 5e3 / camera.electrons_per_jansky
    field = CameraField(replace(plan, sources=star), camera)
    light, positions = field.light(pointed)
    scene = field.truth(pointed, light, positions, np.zeros(0, MISSED_DTYPE)).scene
    steradian = camera.relative_area() * camera.nominal_area * STERADIAN_PER_ARCSEC2
    assert (scene * steradian).sum() * 1e6 == pytest.approx(float(star["flux"][0]), rel=1e-3)


def test_the_truth_knows_the_pointing(rates):
    """Sources lie where the true view by the distortion file puts them, not the header's."""
    catalogue = Table.read(rates.catalogues[0])
    for path, scene_path in zip(rates.exposures, rates.scenes, strict=True):
        truth = read_scene(scene_path)
        detector = truth.keywords["DETECTOR"]
        file = rates.references.get(f"distortion {detector}", rates.references["distortion"])
        rows = catalogue[truth.positions["id"] - 1]
        assert len(rows)
        x, y = truth.view(file).pixels(np.array(rows["ra"]), np.array(rows["dec"]))
        np.testing.assert_allclose(x, truth.positions["x"], atol=1e-5)
        np.testing.assert_allclose(y, truth.positions["y"], atol=1e-5)
        head = fits.getheader(path, "SCI")
        told = SkyCoord(head["RA_REF"], head["DEC_REF"], unit="deg")
        true = SkyCoord(truth.keywords["RA_REF"], truth.keywords["DEC_REF"], unit="deg")
        miss = told.separation(true).mas
        assert (miss > 50) == ("001002_" in path.name)
        assert miss > 0.1


def test_raw_exposures_see_the_same_sky(rates, raw):
    for ours, theirs, stage1 in zip(rates.scenes, raw.scenes, raw.truths, strict=True):
        one, two, ramps = read_scene(ours), read_scene(theirs), read_truth(stage1)
        np.testing.assert_array_equal(one.scene, two.scene)
        np.testing.assert_array_equal(one.positions, two.positions)
        np.testing.assert_array_equal(ramps.catalogue["id"], one.positions["id"])
        lit = ramps.pixels.response > 0
        ratio = (ramps.scene / one.scene)[lit]
        assert ratio.std() / ratio.mean() < 0.01  # but for the area of the pixels
        assert two.missed.size == 0


def test_same_seed_same_pixels(rates, tmp_path):
    again = simulate_files(SMALL, tmp_path, 5)
    for one, two in zip(rates.exposures, again.exposures, strict=True):
        for name in ("SCI", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE"):
            np.testing.assert_array_equal(fits.getdata(one, name), fits.getdata(two, name))


def test_a_survey_knows_the_stars_with_the_errors_it_tells():
    rng = np.random.default_rng(4)
    sources = np.zeros(4000, SOURCE_DTYPE)
    sources["id"] = np.arange(4000) + 1
    sources["ra"], sources["dec"] = rng.uniform(10, 10.1, 4000), rng.uniform(60, 60.1, 4000)
    sources["flux"] = sources["rate"] = rng.uniform(1, 2, 4000)
    sources["pmra"], sources["pmdec"] = rng.normal(0, 50, (2, 4000))
    known = reference_catalogue(sources, 2026.0, 1)
    stars = sources[known["source_id"] - 4_000_000_001]
    assert (known["ref_epoch"] == 2016.0).all()
    ra, dec = moved(known["ra"], known["dec"], known["pmra"], known["pmdec"], 10.0)
    error = np.hypot(known["ra_error"], 10 * known["pmra_error"])
    pull_ra = (ra - stars["ra"]) * np.cos(np.deg2rad(dec)) * 3.6e6 / error
    pull_dec = (dec - stars["dec"]) * 3.6e6 / error
    for pull in (pull_ra, pull_dec):
        assert pull.std() == pytest.approx(1, abs=4 / np.sqrt(2 * pull.size))
    still = (known["ra"] - stars["ra"]) * np.cos(np.deg2rad(dec)) * 3.6e6
    assert still.std() > 300  # ten years at 50 mas per year
    assert known["phot_g_mean_mag"].max() < -2.5 * np.log10(np.sort(stars["flux"])[0] / 3631) + 0.1


@pytest.mark.parametrize("mode", PROGRAMMES)
def test_each_imager_has_a_programme(mode, tmp_path):
    small = {"subarray": "48x48", "exposures": 2, "ngroups": 3, "products": "rate", "stars": 20}
    options = options_of(mode, small)
    assert isinstance(options, ImagingProgramme)
    made = simulate_files(options, tmp_path, 1)
    assert len(made.exposures) == 2 * len(options.detector_names)
    assert all(check_file(path).conforms for path in made.exposures)
    wanted = {"distortion", "area", "photom", "apcorr", "abvegaoffset", "flat"}
    assert wanted <= set(made.references)
    kinds = {name.split()[0]: made.references[name] for name in wanted}
    answer = chosen_by_the_client(
        replace(made, exposures=made.exposures[-len(options.detector_names) :], references=kinds)
        if len(options.detector_names) == 1
        else replace(made, exposures=made.exposures[1:2], references=kinds),
        ["mask"],
    )
    assert answer["distortion"].startswith("jwst_")


@pytest.mark.parametrize(
    "values",
    [
        {"detectors": "NRCB1,NRCBLONG"},
        {"detectors": "NRCB1,NIS"},
        {"detectors": "NRCB1,NRCB1"},
        {"detectors": "NRCZ1"},
        {"detectors": "NRCB1", "segments": 2, "nints": 2},
        {"products": "cal"},
        {"products": "rate", "ngroups": 1},
        {"detectors": "NRCB1", "exposure_type": "NRC_DARK"},
    ],
)
def test_programmes_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidOptions):
        options_of("nircam-image", values)


def test_options_of_programmes_make_no_dark():
    with pytest.raises(InvalidOptions, match="galaxies"):
        options_of("dark", {"galaxies": 3})
