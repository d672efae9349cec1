"""References on the pixels of an exposure."""

import hashlib
from pathlib import Path

import asdf
import numpy as np
import pytest
from astropy.io import fits
from tests.refs.crds_cache import exposure, touch_later
from tests.refs.reference_files import dq_def, write_fits

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidInput, InvalidReference
from webbcal.refs.load import load_reference, sha256
from webbcal.refs.views import CutOut, TranslatedFlags, any_where
from webbcal.spec.references import (
    Dark,
    EmiCorrection,
    Gain,
    InterpixelCapacitance,
    Mask,
    ReadNoise,
    ReferencePixelFilters,
    Rscd,
    Saturation,
    Superbias,
)
from webbcal.spec.window import Window

GENUINE = Path(__file__).parents[3] / "shared/real"
PLACED = {"SUBSTRT1": 1, "SUBSTRT2": 1, "SUBSIZE1": 12, "SUBSIZE2": 10}


@pytest.fixture
def values():
    return np.random.default_rng(7).normal(100, 5, (10, 12)).astype("f4")


def subarray(x: int, y: int, columns: int, rows: int, name: str = "SUB"):
    return exposure(
        subarray__name=name,
        subarray__xstart=x,
        subarray__ystart=y,
        subarray__xsize=columns,
        subarray__ysize=rows,
    )


def test_a_subarray_is_cut_from_a_larger_reference(tmp_path, values):
    flags = np.arange(120, dtype="u4").reshape(10, 12)
    path = write_fits(tmp_path / "bias.fits", "superbias", {"SCI": values, "DQ": flags}, **PLACED)
    bias = load_reference(path, Superbias, subarray(3, 5, 6, 4), (4, 6))
    np.testing.assert_array_equal(bias.sci, values[4:8, 2:8])
    np.testing.assert_array_equal(bias.dq, flags[4:8, 2:8])


def test_the_corner_of_the_reference_counts(tmp_path, values):
    placed = PLACED | {"SUBSTRT1": 101, "SUBSTRT2": 51}
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": values}, **placed)
    gain = load_reference(path, Gain, subarray(103, 52, 5, 3), (3, 5))
    np.testing.assert_array_equal(gain.sci, values[1:4, 2:7])


def test_a_window_of_a_cut_is_read_as_a_slice_of_it(tmp_path):
    cube = np.random.default_rng(3).normal(size=(5, 10, 12)).astype("f4")
    flags = np.zeros((10, 12), "u4")
    path = write_fits(tmp_path / "dark.fits", "dark", {"SCI": cube, "DQ": flags}, **PLACED)
    dark = load_reference(path, Dark, subarray(3, 5, 6, 4), (4, 6))
    part = dark.cut(Window(1, 3, 2, 6, (4, 6)))
    np.testing.assert_array_equal(part.sci, cube[:, 5:7, 4:8])
    np.testing.assert_array_equal(dark.sci, cube[:, 4:8, 2:8])


@pytest.mark.parametrize(
    ("x", "y", "shape"), [(0, 1, (4, 6)), (8, 1, (4, 6)), (1, 8, (4, 6)), (1, 1, (11, 12))]
)
def test_a_reference_that_does_not_cover_the_exposure_is_refused(tmp_path, values, x, y, shape):
    placed = PLACED | {"SUBSTRT1": 1, "SUBSTRT2": 1}
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": values}, **placed)
    with pytest.raises(InvalidReference, match=r"cover|placed"):
        load_reference(path, Gain, subarray(x, y, shape[1], shape[0]), shape)


def test_a_reference_without_position_serves_only_its_own_subarray(tmp_path, values):
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": values}, SUBARRAY="SUB")
    np.testing.assert_array_equal(
        load_reference(path, Gain, subarray(3, 5, 12, 10), (10, 12)).sci, values
    )
    with pytest.raises(InvalidReference, match="SUBSTRT1"):
        load_reference(path, Gain, subarray(3, 5, 12, 10, "OTHER"), (10, 12))
    with pytest.raises(InvalidReference, match="SUBSTRT1"):
        load_reference(path, Gain, subarray(3, 5, 6, 4), (4, 6))


def test_a_whole_detector_needs_no_position(tmp_path):
    gain = np.full((2048, 2048), 2, "f4")
    gain[100, 200] = 5
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": gain})
    loaded = load_reference(path, Gain, subarray(201, 101, 3, 2), (2, 3))
    np.testing.assert_array_equal(loaded.sci, [[5, 2, 2], [2, 2, 2]])


def test_a_kernel_has_no_pixels_to_cut(tmp_path):
    kernel = np.eye(3, dtype="f4")
    path = write_fits(tmp_path / "ipc.fits", "ipc", {"SCI": kernel})
    loaded = load_reference(path, InterpixelCapacitance, subarray(3, 5, 6, 4), (4, 6))
    np.testing.assert_array_equal(loaded.sci, kernel)


def test_filters_of_the_reference_pixels_are_tables(tmp_path):
    columns = [f"{name}_{n}" for name in ("alpha", "beta") for n in range(4)]
    filters = np.zeros(6, [(name, "f4") for name in columns])
    filters["beta_3"] = np.arange(6)
    bad = np.array([(1, 2, 3 << 30)], [("OUTPUT", "u2"), ("ODD_EVEN", "u2"), ("MASK", "u4")])
    path = write_fits(tmp_path / "refpix.fits", "refpix", {"IRS2": filters, "DQ": bad})
    loaded = load_reference(path, ReferencePixelFilters, subarray(3, 5, 6, 4), (4, 6))
    np.testing.assert_array_equal(loaded.filters["beta_3"], np.arange(6))
    assert loaded.bad_pixels["MASK"][0] == 3 << 30


def test_flags_are_translated_by_the_table_of_the_file(tmp_path):
    table = dq_def(HOT=1, DEAD=2, DO_NOT_USE=4, OF_ANOTHER_TRADE=8)
    flags = np.array([[0, 1, 2, 3], [4, 8, 15, 16]], "u4")
    placed = PLACED | {"SUBSIZE1": 4, "SUBSIZE2": 2}
    path = write_fits(tmp_path / "mask.fits", "mask", {"DQ": flags, "DQ_DEF": table}, **placed)
    mask = load_reference(path, Mask, subarray(1, 1, 4, 2), (2, 4))
    all_three = DQ.HOT | DQ.DEAD | DQ.DO_NOT_USE
    np.testing.assert_array_equal(
        mask.dq, [[0, DQ.HOT, DQ.DEAD, DQ.HOT | DQ.DEAD], [DQ.DO_NOT_USE, 0, all_three, 0]]
    )
    assert mask.dq.dtype == np.uint32
    assert not mask.has("dq_def")


def test_flags_without_a_table_are_taken_as_they_are(tmp_path):
    flags = np.array([[0, int(DQ.REFERENCE_PIXEL)], [1, 12345]], "u4")
    placed = PLACED | {"SUBSIZE1": 2, "SUBSIZE2": 2}
    path = write_fits(tmp_path / "mask.fits", "mask", {"DQ": flags}, **placed)
    np.testing.assert_array_equal(
        load_reference(path, Mask, subarray(1, 1, 2, 2), (2, 2)).dq, flags
    )


@pytest.mark.parametrize(
    ("keywords", "word"),
    [
        ({"REFTYPE": "DARK"}, "REFTYPE GAIN"),
        ({"INSTRUME": "NIRISS"}, "not for NIRCAM"),
        ({"DETECTOR": "NRCB1"}, "not for NRCA1"),
    ],
)
def test_a_reference_for_another_purpose_is_refused(tmp_path, values, keywords, word):
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": values}, **(PLACED | keywords))
    with pytest.raises(InvalidReference, match=word):
        load_reference(path, Gain, subarray(1, 1, 12, 10), (10, 12))


def test_a_reference_for_several_detectors_is_accepted(tmp_path, values):
    for n, keywords in enumerate(
        ({"DETECTOR": "ANY"}, {"DETECTOR": None}, {"DETECTOR": "N/A", "P_DETECT": "NRCA1|NRCA2|"})
    ):
        path = write_fits(tmp_path / f"{n}.fits", "gain", {"SCI": values}, **(PLACED | keywords))
        assert load_reference(path, Gain, subarray(1, 1, 12, 10), (10, 12)).sci.shape == (10, 12)


@pytest.mark.parametrize("kind", [Gain, ReadNoise, Saturation, Superbias])
def test_a_reference_of_nothing_but_nan_is_refused(tmp_path, kind):
    arrays = {"SCI": np.full((10, 12), np.nan, "f4"), "DQ": np.zeros((10, 12), "u4")}
    path = write_fits(tmp_path / "bad.fits", kind.reftype, arrays, **PLACED)
    with pytest.raises(InvalidReference, match="no usable value"):
        load_reference(path, kind, subarray(1, 1, 12, 10), (10, 12))
    arrays["SCI"][5, 6] = 3
    path = write_fits(tmp_path / "good.fits", kind.reftype, arrays, **PLACED)
    assert load_reference(path, kind, subarray(1, 1, 12, 10), (10, 12)).sci[5, 6] == 3
    with pytest.raises(InvalidReference, match="no usable value"):
        load_reference(path, kind, subarray(1, 1, 12, 4), (4, 12))


@pytest.mark.parametrize("value", [0, -2, np.inf])
def test_a_gain_that_is_nowhere_positive_is_refused(tmp_path, value):
    arrays = {"SCI": np.full((10, 12), value, "f4")}
    path = write_fits(tmp_path / "gain.fits", "gain", arrays, **PLACED)
    with pytest.raises(InvalidReference, match="zero, negative or NaN"):
        load_reference(path, Gain, subarray(1, 1, 12, 10), (10, 12))


def test_a_missing_extension_is_named(tmp_path, values):
    path = write_fits(tmp_path / "gain.fits", "gain", {"DATA": values}, **PLACED)
    with pytest.raises(InvalidReference, match=r"gain reference: .*SCI"):
        load_reference(path, Gain, subarray(1, 1, 12, 10), (10, 12))


def test_without_flags_no_pixel_is_flagged(tmp_path, values):
    path = write_fits(tmp_path / "bias.fits", "superbias", {"SCI": values}, **PLACED)
    bias = load_reference(path, Superbias, subarray(3, 5, 6, 4), (4, 6))
    assert bias.dq.shape == (4, 6)
    assert not bias.dq.any()
    part = bias.cut(Window(1, 3, 2, 6, (4, 6)))
    assert part.dq.shape == part.sci.shape == (2, 4)


def test_a_damaged_file_is_one_clear_line(tmp_path, values):
    path = write_fits(tmp_path / "gain.fits", "gain", {"SCI": values}, **PLACED)
    whole = path.read_bytes()
    for n, content in enumerate((b"", b"no FITS file", whole[:3000], whole[: len(whole) - 2880])):
        torn = tmp_path / f"torn{n}.fits"
        torn.write_bytes(content)
        with pytest.raises(InvalidReference, match="torn") as error:
            load_reference(torn, Gain, subarray(1, 1, 12, 10), (10, 12))
        assert "\n" not in str(error.value)
    with pytest.raises(InvalidReference, match="none"):
        load_reference(tmp_path / "none.fits", Gain, subarray(1, 1, 12, 10), (10, 12))


def test_a_file_with_nonsense_in_it_is_read_or_refused(tmp_path):
    arrays = {
        "SCI": np.ones((3, 10, 12), "f4"),
        "DQ": np.ones((10, 12), "u4"),
        "DQ_DEF": dq_def(HOT=1, DEAD=4),
    }
    whole = write_fits(tmp_path / "dark.fits", "dark", arrays, **PLACED).read_bytes()
    rng = np.random.default_rng(11)
    outcomes = set()
    for _ in range(150):
        content = bytearray(whole)
        card = 80 * int(rng.integers(len(whole) // 80))
        nonsense = (b"-1", b"99999999999", b"0", b"'X'", b"T", b"1E99", b"")[rng.integers(7)]
        content[card + 10 : card + 30] = nonsense.rjust(20)
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
        torn = tmp_path / "torn.fits"
        torn.write_bytes(content)
        try:
            dark = load_reference(torn, Dark, subarray(3, 5, 6, 4), (4, 6))
            outcomes.add((dark.sci.shape[1:], dark.dq.shape))
        except InvalidReference as error:
            outcomes.add("refused")
            assert "\n" not in str(error)
    assert outcomes == {((4, 6), (4, 6)), "refused"}


@pytest.mark.skipif(not GENUINE.is_dir(), reason="the genuine files are not here")
@pytest.mark.parametrize("kind", [Dark, Superbias])
def test_genuine_references_are_read_as_astropy_reads_them(kind):
    number = {"dark": "0046", "superbias": "0075"}[kind.reftype]
    path = GENUINE / f"nirspec-refs/jwst_nirspec_{kind.reftype}_{number}.fits"
    meta = subarray(1025, 957, 512, 32, "SUB512").replace(
        {"instrument.name": "NIRSPEC", "instrument.detector": "NRS1"}
    )
    whole = load_reference(path, kind, meta, (32, 512))
    with fits.open(path) as file:
        np.testing.assert_array_equal(whole.sci, file["SCI"].data)
        flags = file["DQ"].data
        for row in file["DQ_DEF"].data:
            there = (flags & row["Value"]) > 0
            np.testing.assert_array_equal((whole.dq & int(DQ[row["Name"]])) > 0, there)
        assert whole.meta.lookup("useafter") == file[0].header["USEAFTER"]
    inner = meta.replace({"subarray.xstart": 1030, "subarray.ystart": 960, "subarray.name": "X"})
    part = load_reference(path, kind, inner, (20, 100))
    np.testing.assert_array_equal(part.sci, whole.sci[..., 3:23, 5:105])
    np.testing.assert_array_equal(part.dq, whole.dq[3:23, 5:105])


@pytest.mark.skipif(not GENUINE.is_dir(), reason="the genuine files are not here")
def test_flags_of_a_genuine_table_lose_only_names_that_are_not_ours():
    with fits.open(GENUINE / "miri-refs/jwst_miri_flat_0407.fits") as file:
        flags = file["DQ"].data.astype("u4")
        table = dq_def(**{row["NAME"]: int(row["VALUE"]) for row in file["DQ_DEF"].data})
    translated = TranslatedFlags.by_table(InMemory(flags), table).read()
    opaque = flags == 66
    assert 0 < opaque.sum() < opaque.size
    expected = int(DQ.NON_SCIENCE | DQ.NO_FLAT_FIELD)
    np.testing.assert_array_equal(translated, np.where(opaque, expected, 0))


class InMemory:
    """An array that counts what is read of it."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.count = values, 0
        self.shape, self.dtype = values.shape, values.dtype

    def read(self, index=None) -> np.ndarray:
        part = self.values[index if index is not None else ...]
        self.count += part.size
        return part.copy()


def test_a_good_array_is_recognised_by_reading_little_of_it():
    values = np.ones((4, 500, 100), "f4")
    array = InMemory(values)
    assert any_where(array, np.isfinite)
    assert array.count <= values.size / 100


def test_a_single_good_value_is_found():
    values = np.full((3, 500, 100), np.nan, "f4")
    values[2, 333, 7] = 1
    assert any_where(InMemory(values), np.isfinite)


def test_a_cut_refuses_gaps():
    cut = CutOut(InMemory(np.zeros((8, 8))), (slice(2, 6), slice(0, 8)))
    assert cut.shape == (4, 8)
    with pytest.raises(ValueError, match="gaps"):
        cut.read((slice(0, 4, 2), slice(None)))


def test_the_hash_is_that_of_the_content_and_is_remembered(tmp_path, monkeypatch):
    path = tmp_path / "dark.fits"
    path.write_bytes(b"dark" * 1000)
    memory = tmp_path / "memory" / "hashes.json"
    expected = hashlib.sha256(b"dark" * 1000).hexdigest()
    assert sha256(path) == sha256(path, memory) == expected
    calls = []
    genuine = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *a: calls.append(a) or genuine(*a))
    assert sha256(path, memory) == expected
    assert not calls
    touch_later(path)
    assert sha256(path, memory) == expected
    assert len(calls) == 1
    path.write_bytes(b"DARK" * 1000)
    assert sha256(path, memory) != expected
    memory.write_text("{damaged")
    assert sha256(path, memory) == hashlib.sha256(b"DARK" * 1000).hexdigest()


def test_the_hash_of_an_absent_file_is_an_error(tmp_path):
    with pytest.raises(InvalidInput, match="none"):
        sha256(tmp_path / "none.fits")


def waves(path: Path, **tree: object) -> Path:
    """Write a reference that is a tree."""
    wave = np.sin(np.arange(8), dtype=np.float32)
    content: dict[str, object] = {
        "meta": {"reftype": "emicorr", "instrument": {"name": "MIRI"}},
        "frequencies": {"Hz10": {"frequency": 10.04, "phase_amplitudes": wave}},
        "subarray_cases": {"SUB64": {"rowclocks": 28, "freqs": {"FAST": ["Hz10"]}}},
    }
    asdf.AsdfFile(content | tree).write_to(path)
    return path


MIRI = exposure(instrument__name="MIRI", instrument__detector="MIRIMAGE")


def test_a_tree_is_a_reference_too(tmp_path):
    loaded = load_reference(waves(tmp_path / "emi.asdf"), EmiCorrection, MIRI, (64, 72))
    assert loaded.subarray_cases["SUB64"]["freqs"]["FAST"] == ["Hz10"]
    wave = loaded.frequencies["Hz10"]["phase_amplitudes"]
    np.testing.assert_array_equal(wave, np.sin(np.arange(8), dtype="f4"))
    assert not wave.flags.writeable


def test_arrays_of_a_tree_may_be_big_endian_compressed_or_inline(tmp_path):
    plain = np.arange(6.0).reshape(2, 3)
    for name, stored, compression in (
        ("big", plain.astype(">f8"), None),
        ("zipped", plain, "zlib"),
        ("complex", plain * 1j, None),
    ):
        tree = {"frequencies": {"a": stored}}
        path = waves(tmp_path / f"{name}.asdf", **tree)
        if compression:
            with asdf.open(path) as file:
                file.write_to(path.with_name("packed.asdf"), all_array_compression=compression)
            path = path.with_name("packed.asdf")
        loaded = load_reference(path, EmiCorrection, MIRI, (64, 72))
        np.testing.assert_array_equal(loaded.frequencies["a"], stored)


def test_a_tree_of_another_kind_is_refused(tmp_path):
    path = waves(tmp_path / "kernel.asdf", meta={"reftype": "sirskernel"})
    with pytest.raises(InvalidReference, match="wrong type"):
        load_reference(path, EmiCorrection, MIRI, (64, 72))
    path = waves(tmp_path / "poor.asdf", frequencies=None)
    with pytest.raises(InvalidReference, match="frequencies is missing"):
        load_reference(path, EmiCorrection, MIRI, (64, 72))
    whole = waves(tmp_path / "whole.asdf").read_bytes()
    (tmp_path / "cut.asdf").write_bytes(whole[:-60])
    with pytest.raises(InvalidReference, match="truncated"):
        load_reference(tmp_path / "cut.asdf", EmiCorrection, MIRI, (64, 72))


def test_a_table_alone_is_a_reference_too(tmp_path):
    dtype = [("subarray", "S17"), ("readpatt", "S12"), ("group_skip", "i4")]
    rows = np.array([("FULL", "FASTR1", 4)], dtype)
    path = write_fits(tmp_path / "rscd.fits", "rscd", {"RSCD_GROUP_SKIP": rows}, INSTRUME="MIRI")
    loaded = load_reference(path, Rscd, MIRI.replace({"instrument.detector": "NRCA1"}), (64, 72))
    assert loaded.group_skip["group_skip"][0] == 4


def test_a_dark_by_integration_is_cut_in_its_last_two_axes(tmp_path):
    cube = np.random.default_rng(3).normal(size=(2, 3, 10, 12)).astype("f4")
    arrays = {"SCI": cube, "ERR": cube, "DQ": np.ones((2, 1, 10, 12), "u4")}
    path = write_fits(tmp_path / "dark.fits", "dark", arrays, **PLACED)
    dark = load_reference(path, Dark, subarray(3, 5, 6, 4), (4, 6))
    np.testing.assert_array_equal(dark.sci, cube[..., 4:8, 2:8])
    assert dark.dq.shape == (2, 1, 4, 6)
    assert not dark.has("err")


def test_references_with_and_without_interleaved_pixels_serve_irs2(tmp_path):
    for rows in (3200, 2048):
        gain = np.ones((rows, 2048), "f4")
        path = write_fits(tmp_path / f"{rows}.fits", "gain", {"SCI": gain})
        loaded = load_reference(path, Gain, subarray(1, 1, 2048, 2048), (3200, 2048))
        assert loaded.shape_of("sci") == (rows, 2048)
