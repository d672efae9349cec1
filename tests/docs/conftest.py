"""The generators of the documentation, which live beside it."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))


@pytest.fixture(scope="session")
def docs():
    return DOCS


@pytest.fixture(scope="session")
def generated():
    from declared import pages

    return pages()
