"""A file made by the declaration conforms; each defect gives exactly its own finding."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from tests.io.conformance.sample_files import Edit, Link, TreeEdit, write_product

from webbcal.io.conformance import Report, Severity, check_file
from webbcal.spec.fields import Product
from webbcal.spec.products import PRODUCTS
from webbcal.spec.products.detector1 import Ramp, Rate, RateInts, Uncal
from webbcal.spec.products.resampled import S3d
from webbcal.spec.products.slits import CalMultiSlit
from webbcal.spec.products.spectra import X1d

FITS_PRODUCTS = [kind for kind in PRODUCTS if kind.storage == "fits"]


def important(report: Report) -> list[tuple[str, str, str]]:
    """Return severity, rule and place of every error and warning."""
    return [
        (str(f.severity), f.rule, f.place)
        for f in report.findings
        if f.severity is not Severity.NOTE
    ]


def notes(report: Report) -> set[str]:
    return {f.rule for f in report.findings if f.severity is Severity.NOTE}


def check(path: Path, kind: type[Product], **edits: Any) -> Report:
    file = path / f"jw01234001001_02101_00001_nrca1_{kind.suffixes[0]}.fits"
    return check_file(write_product(file, kind, **edits))


@pytest.mark.parametrize("kind", FITS_PRODUCTS, ids=lambda kind: kind.__name__)
def test_file_made_by_the_declaration_conforms(tmp_path: Path, kind: type[Product]) -> None:
    report = check(tmp_path, kind)
    assert important(report) == []
    assert report.conforms
    assert (report.product, report.model) == (kind.suffixes[0], kind.model)
    assert notes(report) <= {"product.layout"}


def set_keyword(extension: Any, keyword: str, value: Any) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        hdus[extension].header[keyword] = value

    return edit


def drop_keyword(extension: Any, keyword: str) -> Edit:
    return lambda hdus: hdus[extension].header.remove(keyword)


def drop(extension: Any) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        del hdus[extension]

    return edit


def retype(extension: Any, dtype: str) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        hdus[extension].data = hdus[extension].data.astype(dtype)

    return edit


def reshape(extension: Any, shape: tuple[int, ...]) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        hdus[extension].data = np.zeros(shape, hdus[extension].data.dtype)

    return edit


def move_last(extension: str) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        hdus.append(hdus.pop(extension))

    return edit


def repeat(extension: str) -> Edit:
    return lambda hdus: hdus.append(hdus[extension].copy())


def columns_changed(extension: str, change: Any) -> Edit:
    """Replace a table by one whose list of (TTYPE, TFORM, TDIM) has been changed."""

    def edit(hdus: fits.HDUList) -> None:
        old = hdus[extension]
        fields = [(c.name, c.format, c.dim) for c in old.columns]
        made = [fits.Column(name, form, dim=dim) for name, form, dim in change(fields)]
        new = fits.BinTableHDU.from_columns(made, nrows=2, name=extension, ver=old.ver)
        hdus[hdus.index_of(extension)] = new

    return edit


def reformat(column: str, form: str) -> Any:
    return lambda fields: [(n, form if n == column else f, dim) for n, f, dim in fields]


def set_versions(name: str, numbers: list[int]) -> Edit:
    def edit(hdus: fits.HDUList) -> None:
        for number, hdu in zip(numbers, [h for h in hdus if h.name == name], strict=True):
            hdu.ver = number

    return edit


def shift_second_element(hdus: fits.HDUList) -> None:
    for hdu in hdus[1:]:
        hdu.ver = 3 if hdu.ver == 2 else 1


DEFECTS: dict[str, tuple[type[Product], Edit, tuple[str, str, str]]] = {
    "pixels of double precision": (
        *(Rate, retype("ERR", "f8")),
        ("error", "image.dtype", "ERR BITPIX"),
    ),
    "signed flags": (Rate, retype("DQ", "i4"), ("error", "image.dtype", "DQ BITPIX")),
    "raw pixels without BZERO": (
        Uncal,
        retype("SCI", "i2"),
        ("error", "image.dtype", "SCI BITPIX"),
    ),
    "scaled pixels": (
        *(Rate, set_keyword("VAR_RNOISE", "BSCALE", 2.0)),
        ("error", "image.dtype", "VAR_RNOISE BITPIX"),
    ),
    "array of another shape": (
        *(Rate, reshape("VAR_POISSON", (4, 6))),
        ("error", "image.shape", "VAR_POISSON NAXIS1"),
    ),
    "array of other dimension": (
        *(Ramp, reshape("PIXELDQ", (2, 4, 5))),
        ("error", "image.axes", "PIXELDQ NAXIS"),
    ),
    "missing extension": (Rate, drop("DQ"), ("error", "extension.missing", "DQ")),
    "header without data": (
        *(Rate, lambda hdus: setattr(hdus["ERR"], "data", None)),
        ("error", "extension.missing", "ERR"),
    ),
    "ramp without ERR": (Ramp, drop("ERR"), ("warning", "extension.expected", "ERR")),
    "SCI not first": (Rate, move_last("SCI"), ("error", "extension.first", "SCI")),
    "extension twice": (Rate, repeat("DQ"), ("error", "extver.duplicate", "DQ EXTVER")),
    "image where a table belongs": (
        *(Ramp, lambda hdus: hdus.__setitem__("GROUP", fits.ImageHDU(np.zeros(3), name="GROUP"))),
        ("error", "extension.kind", "GROUP XTENSION"),
    ),
    "column of another type": (
        *(Ramp, columns_changed("GROUP", reformat("end_day", "J"))),
        ("error", "table.format", "GROUP end_day"),
    ),
    "narrower string": (
        *(Ramp, columns_changed("GROUP", reformat("group_end_time", "20A"))),
        ("error", "table.format", "GROUP group_end_time"),
    ),
    "group numbers of older files": (
        *(Ramp, columns_changed("GROUP", reformat("integration_number", "I"))),
        ("warning", "table.format", "GROUP integration_number"),
    ),
    "signed flags in a table": (
        *(X1d, columns_changed("EXTRACT1D", reformat("DQ", "J"))),
        ("error", "table.format", "EXTRACT1D DQ"),
    ),
    "column missing": (
        *(Ramp, columns_changed("INT_TIMES", lambda fields: fields[:-1])),
        ("error", "table.columns", "INT_TIMES int_end_BJD_TDB"),
    ),
    "column too many": (
        *(Ramp, columns_changed("INT_TIMES", lambda fields: [*fields, ("more", "D", None)])),
        ("error", "table.columns", "INT_TIMES more"),
    ),
    "nelem beside the wavelengths of a cube": (
        S3d,
        columns_changed("WCS-TABLE", lambda fields: [("nelem", "I", None), *fields]),
        ("error", "table.columns", "WCS-TABLE nelem"),
    ),
    "columns in another order": (
        *(Ramp, columns_changed("INT_TIMES", lambda fields: fields[::-1])),
        ("error", "table.order", "INT_TIMES"),
    ),
    "EXTVER with a gap": (
        *(CalMultiSlit, shift_second_element),
        ("error", "extver.gap", "SCI EXTVER"),
    ),
    "slit without flags": (
        *(CalMultiSlit, drop(("DQ", 2))),
        ("error", "extension.missing", "DQ,2"),
    ),
    "EXTVER without SCI": (
        *(CalMultiSlit, set_versions("AREA", [1, 5])),
        ("error", "extver.unpaired", "AREA,5 EXTVER"),
    ),
    "single extension numbered 2": (
        *(Rate, set_versions("DQ", [2])),
        ("warning", "extver.single", "DQ,2 EXTVER"),
    ),
    "no instrument": (
        *(Rate, drop_keyword(0, "INSTRUME")),
        ("error", "keyword.missing", "PRIMARY INSTRUME"),
    ),
    "no exposure type": (
        *(Rate, drop_keyword(0, "EXP_TYPE")),
        ("error", "keyword.missing", "PRIMARY EXP_TYPE"),
    ),
    "no DATAMODL": (
        *(Rate, drop_keyword(0, "DATAMODL")),
        ("error", "keyword.missing", "PRIMARY DATAMODL"),
    ),
    "no read pattern": (
        *(Rate, drop_keyword(0, "READPATT")),
        ("warning", "keyword.missing", "PRIMARY READPATT"),
    ),
    "number as text": (
        *(Rate, set_keyword(0, "TGROUP", "10.7")),
        ("error", "keyword.type", "PRIMARY TGROUP"),
    ),
    "fraction where a count belongs": (
        *(Rate, set_keyword(0, "NFRAMES", 1.5)),
        ("error", "keyword.type", "PRIMARY NFRAMES"),
    ),
    "truth value as number": (
        *(Rate, set_keyword(0, "HGA_MOVE", 1)),
        ("error", "keyword.type", "PRIMARY HGA_MOVE"),
    ),
    "unknown detector": (
        *(Rate, set_keyword(0, "DETECTOR", "NRCA9")),
        ("error", "keyword.value", "PRIMARY DETECTOR"),
    ),
    "another telescope": (
        *(Rate, set_keyword(0, "TELESCOP", "HST")),
        ("error", "keyword.value", "PRIMARY TELESCOP"),
    ),
    "groups that are not there": (
        *(Uncal, set_keyword(0, "NGROUPS", 4)),
        ("error", "exposure.shape", "SCI NAXIS3"),
    ),
    "integrations that are not there": (
        *(RateInts, set_keyword(0, "NINTS", 3)),
        ("error", "exposure.shape", "SCI NAXIS3"),
    ),
    "subarray of another size": (
        *(Rate, set_keyword(0, "SUBSIZE1", 6)),
        ("error", "exposure.shape", "SCI NAXIS1"),
    ),
    "DATAMODL of another product": (
        *(Rate, set_keyword(0, "DATAMODL", "RampModel")),
        ("error", "product.model", "PRIMARY DATAMODL"),
    ),
    "DATAMODL of nothing": (
        *(Rate, set_keyword(0, "DATAMODL", "RatModel")),
        ("error", "product.model", "PRIMARY DATAMODL"),
    ),
    "cube without FLUXEXT": (
        *(S3d, drop_keyword(0, "FLUXEXT")),
        ("warning", "keyword.fixed", "PRIMARY FLUXEXT"),
    ),
    "cube without ERRTYPE": (
        *(S3d, drop_keyword("ERR", "ERRTYPE")),
        ("warning", "keyword.fixed", "ERR ERRTYPE"),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_gives_exactly_its_finding(tmp_path: Path, name: str) -> None:
    kind, edit, expected = DEFECTS[name]
    report = check(tmp_path, kind, edit=edit)
    assert important(report) == [expected]
    assert report.conforms is (expected[0] != "error")


def test_finding_says_what_was_expected_and_found(tmp_path: Path) -> None:
    report = check(tmp_path, Rate, edit=retype("DQ", "i4"))
    finding = report.findings[0]
    assert finding.expected == "uint32 (BITPIX 32, BZERO 2147483648)"
    assert finding.found == "int32 (BITPIX 32)"


@pytest.mark.parametrize("value", ["N/A", "#TODO", ""])
def test_placeholders_are_exempt_from_type_and_value(tmp_path: Path, value: str) -> None:
    def edit(hdus: fits.HDUList) -> None:
        hdus[0].header["TGROUP"] = value
        hdus[0].header["FILTER"] = value

    assert important(check(tmp_path, Rate, edit=edit)) == []


def test_segment_of_an_exposure_holds_its_integrations_only(tmp_path: Path) -> None:
    def edit(hdus: fits.HDUList) -> None:
        hdus[0].header.update({"NINTS": 10, "INTSTART": 3, "INTEND": 4})

    assert important(check(tmp_path, RateInts, edit=edit)) == []


def test_unknown_extension_and_keyword_are_only_noted(tmp_path: Path) -> None:
    def edit(hdus: fits.HDUList) -> None:
        hdus.append(fits.ImageHDU(np.zeros(3), name="MINE"))
        hdus[0].header["MYKEY"] = 1

    report = check(tmp_path, Rate, edit=edit)
    assert important(report) == []
    assert notes(report) == {"extension.unknown", "keyword.undeclared"}


def test_other_unit_is_only_noted(tmp_path: Path) -> None:
    report = check(tmp_path, Rate, edit=set_keyword("SCI", "BUNIT", "electron"))
    assert important(report) == []
    assert "image.unit" in notes(report)


def test_name_that_contradicts_the_content_is_only_noted(tmp_path: Path) -> None:
    report = check_file(write_product(tmp_path / "jw1_x1d.fits", Rate))
    assert important(report) == []
    assert notes(report) == {"product.name"}


def test_spectra_of_a_newer_layout_are_recognised(tmp_path: Path) -> None:
    edit = columns_changed("EXTRACT1D", lambda fields: [*fields, ("RF_FLUX", "D", None)])
    report = check(tmp_path, X1d, edit=edit)
    assert important(report) == []
    assert "21 columns" in report.layout


# ---- the metadata tree


def move_node(path: str, value: Any) -> TreeEdit:
    def edit(tree: dict[str, Any]) -> None:
        *nodes, leaf = path.split(".")
        for node in nodes:
            tree = tree[node]
        tree[leaf] = value

    return edit


def edit_link(**changes: Any) -> TreeEdit:
    return lambda tree: tree["err"].update(changes)


def add_link(source: Any) -> TreeEdit:
    return lambda tree: tree.update(more=Link(source=source, datatype="uint8", shape=[1]))


def swap(first: str, second: str) -> TreeEdit:
    return lambda tree: tree.update({first: tree[second], second: tree[first]})


TREE_DEFECTS: dict[str, tuple[TreeEdit, tuple[str, str, str]]] = {
    "another value than the header": (
        move_node("meta.exposure.ngroups", 7),
        ("error", "tree.value", "PRIMARY NGROUPS"),
    ),
    "another type than DATAMODL": (
        move_node("meta.model_type", "RampModel"),
        ("error", "tree.value", "PRIMARY DATAMODL"),
    ),
    "link to another shape": (edit_link(shape=[4, 6]), ("error", "tree.shape", "ERR err")),
    "link to another type": (
        edit_link(datatype="float64"),
        ("error", "tree.dtype", "ERR err"),
    ),
    "array in another file": (
        add_link("../secret.asdf"),
        ("error", "tree.external", "ASDF more"),
    ),
    "array in a block that is not there": (add_link(2), ("error", "tree.link", "ASDF more")),
    "link to nothing": (add_link("fits:NONE,1"), ("error", "tree.link", "ASDF more")),
    "extension without link": (
        lambda tree: tree.pop("dq"),
        ("warning", "tree.unlinked", "DQ"),
    ),
    "value without keyword": (
        lambda tree: tree["meta"]["exposure"].update(frame_time=1.5),
        ("warning", "tree.hidden", "PRIMARY TFRAME"),
    ),
}


@pytest.mark.parametrize("name", TREE_DEFECTS)
def test_one_defect_of_the_tree_gives_exactly_its_finding(tmp_path: Path, name: str) -> None:
    edit, expected = TREE_DEFECTS[name]
    assert important(check(tmp_path, Rate, edit_tree=edit)) == [expected]


def test_links_that_are_crossed_are_found_though_shapes_agree(tmp_path: Path) -> None:
    report = check(tmp_path, Rate, edit_tree=swap("data", "err"))
    assert [(f.rule, f.place) for f in report.findings] == [
        ("tree.crossed", "SCI data"),
        ("tree.crossed", "ERR err"),
    ]


def test_file_of_no_known_kind_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "truth.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros(3), name="STARS")]).writeto(path)
    assert important(check_file(path)) == [("error", "product.unknown", "")]


def test_header_edited_by_another_tool_is_noted_with_what_changed(tmp_path: Path) -> None:
    path = write_product(tmp_path / "jw1_rate.fits", Rate)
    fits.setval(path, "TARGNAME", value="M 31")
    fits.setval(path, "NFRAMES", value=2)
    report = check_file(path)
    assert important(report) == []
    edited = next(f for f in report.findings if f.rule == "tree.edited")
    assert "PRIMARY NFRAMES" in edited.message


def test_missing_tree_is_an_error(tmp_path: Path) -> None:
    path = write_product(tmp_path / "jw1_rate.fits", Rate)
    with fits.open(path) as hdus:
        hdus[:-1].writeto(path.with_name("jw2_rate.fits"))
    report = check_file(path.with_name("jw2_rate.fits"))
    assert important(report) == [("error", "tree.missing", "ASDF")]


@pytest.mark.parametrize(
    "text",
    [
        b"no asdf at all",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- [1, 2\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- " + b"[" * 5000 + b"\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- just text\n...\n",
    ],
    ids=["not ASDF", "not YAML", "endless nesting", "no mapping"],
)
def test_unreadable_tree_is_one_error(tmp_path: Path, text: bytes) -> None:
    path = write_product(tmp_path / "jw1_rate.fits", Rate)
    with fits.open(path) as hdus:
        column = fits.Column("ASDF_METADATA", f"{len(text)}B", array=[list(text)])
        hdus[-1] = fits.BinTableHDU.from_columns([column], name="ASDF")
        hdus.writeto(path.with_name("jw2_rate.fits"))
    report = check_file(path.with_name("jw2_rate.fits"))
    assert important(report) == [("error", "tree.unreadable", "ASDF")]
