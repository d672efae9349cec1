"""The structure of damaged files: one precise finding, never an exception of another kind."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.io.conformance.sample_files import write_product

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance import Severity, check_file
from webbcal.io.conformance.cards import parse_header
from webbcal.io.conformance.raw import read_structure
from webbcal.report.file_info import file_info
from webbcal.spec.products.detector1 import Rate, Uncal
from webbcal.spec.products.slits import CalMultiSlit


@pytest.fixture(scope="module")
def rate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_product(tmp_path_factory.mktemp("raw") / "jw1_rate.fits", Rate)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    return [
        write_product(folder / f"jw1_{kind.suffixes[0]}.fits", kind)
        for kind in (Rate, Uncal, CalMultiSlit)
    ]


def found_in(path: Path, content: bytes) -> list[tuple[str, str]]:
    path.write_bytes(content)
    report = check_file(path)
    return [(str(f.severity), f.rule) for f in report.findings if f.severity is not Severity.NOTE]


def test_shapes_and_types_are_those_astropy_reads(rate: Path) -> None:
    raw = read_structure(rate)
    with fits.open(rate) as hdus:
        assert [h.name for h in raw.hdus] == [h.name for h in hdus]
        for mine, theirs in zip(raw.hdus[1:-1], hdus[1:-1], strict=True):
            assert mine.shape == theirs.data.shape
            assert mine.dtype == theirs.data.dtype.newbyteorder("=")


def test_long_text_and_quotes_are_joined_as_astropy_does() -> None:
    header = fits.Header()
    header["LONG"] = "it's " + 40 * "long " + "&"
    header["NUMBER"] = 1.5e-7
    header["EMPTY"] = None
    header["HIERARCH long keyword"] = 3
    mine = parse_header(header.tostring().encode("ascii"))
    assert mine.get("LONG") == header["LONG"]
    assert mine.get("NUMBER") == header["NUMBER"]
    assert mine.get("EMPTY") is None
    assert mine.get("LONG KEYWORD".lower()) == 3 or mine.get("LONG KEYWORD") == 3


def test_truncated_file_names_the_extension_it_ends_in(rate: Path, tmp_path: Path) -> None:
    raw = read_structure(rate)
    dq = raw.named("DQ")[0]
    path = tmp_path / "cut_rate.fits"
    path.write_bytes(rate.read_bytes()[: dq.data_start + 10])
    report = check_file(path)
    assert [(f.rule, f.extension) for f in report.findings] == [("structure.truncated", "DQ")]
    assert report.findings[0].expected == f"{dq.data_start + dq.data_size} bytes"


def test_last_block_not_filled_is_only_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros(3))]).writeto(path)
    content = path.read_bytes()[:-100]
    assert ("warning", "structure.padding") in found_in(path, content)


def test_bytes_after_the_last_extension_are_a_warning(rate: Path, tmp_path: Path) -> None:
    found = found_in(tmp_path / "jw1_rate.fits", rate.read_bytes() + b"rest")
    assert found == [("warning", "structure.trailing")]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"XTENSION= 'IMAGE   '", b"XTENSIOM= 'IMAGE   '", "structure.extension"),
        (b"BITPIX  =                  -32", b"BITPIX  =                  -33", "structure.keyword"),
        (b"NAXIS1  =                    5", b"NAXIS1  =                   -5", "structure.keyword"),
        (b"NAXIS   =                    2", b"NAXIS   =                 1002", "structure.keyword"),
        (
            b"NAXIS1  =                    5",
            b"NAXIS1  =      987654321987654",
            "structure.truncated",
        ),
        (b"PCOUNT  =                    0", b"PCOUNT  =                   -1", "structure.keyword"),
    ],
)
def test_damaged_structure_is_one_error(
    rate: Path, tmp_path: Path, old: bytes, new: bytes, rule: str
) -> None:
    content = rate.read_bytes()
    assert old in content
    found = found_in(tmp_path / "jw1_rate.fits", content.replace(old, new, 1))
    assert found == [("error", rule)]


def test_header_without_end_is_one_error(rate: Path, tmp_path: Path) -> None:
    content = rate.read_bytes()
    last = content.rindex(b"XTENSION")
    content = content[:last] + content[last : last + 2880].replace(b"END     ", b"        ")
    assert found_in(tmp_path / "jw1_rate.fits", content) == [("error", "structure.end")]


def test_card_that_is_not_text_or_not_a_value_is_an_error(rate: Path, tmp_path: Path) -> None:
    content = rate.read_bytes().replace(b"'NRCA1   '", b"'NRC\xff1   '")
    assert ("error", "structure.card") in found_in(tmp_path / "jw1_rate.fits", content)
    old, new = b"TGROUP  =                 10.7", b"TGROUP  = ten seconds         "
    content = rate.read_bytes().replace(old, new, 1)
    assert ("error", "structure.card") in found_in(tmp_path / "jw1_rate.fits", content)


def test_keyword_given_twice_is_a_warning(rate: Path, tmp_path: Path) -> None:
    content = rate.read_bytes().replace(b"GROUPGAP=", b"NFRAMES =", 1)
    assert ("warning", "keyword.repeated") in found_in(tmp_path / "jw1_rate.fits", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b\x08 more", "is not a FITS file"),
        (b"nothing at all", "is not a FITS file"),
        (b"SIMPLE  =                    T", "has no complete FITS header"),
    ],
)
def test_file_that_is_not_fits_cannot_be_read(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a_rate.fits"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        read_structure(path)
    report = check_file(path)
    assert not report.readable
    assert words in report.findings[0].message


def test_missing_file_and_folder_cannot_be_read(tmp_path: Path) -> None:
    assert not check_file(tmp_path / "none.fits").readable
    assert not check_file(tmp_path).readable


def survives(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    report = check_file(path)
    for finding in report.findings:
        assert finding.message.isprintable()
    try:
        file_info(path)
    except InvalidInput:
        assert not report.readable


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(
    which=st.integers(0, 2),
    flips=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
    ),
)
def test_flipped_bytes_never_raise(
    files: list[Path], tmp_path: Path, which: int, flips: list[tuple[float, int]]
) -> None:
    content = bytearray(files[which].read_bytes())
    for place, value in flips:
        content[int(place * len(content))] = value
    survives(tmp_path / "jw1_rate.fits", bytes(content))


@FUZZ
@given(which=st.integers(0, 2), place=st.floats(0, 1), swap=st.floats(0, 1))
def test_cut_and_shuffled_blocks_never_raise(
    files: list[Path], tmp_path: Path, which: int, place: float, swap: float
) -> None:
    content = files[which].read_bytes()
    survives(tmp_path / "jw1_rate.fits", content[: int(place * len(content))])
    block = int(swap * len(content)) // 2880 * 2880
    survives(tmp_path / "jw1_rate.fits", content[:block] + content[block + 2880 :])


@FUZZ
@given(
    which=st.integers(0, 2),
    card=st.floats(0, 1, exclude_max=True),
    text=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70),
)
def test_any_card_may_hold_anything(
    files: list[Path], tmp_path: Path, which: int, card: float, text: str
) -> None:
    content = bytearray(files[which].read_bytes())
    start = int(card * len(content)) // 80 * 80
    content[start + 10 : start + 80] = text.ljust(70).encode("ascii")[:70]
    survives(tmp_path / "jw1_rate.fits", bytes(content))
