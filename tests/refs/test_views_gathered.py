"""Lines of a reference can be taken in any order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from webbcal.refs.views import Gathered


@dataclass
class Memory:
    """An array in memory that counts its reads."""

    values: np.ndarray
    reads: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def read(self, index=None):
        self.reads += 1
        return self.values[index or ()].copy()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_lines_come_in_the_order_asked_for(axis):
    source = Memory(np.arange(5 * 6 * 7).reshape(5, 6, 7))
    place = np.array([3, 4, 0, 1, 2, 3, 0])
    gathered = Gathered(source, axis, place)
    expected = np.take(source.values, place, axis)
    assert gathered.shape == expected.shape
    np.testing.assert_array_equal(gathered.read(), expected)
    assert source.reads == 3  # lines that lie together are read together
    part = (slice(1, 4), slice(0, 3), slice(2, 5))
    np.testing.assert_array_equal(gathered.read(part), expected[part])
