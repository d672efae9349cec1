"""Lists of sky levels."""

import pytest

from webbcal.core.errors import InvalidReference
from webbcal.refs.load import load_reference
from webbcal.spec.meta import Meta
from webbcal.spec.references.sky import SkyList


def load(path):
    return load_reference(path, SkyList, Meta({}), (3, 4))


def test_names_and_levels_are_read(tmp_path):
    path = tmp_path / "sky.txt"
    path.write_text("# name level\na_cal.fits  0.25\n\nb_cal, -1e-3\n")
    levels = load(path).levels
    assert levels["name"].tolist() == [b"a_cal.fits", b"b_cal"]
    assert levels["level"].tolist() == [0.25, -1e-3]


@pytest.mark.parametrize("text", ["", "# nothing\n", "a\n", "a b\n", "a nan\n", "a 1 2\n"])
def test_what_is_no_list_is_told(tmp_path, text):
    path = tmp_path / "sky.txt"
    path.write_text(text)
    with pytest.raises(InvalidReference, match=r"sky\.txt"):
        load(path)


def test_a_missing_or_binary_file_is_told(tmp_path):
    with pytest.raises(InvalidReference, match="cannot be read"):
        load(tmp_path / "missing.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InvalidReference, match="cannot be read"):
        load(tmp_path / "binary")
