"""Every effect is removed by its step, and only by it."""

from pathlib import Path

import pytest
from validation.effects import EFFECTS, Effect


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_rates_are_right_with_the_step_and_wrong_without(effect: Effect, tmp_path: Path) -> None:
    corrected = effect.measure(tmp_path / "corrected", True)
    assert corrected.good, corrected
    left = effect.measure(tmp_path / "left", False)
    assert not left.good, left
