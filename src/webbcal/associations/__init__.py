"""Groups of exposures that belong together: read, infer from headers, write, name products."""

from typing import TYPE_CHECKING, Any

from webbcal.associations._association import AsnProduct, Association, Member
from webbcal.associations.reading import is_association, locate, read_association

if TYPE_CHECKING:
    from webbcal.associations.grouping import Grouped, associate
    from webbcal.associations.writing import write_association

__all__ = [
    "AsnProduct",
    "Association",
    "Grouped",
    "Member",
    "associate",
    "is_association",
    "locate",
    "read_association",
    "write_association",
]

_WHERE = {"Grouped": "grouping", "associate": "grouping", "write_association": "writing"}


def __getattr__(name: str) -> Any:
    # Calibrating reads associations at most: the rules that find them are loaded on request.
    if name not in _WHERE:
        raise AttributeError(f"module 'webbcal.associations' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"webbcal.associations.{_WHERE[name]}"), name)
