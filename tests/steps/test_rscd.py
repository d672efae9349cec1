"""rscd leaves out the groups of the table, and fewer in pixels that saturate soon."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.spec.references import Rscd
from webbcal.steps.rscd import STEP, RscdOptions, flag_first_groups

SHAPE = (2, 12)
COLUMNS = [("subarray", "S17"), ("readpatt", "S12"), ("group_skip1", "i4"), ("group_skip", "i4")]


def run(ramp, rscd):
    return flag_first_groups(ramp, rscd, RscdOptions())


def table(first=4, later=3, subarray="FULL"):
    rows = [("OTHER", "FASTR1", 9, 9), (subarray, "SLOWR1", 9, 9)]
    return Rscd(group_skip=np.array([*rows, (subarray, "FASTR1", first, later)], COLUMNS))


def saturating(groups=10, integrations=3, start=1, subarray="FULL"):
    """Return a ramp in which the pixel in row 0, column k saturates in group k."""
    flags = np.zeros((integrations, groups, *SHAPE), np.uint8)
    for k in range(min(groups, SHAPE[1])):
        flags[:, k:, 0, k] = DQ.SATURATED
    return make_ramp(
        np.zeros(flags.shape),
        groupdq=flags,
        exposure__readpatt="FASTR1",
        subarray__name=subarray,
        exposure__integration_start=start,
    )


def skipped(result):
    return ((result.groupdq & DQ.DO_NOT_USE) != 0).sum(axis=1)


def test_each_integration_leaves_out_its_groups():
    result = run(saturating(), table())
    assert (skipped(result)[:, 1] == [[4], [3], [3]]).all()
    assert (skipped(run(saturating(start=2), table()))[:, 1] == 3).all()


def test_two_groups_remain_before_saturation_where_there_are_two():
    result = run(saturating(), table())
    #     saturated in group 0  1  2  3  4  5  6
    assert skipped(result)[0, 0].tolist() == [4, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4]
    assert skipped(result)[1, 0].tolist() == [3, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3]
    estimated = (result.pixeldq & DQ.FLUX_ESTIMATED) != 0
    assert np.flatnonzero(estimated).tolist() == [1, 2, 3, 4, 5]


def test_what_was_done_is_counted():
    ramp = saturating()
    result = run(ramp, table())
    sums = {name: int(getattr(result, name).sum()) for name in STEP.counts}
    values = STEP.conclude(sums, ramp.meta)
    assert values == {
        "rscd.keep_bright_firstgroup_int1": 2,
        "rscd.keep_groups_saturation_int1": 5,
        "rscd.keep_bright_firstgroup_int2p": 2,
        "rscd.keep_groups_saturation_int2p": 4,
    }
    assert result.meta.rscd.ngroups_skip_int1 == 4
    assert result.meta.rscd.ngroups_skip_int2p == 3
    later = run(saturating(start=4), table()).meta.rscd
    assert (later.ngroups_skip_int1, later.ngroups_skip_int2p) == (None, 3)
    assert run(saturating(integrations=1), table()).meta.rscd.ngroups_skip_int2p is None


@pytest.mark.parametrize(
    ("groups", "first", "later", "expected"),
    [
        (5, 4, 3, (1, 1)),
        (6, 4, 4, (3, 3)),
        (3, 1, 1, (0, 0)),
        (10, -1, 3, (1, 3)),
        (4, 0, 0, (1, 1)),
    ],
)
def test_short_ramps_and_old_tables(groups, first, later, expected):
    counts = skipped(run(saturating(groups), table(first, later)))[:2, 1]
    assert (counts == np.array(expected)[:, None]).all()


def test_a_table_without_the_first_integration_leaves_out_one_group_of_it():
    rows = np.array([("FULL", "FASTR1", 3)], [COLUMNS[0], COLUMNS[1], COLUMNS[3]])
    assert (skipped(run(saturating(), Rscd(group_skip=rows)))[:2, 1] == [[1], [3]]).all()


def test_a_subarray_under_another_name():
    result = run(saturating(subarray="SUBPRISM"), table(subarray="SLITLESSPRISM"))
    assert skipped(result)[0, 1, 0] == 4


def test_what_cannot_be_done_is_said():
    with pytest.raises(CannotCalibrate, match="no entry for SUB64 read by FASTR1"):
        run(saturating(subarray="SUB64"), table())
    with pytest.raises(CannotCalibrate, match="too few groups"):
        run(saturating(groups=2), table())
    with pytest.raises(InvalidReference, match="group_skip"):
        run(saturating(), table(later=-2))


def test_windows_and_inputs():
    ramp, rscd = saturating(), table()
    assert_windows_agree(lambda part: run(part, rscd), ramp, ())
    assert_inputs_unchanged(lambda part: run(part, rscd), ramp)
