"""Names of product files: root, separator, suffix.

Source: JWST User Documentation, file naming conventions and suffixes.
"""

import re
from pathlib import Path

from webbcal.spec.products import SUFFIXES

_LONGEST_FIRST = sorted(SUFFIXES, key=len, reverse=True)


def root_of(path: Path) -> str:
    """Return a file name without extension and product suffix.

    The name of an exposure, ``jw01234001001_02101_00001_nrca1``, from any of its products.
    """
    stem = re.sub(r"\.(fits|ecsv|asdf|json)(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    for suffix in _LONGEST_FIRST:
        if stem.lower().endswith((f"_{suffix}", f"-{suffix}")):
            return stem[: -len(suffix) - 1]
    return stem


def suffix_of(path: Path) -> str:
    """Return the product suffix of a file name, empty if it has none that is known."""
    stem = re.sub(r"\.(fits|ecsv|asdf|json)(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    return stem[len(root_of(path)) + 1 :]


def product_path(folder: Path, root: str, suffix: str, extension: str = "fits") -> Path:
    """Return the path of a product: ``<folder>/<root>_<suffix>.<extension>``."""
    return folder / f"{root}_{suffix}.{extension}"
