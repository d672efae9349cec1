"""Declarations by name, imported when they are asked for.

There are 250 data classes of products and references; a run uses 50. Making one takes half a
millisecond.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from webbcal.spec.fields import Product

P = TypeVar("P", bound=Product)


class Declarations(Mapping[str, type[P]], Generic[P]):
    """Classes by a name, in order; all names are known at once.

    Parameters
    ----------
    package : str
        Package of the modules.
    places : mapping
        Name to module and class: ``"detector1.Uncal"``.
    """

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._package = package
        self._places = places

    def __getitem__(self, name: str) -> type[P]:
        module, _, kind = self._places[name].partition(".")
        found: type[P] = getattr(import_module(f"{self._package}.{module}"), kind)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
