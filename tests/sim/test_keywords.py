"""Keywords and tables of a simulated exposure."""

import numpy as np
import pytest

from webbcal.sim.keywords import (
    SECONDS_PER_DAY,
    barycentric_delay_s,
    exposure_meta,
    exposure_start_mjd,
    group_times,
    integration_times,
    iso,
    meta_of,
    root_name,
)
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.meta import keywords

OPTIONS = ImageSimulation(
    subarray="SUB64P", readpatt="MEDIUM8", ngroups=5, nints=3, exposures=4, program=1234
)


@pytest.fixture(scope="module")
def readout():
    return Readout.of(OPTIONS.chip, OPTIONS.window, OPTIONS.readpatt, 5, 3)


@pytest.fixture(scope="module")
def meta(readout):
    return exposure_meta(OPTIONS, readout, 1, (2.0, -1.0))


def test_timing_keywords_agree_with_each_other(meta):
    e = meta.exposure
    assert e.group_time == pytest.approx((e.nframes + e.groupgap) * e.frame_time, abs=1e-5)
    frames = e.ngroups * e.nframes + (e.ngroups - 1) * e.groupgap
    assert e.integration_time == pytest.approx(frames * e.frame_time, abs=1e-4)
    assert e.exposure_time == pytest.approx(e.nints * e.integration_time, abs=1e-3)
    elapsed = (e.end_time - e.start_time) * SECONDS_PER_DAY
    assert elapsed == pytest.approx(e.nints * (e.integration_time + e.frame_time), abs=1e-3)
    assert e.mid_time == pytest.approx(0.5 * (e.start_time + e.end_time), abs=1e-9)
    assert e.frame_divisor == e.nframes == 8


def test_every_value_is_allowed(meta):
    declared = {entry.path: entry for entry in keywords() if not entry.models}
    checked = 0
    for path, entry in declared.items():
        value = meta.lookup(path.removeprefix("meta."))
        if value is None or not entry.enum:
            continue
        assert str(value) in entry.enum, path
        checked += 1
    assert checked > 8


def test_dates_are_the_start_of_the_exposure(meta):
    start = iso(meta.exposure.start_time)
    assert f"{meta.observation.date}T{meta.observation.time}" == start
    assert iso(59880.5) == "2022-10-28T12:00:00.000"


def test_exposures_follow_one_another(readout):
    ends = [exposure_meta(OPTIONS, readout, n, (0.0, 0.0)).exposure.end_time for n in range(3)]
    starts = [exposure_start_mjd(readout, n) for n in range(3)]
    assert starts[1] > ends[0]
    assert starts[2] > ends[1]


def test_names_follow_the_convention():
    assert root_name(OPTIONS, 3) == "jw01234001001_02101_00004_nrcb1"


def test_integrations_fill_the_exposure(meta, readout):
    table = integration_times(readout, 1)
    length = (table["int_end_MJD_UTC"] - table["int_start_MJD_UTC"]) * SECONDS_PER_DAY
    np.testing.assert_allclose(length, readout.integration_time_s, atol=1e-4)
    gap = table["int_start_MJD_UTC"][1:] - table["int_end_MJD_UTC"][:-1]
    np.testing.assert_allclose(gap * SECONDS_PER_DAY, readout.frame_time_s, atol=1e-4)
    assert table["int_end_MJD_UTC"][-1] == pytest.approx(meta.exposure.end_time, abs=1e-8)
    assert list(table["integration_number"]) == [1, 2, 3]


def test_groups_end_in_order_and_the_last_with_the_exposure(meta, readout):
    table = group_times(readout, 1)
    assert len(table) == 15
    seconds = (
        table["end_day"].astype(float) * SECONDS_PER_DAY
        + table["end_milliseconds"] * 1e-3
        + table["end_submilliseconds"] * 1e-6
    )
    assert np.all(np.diff(seconds) > 0)
    np.testing.assert_allclose(np.diff(seconds[:5]), readout.group_time_s, atol=1e-4)
    end = (meta.exposure.end_time - 51544.0) * SECONDS_PER_DAY
    assert seconds[-1] == pytest.approx(end, abs=1e-3)
    assert table["group_end_time"][0].startswith(b"2022-10-28T")


def test_the_reference_pixel_points_where_the_stars_say(meta, readout):
    from webbcal.sim.scene import sky_coordinates

    wcs = meta.wcsinfo
    ra, dec = sky_coordinates(
        np.array(wcs.crpix1 - 1 - 2.0), np.array(wcs.crpix2 - 1 + 1.0), readout.window, OPTIONS.chip
    )
    assert (wcs.crval1, wcs.crval2) == (pytest.approx(float(ra)), pytest.approx(float(dec)))


def test_light_reaches_the_barycentre_within_nine_minutes():
    delays = [barycentric_delay_s(59880.0 + d) for d in range(0, 365, 5)]
    assert max(np.abs(delays)) < 510
    assert min(delays) < 0 < max(delays)


def test_an_unknown_keyword_is_an_error():
    with pytest.raises(KeyError):
        meta_of({"NOTAKEY": 1})
