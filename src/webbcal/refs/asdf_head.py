"""The text part of an ASDF file, read without building any object it asks for."""

from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidReference


def read_tree(path: Path) -> dict[str, Any]:
    """Return the tree of an ASDF file as plain dictionaries, lists and scalars.

    No tag is honoured, so nothing in the file can run code; arrays in binary blocks are not read.

    Raises
    ------
    InvalidReference
        Not an ASDF file, damaged, or without a tree.
    """
    import asdf.util  # costs 0.2 s
    import yaml

    try:
        tree = asdf.util.load_yaml(path)
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidReference(f"cannot be read as ASDF ({reason})", where=path) from None
    if not isinstance(tree, dict):
        raise InvalidReference("the ASDF file holds no tree", where=path)
    return dict(tree)
