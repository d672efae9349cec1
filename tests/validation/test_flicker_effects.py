"""1/f noise makes a clear difference, however it falls."""

from pathlib import Path

import pytest
from validation.effects.flicker import effects


@pytest.mark.parametrize("seed", [6, 7])
@pytest.mark.parametrize("number", [0, 1], ids=["medians", "waves"])
def test_other_noise_tells_the_same(number: int, seed: int, tmp_path: Path) -> None:
    effect = effects(seed)[number]
    corrected = effect.measure(tmp_path / "corrected", True)
    assert corrected.unbiased
    assert abs(corrected.width - 1) < 0.03
    assert effect.measure(tmp_path / "left", False).width > 1.08
