"""A folder to put exposures in."""

import pytest
from tests.associations.headers import Folder

from webbcal.associations import associate


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return Folder(tmp_path / "data")


@pytest.fixture
def products(folder):
    """Return a function: the products of a kind of association, by name, with their members."""

    def of_kind(kind, **options):
        found = associate([folder.path], folder.path, **options)
        return {
            product.name: {
                role: [member.name for member in product.of_role(role)]
                for role in dict.fromkeys(member.role for member in product.members)
            }
            for association in found.associations.values()
            if association.kind == kind
            for product in association.products
        }

    return of_kind


@pytest.fixture
def left_out(folder):
    """Return a function: why files are left out, by their name."""

    def reasons():
        found = associate([folder.path], folder.path)
        return {item.path.name: item.reason for item in found.left_out}

    return reasons
