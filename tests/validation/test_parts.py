"""Parts of the validation that ran side by side make one report."""

import numpy as np
from validation.criteria import Criterion, Section, joined, save


def test_parts_are_joined_in_order_and_say_the_same_once(tmp_path):
    common = Section("How", ["words", ""], [])
    one = Section("One", ["| a |"], [Criterion("x", "1", "2", np.bool_(False))])
    two = Section("Two", [], [Criterion("y", "1", "1", True)])
    save(tmp_path / "one.json", [common, one], 2.5)
    save(tmp_path / "two.json", [common, two], 1.5)
    sections, minutes = joined([tmp_path / "two.json", tmp_path / "one.json"])
    assert sections == [common, two, one]
    assert minutes == 4.0
    assert str(sections[2].criteria[0]) == "FAIL x: 1 (2)"
