"""Headers of combined products: each rule, and the table of all inputs."""

import numpy as np

from webbcal.spec.blending import RULES, blend, header_table
from webbcal.spec.meta import Meta, keywords

FIRST = Meta(
    {
        "instrument": {"detector": "NRCB1", "filter": "F200W", "name": "NIRCAM"},
        "exposure": {"start_time": 3.0, "mid_time": 4.0, "end_time": 5.0, "duration": 10.0},
        "observation": {"date_beg": "2026-02-01T00:00:00"},
        "background": {"subtracted": True},
        "subarray": {"xsize": 2048},
    }
)
SECOND = Meta(
    {
        "instrument": {"detector": "NRCB2", "filter": "F200W", "name": "NIRCAM"},
        "exposure": {"start_time": 1.0, "mid_time": 2.0, "end_time": 9.0, "duration": 20.0},
        "observation": {"date_beg": "2026-01-31T00:00:00"},
        "background": {"subtracted": False},
        "wcsinfo": {"vparity": -1},
    }
)


def test_every_rule_of_the_table_is_known():
    assert {entry.blend_rule for entry in keywords()} - {""} <= set(RULES)


def test_rules():
    meta = blend([FIRST, SECOND])
    assert meta.instrument.detector == "MULTIPLE"
    assert meta.instrument.filter == "F200W"
    assert meta.exposure.as_dict() == {
        "start_time": 1.0,
        "mid_time": 3.0,
        "end_time": 9.0,
        "duration": 30.0,
    }
    assert meta.observation.date_beg == "2026-01-31T00:00:00"
    assert meta.exposure.lookup("measurement_time") is None


def test_wheels_are_within_tolerance_if_all_are():
    rule = RULES["wheeltol"]
    good, bad = "WITHIN commanded tolerance", "OUTSIDE commanded tolerance"
    assert rule([good, good]) == good
    assert rule([good, bad]) == bad


def test_table():
    table = header_table([FIRST, SECOND])
    assert table["DETECTOR"].tolist() == [b"NRCB1", b"NRCB2"]
    assert table["EXPSTART"].tolist() == [3.0, 1.0]
    assert table["BKGSUB"].dtype == np.bool_
    assert np.isnan(table["VPARITY"][0])
    assert table["VPARITY"][1] == -1
    assert table["SUBSIZE1"][0] == 2048
    assert "TARG_RA" not in table.dtype.names
    whole = header_table([FIRST, FIRST])
    assert whole["SUBSIZE1"].dtype == np.int64
