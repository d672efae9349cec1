"""The files of a simulated programme."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from webbcal.cli.simulate import options_help, simulate
from webbcal.core.errors import CannotWrite, InvalidOptions
from webbcal.sim import ImageSimulation, read_truth, simulate_exposures, simulate_files
from webbcal.sim.crds_cache import KEY_PATHS

OPTIONS = ImageSimulation(
    subarray="48x64",
    detector="NRCALONG",
    readpatt="BRIGHT2",
    ngroups=3,
    nints=2,
    exposures=2,
    stars=4,
    zero_frame=True,
    dark_frames=6,
)


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return simulate_files(OPTIONS, tmp_path_factory.mktemp("programme"), seed=5)


def test_files_hold_what_is_simulated_in_memory(programme):
    for made, path in zip(simulate_exposures(OPTIONS, 5), programme.exposures, strict=True):
        with fits.open(path) as units:
            assert path.name == f"{made.root}_uncal.fits" == units[0].header["FILENAME"]
            assert units[1].name == "SCI"
            np.testing.assert_array_equal(units["SCI"].data, made.uncal.sci)
            np.testing.assert_array_equal(units["ZEROFRAME"].data, made.uncal.zeroframe)
            assert len(units["GROUP"].data) == 6
            assert len(units["INT_TIMES"].data) == 2
            assert units[0].header["NGROUPS"] == 3
            assert units[0].header["SUBSIZE1"] == 64


def test_the_truth_is_read_back(programme):
    made = next(simulate_exposures(OPTIONS, 5))
    truth = read_truth(programme.truths[0])
    np.testing.assert_allclose(truth.rate, made.truth.rate, rtol=1e-6)
    for kind in ("reference", "dead", "hot"):
        np.testing.assert_array_equal(getattr(truth.pixels, kind), getattr(made.truth.pixels, kind))
    np.testing.assert_array_equal(truth.saturation_group, made.truth.saturation_group)
    np.testing.assert_array_equal(truth.hits, made.truth.hits)
    np.testing.assert_array_equal(truth.catalogue, made.truth.catalogue)


def test_associations_name_the_products(programme):
    level2, level3 = (json.loads(path.read_text()) for path in programme.associations)
    roots = [path.name.removesuffix("_uncal.fits") for path in programme.exposures]
    assert [p["name"] for p in level2["products"]] == roots
    assert level2["products"][0]["members"][0]["expname"] == f"{roots[0]}_rate.fits"
    members = [m["expname"] for m in level3["products"][0]["members"]]
    assert members == [f"{root}_cal.fits" for root in roots]
    assert level3["products"][0]["name"] == "jw99001-o001_t001_nircam_clear-f356w-generic"


def test_mappings_carry_their_checksum(programme):
    for path in (programme.crds / "mappings" / "jwst").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        rest = "".join(line for line in lines if "sha1sum" not in line)
        stated = next(line for line in lines if "sha1sum" in line).split("'")[3]
        assert stated == hashlib.sha1(rest.encode()).hexdigest(), path.name


def test_the_genuine_client_chooses_the_files(programme):
    chosen = chosen_by_the_client(programme, ["ipc", "flat", "persat"])
    for kind, path in programme.references.items():
        assert chosen[kind] == path.name


@pytest.mark.parametrize(
    ("detector", "absent"),
    [("MIRIMAGE", ["superbias", "ipc"]), ("NRS2", ["ipc", "pictureframe"]), ("GUIDER2", ["flat"])],
)
def test_the_client_chooses_the_files_of_other_instruments(detector, absent, tmp_path):
    options = ImageSimulation(detector=detector, subarray="16x16", ngroups=1, dark_frames=1)
    made = simulate_files(options, tmp_path, 1)
    chosen = chosen_by_the_client(made, absent)
    for kind, path in made.references.items():
        assert chosen[kind] == path.name


def chosen_by_the_client(programme, absent):
    """Ask in a process of its own: the client reads its settings when it is imported."""
    question = (
        "import sys, json, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from crds.core import rmap\n"
        "context = rmap.get_cached_mapping('jwst_0001.pmap')\n"
        "keys, kinds = json.loads(sys.argv[1]), json.loads(sys.argv[2])\n"
        "print('ANSWER', json.dumps(context.get_best_references(keys, kinds)))\n"
    )
    head = fits.getheader(programme.exposures[0])
    values = {path: head.get(keyword, "N/A") for keyword, path in KEY_PATHS.items()}
    # Numbers as the client normalises them.
    keys = {p: str(float(v)) if isinstance(v, int) else v for p, v in values.items()} | {
        "META.INSTRUMENT.NAME": head["INSTRUME"],
        "META.OBSERVATION.DATE": head["DATE-OBS"],
        "META.OBSERVATION.TIME": head["TIME-OBS"],
    }
    kinds = [*programme.references, *absent]
    environment = programme.environ(os.environ)
    answer = subprocess.run(
        [sys.executable, "-c", question, json.dumps(keys), json.dumps(kinds)],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    line = next(text for text in answer.stdout.splitlines() if text.startswith("ANSWER"))
    chosen = json.loads(line.removeprefix("ANSWER "))
    for kind in absent:
        assert "n/a" in chosen[kind].lower()
    return chosen


def test_full_frame_references_cover_the_detector_and_agree_with_the_pixels(tmp_path):
    options = ImageSimulation(
        subarray="16x24", x_start=101, y_start=301, ngroups=1, stars=0, dark_frames=2,
        full_frame_references=True,
    )  # fmt: skip
    made = simulate_files(options, tmp_path, seed=1)
    truth = read_truth(made.truths[0])
    with fits.open(made.references["gain"]) as units:
        assert units["SCI"].data.shape == (2048, 2048)
        np.testing.assert_array_equal(units["SCI"].data[300:316, 100:124], truth.pixels.gain)
    with fits.open(made.references["dark"]) as units:
        assert units["SCI"].data.shape == (2, 16, 24)


def test_same_seed_same_pixels_on_disk(programme, tmp_path):
    again = simulate_files(OPTIONS, tmp_path, seed=5)
    for one, two in zip(programme.exposures, again.exposures, strict=True):
        np.testing.assert_array_equal(fits.getdata(one, "SCI"), fits.getdata(two, "SCI"))
    for kind, path in programme.references.items():
        with fits.open(path) as a, fits.open(again.references[kind]) as b:
            for left, right in zip(a[1:], b[1:], strict=True):
                np.testing.assert_array_equal(left.data, right.data)


def test_segments_share_out_the_integrations(tmp_path):
    whole = replace(OPTIONS, exposures=1, nints=5, stars=0)
    one = next(simulate_exposures(whole, 2))
    parts = list(simulate_exposures(replace(whole, segments=2), 2))
    assert [p.root for p in parts] == [
        "jw99001001001_02101_00001-seg001_nrcalong",
        "jw99001001001_02101_00001-seg002_nrcalong",
    ]
    np.testing.assert_array_equal(np.concatenate([p.uncal.sci for p in parts]), one.uncal.sci)
    numbers = [
        (p.uncal.meta.exposure.integration_start, p.uncal.meta.exposure.integration_end)
        for p in parts
    ]
    assert numbers == [(1, 2), (3, 5)]
    assert all(p.uncal.meta.exposure.nints == len(p.uncal.int_times) == 5 for p in parts)
    assert sum(p.truth.hits.size for p in parts) == one.truth.hits.size
    assert all(p.truth.hits["integration"].max(initial=0) < len(p.uncal.sci) for p in parts)


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="cannot write the simulation"):
        simulate_files(OPTIONS, tmp_path / "file")


def test_the_command_line_simulates(tmp_path, capsys):
    values = ["subarray=16x16", "detector=nrca1", "ngroups=1", "stars=0", "dark_frames=1"]
    assert simulate("nircam-image", tmp_path, values, seed=1) == 0
    assert "jw99001001001_02101_00001_nrca1_uncal.fits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        ("hubble-image", "ngroups=1"),
        ("nircam-image", "ngroups"),
        ("nircam-image", "ngroups=0"),
        ("nircam-image", "ngrups=3"),
        ("nircam-image", "filter=F356W"),
        ("nircam-image", "faintest_star=1e9"),
        ("nircam-image", "subarray=SUB7"),
        ("nircam-image", "segments=2"),
        ("nircam-image", "coarse=yes zero_frame=yes"),
    ],
)
def test_bad_requests_are_refused(tmp_path, mode, value):
    with pytest.raises(InvalidOptions):
        simulate(mode, tmp_path, value.split())


def test_every_option_is_explained():
    assert all(text.endswith((".", "]")) for _, _, text in options_help())
