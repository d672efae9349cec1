"""Options that are lists of numbers or names."""

import tomllib
from dataclasses import dataclass

import pytest

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Names, Numbers, Options, option
from webbcal.pipelines.settings import ResolvedOptions, as_toml


@dataclass(frozen=True)
class Filtering(Options):
    """Options with a list."""

    frequencies: Numbers | None = option(None, "What to filter.", unit="Hz", low=1.0)
    width: float = option(2.0, "How much of it.")


@pytest.mark.parametrize("text", ["390.625,10.039", "[390.625, 10.039]", "390.625, 10.039,"])
def test_a_list_is_typed_with_commas(text):
    assert Filtering.parse("frequencies", text) == (390.625, 10.039)
    assert Filtering.parse("frequencies", "none") is None
    assert Filtering.parse("frequencies", "50") == (50.0,)


def test_a_list_from_a_file_becomes_numbers_that_nobody_can_change():
    assert Filtering.from_mapping({"frequencies": [390, 10.5]}).frequencies == (390.0, 10.5)
    assert Filtering().frequencies is None


@pytest.mark.parametrize("value", [["a"], [True], 3.0, "ten", [0.5], [float("nan")]])
def test_anything_else_is_refused(value):
    with pytest.raises(InvalidOptions, match="frequencies"):
        Filtering.from_mapping({"frequencies": value})
    with pytest.raises(InvalidOptions, match="frequencies"):
        Filtering.parse("frequencies", "10,x")


def test_a_list_survives_being_written_as_toml():
    resolved = ResolvedOptions(Filtering(frequencies=(390.625, 10.0)), False, {})
    assert tomllib.loads(as_toml({"emicorr": resolved})) == {
        "emicorr": {"frequencies": [390.625, 10.0], "width": 2.0}
    }


@dataclass(frozen=True)
class Combining(Options):
    """Options with a list of files."""

    files: Names | None = option(None, "What to combine.")


def test_names_are_typed_with_commas_or_come_as_a_list():
    assert Combining.parse("files", "a.fits, b c.fits,") == ("a.fits", "b c.fits")
    assert Combining.parse("files", "none") is None
    assert Combining.from_mapping({"files": ["a.fits", "b.fits"]}).files == ("a.fits", "b.fits")
    assert Combining.from_mapping({"files": "a.fits"}).files == ("a.fits",)


@pytest.mark.parametrize("value", [3, [3], ["a", None], True])
def test_what_is_no_name_is_refused(value):
    with pytest.raises(InvalidOptions, match="files"):
        Combining.from_mapping({"files": value})


def test_names_survive_being_written_as_toml():
    resolved = ResolvedOptions(Combining(files=("a.fits", 'b".fits')), False, {})
    read = tomllib.loads(as_toml({"bkg_subtract": resolved}))["bkg_subtract"]
    assert Combining.from_mapping(read) == resolved.values
