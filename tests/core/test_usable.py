"""Which flags make a pixel unusable, as options say it."""

import pytest

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions
from webbcal.core.usable import unusable


def test_flags_after_a_tilde_are_the_unusable_ones():
    assert unusable("~DO_NOT_USE+NON_SCIENCE") == DQ.DO_NOT_USE | DQ.NON_SCIENCE
    assert unusable("~1") == unusable("~do_not_use") == DQ.DO_NOT_USE


def test_flags_without_a_tilde_are_the_usable_ones():
    bad = unusable("SATURATED, JUMP_DET")
    assert not bad & (DQ.SATURATED | DQ.JUMP_DET)
    assert bad | DQ.SATURATED | DQ.JUMP_DET == 0xFFFFFFFF
    assert unusable("6") == bad


def test_nothing_at_all_or_everything():
    assert unusable(None) == unusable("None") == unusable("") == 0
    assert unusable("0") == 0xFFFFFFFF


def test_what_is_no_flag_is_told():
    with pytest.raises(InvalidOptions, match="DO_NOT_USED"):
        unusable("~DO_NOT_USED")
