"""Exposures of guide stars."""

import numpy as np
import pytest
from astropy.io import fits

from webbcal.core.errors import InvalidOptions
from webbcal.io.names import root_of
from webbcal.io.read import open_product
from webbcal.sim import QUIET, simulate_exposure, simulate_files
from webbcal.sim.effects.strips import strip_columns
from webbcal.sim.instruments.fgs import GUIDING
from webbcal.sim.modes import options_of
from webbcal.spec.products import GuiderRaw

NAMES = {
    "FGS_ID-IMAGE": "jw99001001001_gs-id_1_image",
    "FGS_ID-STACK": "jw99001001001_gs-id_1_stacked",
    "FGS_ACQ1": "jw99001001001_gs-acq1_2022301120000",
    "FGS_ACQ2": "jw99001001001_gs-acq2_2022301120000",
    "FGS_TRACK": "jw99001001001_gs-track_2022301120000",
    "FGS_FINEGUIDE": "jw99001001001_gs-fg_2022301120000",
}
QUICK = ("FGS_ACQ1", "FGS_ACQ2", "FGS_TRACK", "FGS_FINEGUIDE")


def options(kind, **changes):
    small = {"subarray": "24X256"} if "ID" in kind else {}
    return options_of("guider", {"exposure_type": kind, **small, **changes})


@pytest.mark.parametrize("kind", sorted(GUIDING))
def test_names_and_shapes(kind):
    chosen = options(kind, nints=2)
    made = simulate_exposure(chosen, 1)
    assert made.root == NAMES[kind]
    assert isinstance(made.uncal, GuiderRaw)
    width = 256 if kind != "FGS_ID-STACK" else 4 * 64
    rows, columns = (24, width) if "ID" in kind else made.readout.shape
    assert made.uncal.sci.shape == (2, 8 if kind == "FGS_FINEGUIDE" else 2, rows, columns)
    assert made.uncal.sci.dtype == np.float32
    assert made.uncal.meta.guidestar.gs_id
    assert made.uncal.meta.exposure.type == kind
    assert set(made.references) == {"mask", "gain", "readnoise", "flat"}


@pytest.mark.parametrize("kind", QUICK)
def test_a_star_in_the_middle_grows_at_the_rate_of_the_truth(kind):
    still = options(kind, **QUIET, nints=1, nonlinearity=False, dark=False, full_well=False)
    made = simulate_exposure(still, 2)
    groups = made.uncal.sci[0].astype(float)
    half = len(groups) // 2  # fine guiding: four reads at either end
    seconds = made.uncal.meta.exposure.group_time
    rate = (groups[half:].mean(axis=0) - groups[:half].mean(axis=0)) / seconds
    assert np.abs(rate - made.truth.rate).max() * seconds <= 1.01
    peak = np.unravel_index(made.truth.rate.argmax(), rate.shape)
    middle = [(size - 1) // 2 for size in rate.shape]
    assert np.abs(np.subtract(peak, middle)).max() <= 1


def test_neighbouring_strips_share_eight_columns_and_cover_the_detector():
    columns = strip_columns(2024)
    assert columns.size == 36 * 64
    np.testing.assert_array_equal(np.unique(columns), np.arange(2024))
    np.testing.assert_array_equal(columns[56:64], columns[64:72])


def test_stacked_strips_and_their_references_have_the_same_columns():
    made = simulate_exposure(options("FGS_ID-STACK"), 3)
    for reference in made.references.values():
        plane = reference.dq if reference.reftype == "mask" else reference.sci
        assert plane.shape == made.uncal.sci.shape[-2:]
    columns = strip_columns(256)
    np.testing.assert_array_equal(made.references["gain"].sci, made.truth.pixels.gain[:, columns])


def test_timing_keywords_are_those_of_flight():
    fine = simulate_exposure(options("FGS_FINEGUIDE", nints=1), 1).uncal.meta.exposure
    assert (fine.nframes, fine.groupgap, fine.ngroups) == (4, 39, 8)
    assert fine.group_time == pytest.approx(0.05418)
    first = simulate_exposure(options("FGS_ACQ1", nints=1), 1).uncal.meta.exposure
    assert (first.nframes, first.groupgap, first.drop_frames1) == (1, 1, 1)
    assert first.group_time == pytest.approx(0.364)
    assert first.integration_time == pytest.approx(0.728)


def test_the_file_holds_the_tables(tmp_path):
    made = simulate_files(options("FGS_TRACK", nints=3), tmp_path, 1)
    (path,) = made.exposures
    assert root_of(path) == NAMES["FGS_TRACK"]
    assert not made.associations
    raw = open_product(path)
    assert isinstance(raw, GuiderRaw)
    assert len(raw.fgs_centroid_packet) == len(raw.track_subarray_table) == len(raw.pointing) == 3
    with fits.open(path) as units:
        assert units["SCI"].header["BITPIX"] == -32


def test_segments_of_a_guider_are_refused():
    with pytest.raises(InvalidOptions, match="one segment"):
        options("FGS_TRACK", segments=2)
