"""A rectangle of pixels of an exposure."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Window:
    """Rows `y0` to `y1` and columns `x0` to `x1` (0-based, end excluded) of a frame.

    `shape` is the (rows, columns) of the whole frame.
    """

    y0: int
    y1: int
    x0: int
    x1: int
    shape: tuple[int, int]

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Self:
        """Return the window that covers a frame."""
        return cls(0, shape[0], 0, shape[1], shape)

    @property
    def rows(self) -> slice:
        """The rows, to index with."""
        return slice(self.y0, self.y1)

    @property
    def columns(self) -> slice:
        """The columns, to index with."""
        return slice(self.x0, self.x1)

    @property
    def size(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.y1 - self.y0, self.x1 - self.x0

    def grow(self, pixels: int) -> "Window":
        """Return the window with a margin on every side, clipped to the frame."""
        return Window(
            max(self.y0 - pixels, 0),
            min(self.y1 + pixels, self.shape[0]),
            max(self.x0 - pixels, 0),
            min(self.x1 + pixels, self.shape[1]),
            self.shape,
        )

    def relative_to(self, outer: "Window") -> "Window":
        """Return the same pixels counted from the corner of an enclosing window."""
        return Window(
            self.y0 - outer.y0,
            self.y1 - outer.y0,
            self.x0 - outer.x0,
            self.x1 - outer.x0,
            outer.size,
        )
