"""Catalogues of steps: they know all names at once, and load what a run takes."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import TypeVar

S = TypeVar("S")


class Catalogue(MutableMapping[str, S]):
    """Steps by name, in order; the module of a step is imported when it is asked for.

    Steps bring kernels and libraries, half of the time that a small exposure takes: a run loads
    those of its recipe.

    Parameters
    ----------
    *names : str
        Names of steps. Each is ``STEP`` in the module ``webbcal.steps.<name>``.
    **modules : str
        Modules of steps that have another name, by that name.
    """

    def __init__(self, *names: str, **modules: str) -> None:
        self._steps: dict[str, S | None] = dict.fromkeys((*names, *modules))
        self._modules = modules

    def __getitem__(self, name: str) -> S:
        step = self._steps[name]
        if step is None:
            step = import_module(f"webbcal.steps.{self._modules.get(name, name)}").STEP
            self._steps[name] = step
        return step

    def __setitem__(self, name: str, step: S) -> None:
        self._steps[name] = step

    def __delitem__(self, name: str) -> None:
        del self._steps[name]

    def __contains__(self, name: object) -> bool:
        return name in self._steps

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)
