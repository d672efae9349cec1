"""The report of a run: what it says, and that it is safe and small."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.io.examples import example
from tests.report.runs import (
    FLAT,
    JUMPS,
    SIDE,
    SKYMATCH,
    calibrated,
    catalogue,
    exposure_meta,
    imaging_run,
    rate,
    record,
)

from webbcal.core.errors import CannotWrite
from webbcal.io.write import write_product
from webbcal.report.gather import gather
from webbcal.report.problems import problems_of
from webbcal.report.run import look_at_all, write_report
from webbcal.spec.meta import Meta
from webbcal.spec.products import PRODUCTS, Cat, X1d

TWEAKREG = {
    "name": "tweakreg",
    "status": "COMPLETE",
    "options": {},
    "seconds": 3.0,
    "figures": {
        "groups": [
            {"name": "g1", "aligned": True, "shift_east_mas": 5.0, "shift_north_mas": -3.0,
             "roll_arcsec": 0.1, "stars": 40, "pairs": 30, "rms_mas": 0.4},
            {"name": "g2", "aligned": False, "reason": "only 3 stars", "stars": 3},
        ],
        "rms_mas": 0.4,
        "residuals": {
            "group": ["g1", "g1"], "east_arcsec": [1.0, -4.0], "north_arcsec": [2.0, 5.0],
            "off_east_mas": [0.3, -0.4], "off_north_mas": [0.1, 0.2],
        },
    },
}  # fmt: skip


class Page(HTMLParser):
    """Elements that are open, links, images and texts of a page."""

    VOID = frozenset({"meta", "img", "br", "hr", "link"})

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.tags, self.anchors = [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)
            if name == "id":
                self.anchors.add(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(path):
    page = Page(path.read_text("utf-8"))
    assert page.open == []
    assert "script" not in page.tags
    for link in page.links:
        assert link.startswith(("#", "data:image/png;base64,")), link
        if link.startswith("#"):
            assert link[1:] in page.anchors
    return page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = imaging_run(tmp_path_factory.mktemp("imaging"))
    rng = np.random.default_rng(5)
    meta = exposure_meta(9, "NRCA1", 80.49, -69.5)
    path = folder / "jw99001001001_02101_00009_nrca1_o001_crf.fits"
    write_product(calibrated(rng, meta, record([FLAT, TWEAKREG, SKYMATCH])), path)
    return folder


@pytest.fixture(scope="module")
def text(folder, tmp_path_factory):
    path = write_report(folder, tmp_path_factory.mktemp("page") / "report.html", "A title")
    parsed(path)
    return path.read_text("utf-8")


def test_page_has_every_section(text):
    sections = re.findall(r'<section id="([a-z]+)">', text)
    assert sections == [
        "problems", "what", "quicklook", "sky", "flags", "alignment", "background", "catalogue",
        "steps", "references",
    ]  # fmt: skip
    assert "<title>A title</title>" in text


def test_flags_are_those_of_the_products(text):
    share = f"{100 * JUMPS / SIDE**2:.3g} %"
    assert text.count(f'<span title="{JUMPS} pixels">{share}</span>') == 9


def test_options_that_differ_and_checksums_are_shown(text):
    assert "flat_field.inverse</td><td><b>yes</b></td><td>no" in text
    assert "0f" * 32 in text


def test_time_of_a_set_counts_once_and_of_an_exposure_each_time(text):
    assert re.search(r"<td>skymatch</td>.*?<span>1.5 s</span>", text)
    assert re.search(r"<td>flat_field</td>.*?<span>2.2 s</span>", text)  # nine times


def test_groups_that_are_not_aligned_come_first(folder):
    run = gather(folder)
    problems = problems_of(run, {})
    assert problems[0].gravity == "bad"
    assert problems[0].what == "not aligned: g2: only 3 stars"


def test_exposures_without_a_product_of_the_others_are_named(folder):
    problems = problems_of(gather(folder), {})
    (missing,) = [p for p in problems if "without the product cal" in p.what]
    assert missing.names == ("jw99001001001_02101_00009_nrca1",)


def test_text_of_headers_is_never_html(tmp_path):
    evil = "<script>alert(1)</script><img src=http://example.org/x>\"'&"
    rng = np.random.default_rng(0)
    meta = exposure_meta(1, "NRCA1", 80, -69).replace(
        {
            "target.catalog_name": evil,
            "target.proposer_name": evil,
            "instrument.detector": evil,
            "instrument.filter": evil,
            "calibration_software_version": evil,
            "wcsinfo.s_region": f"POLYGON {evil}",
        }
    )
    step = {"name": evil, "status": evil, "reason": evil, "options": {evil: evil}, "seconds": 1.0,
            "figures": {evil: evil, "rows": [{evil: evil}]}}  # fmt: skip
    skipped = {"name": evil, "status": "SKIPPED", "reason": evil, "options": {}}
    told = record([step, skipped], remarks=[evil], ignored_parameters=[evil], recipe=evil)
    told["references"] = {evil: {"file": evil, "origin": evil, "sha256": evil}}
    write_product(calibrated(rng, meta, told), tmp_path / "a<b>_cal.fits")
    write_product(rate(Meta({}), rng), tmp_path / "b_rate.fits")
    page = write_report(tmp_path, tmp_path / "r.html", evil)
    parsed(page)
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "<img src=http" not in text
    assert "&lt;script&gt;" in text


def test_images_without_a_value_are_shown_and_named(tmp_path):
    rng = np.random.default_rng(0)
    product = calibrated(rng, exposure_meta(1, "NRCA1", 80, -69), None, empty=True)
    write_product(product, tmp_path / "a_cal.fits")
    write_report(tmp_path, tmp_path / "r.html")
    run = gather(tmp_path)
    found = problems_of(run, look_at_all(run))
    assert [(p.gravity, p.what) for p in found] == [("bad", "no pixel has a value")]


def test_products_of_stage_1_without_keywords_make_a_page(tmp_path):
    write_product(rate(Meta({}), np.random.default_rng(0)), tmp_path / "x_rate.fits")
    page = write_report(tmp_path, tmp_path / "r.html")
    assert 'id="flags"' in page.read_text("utf-8")
    parsed(page)


def test_a_damaged_file_does_not_stop_the_report(tmp_path):
    write_product(rate(Meta({}), np.random.default_rng(0)), tmp_path / "x_rate.fits")
    whole = (tmp_path / "x_rate.fits").read_bytes()
    (tmp_path / "y_rate.fits").write_bytes(whole[: len(whole) // 2])
    text = write_report(tmp_path, tmp_path / "r.html").read_text("utf-8")
    assert "truncated" in text


def test_pictures_shrink_with_their_number(tmp_path, monkeypatch):
    imaging_run(tmp_path, dithers=3)
    large = write_report(tmp_path, tmp_path / "r.html").stat().st_size
    monkeypatch.setattr("webbcal.report.run._BUDGET", 12 * 64**2)
    small = write_report(tmp_path, tmp_path / "r.html").stat().st_size
    assert small < 0.9 * large


def test_report_is_complete_or_absent(tmp_path):
    write_product(rate(Meta({}), np.random.default_rng(0)), tmp_path / "x_rate.fits")
    with pytest.raises(CannotWrite, match="cannot write the report"):
        write_report(tmp_path, tmp_path / "absent" / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["x_rate.fits"]


def test_progress_is_told_to_the_end(tmp_path):
    write_product(rate(Meta({}), np.random.default_rng(0)), tmp_path / "x_rate.fits")
    told = []
    write_report(tmp_path, tmp_path / "r.html", progress=lambda *words: told.append(words))
    assert told == [("reading headers", 1, 1), ("looking at images", 1, 1)]


def test_every_kind_of_product_makes_a_page(tmp_path):
    rng = np.random.default_rng(11)
    for number, kind in enumerate(PRODUCTS):
        ending = "ecsv" if kind.storage == "ecsv" else "fits"
        name = f"a{number}_{kind.suffixes[0]}.{ending}"
        # The declinations of an example are out of bounds.
        product = catalogue(rng, 4) if kind is Cat else example(kind, rng)
        write_product(product, tmp_path / name)
    page = write_report(tmp_path, tmp_path / "r.html")
    parsed(page)
    text = page.read_text("utf-8")
    run = gather(tmp_path)
    assert run.broken == []
    assert len(run.entries) == len(PRODUCTS)
    for entry in run.entries:
        assert f"<code>{entry.exposure or entry.name}</code>" in text


def test_spectra_are_drawn_as_lines(tmp_path):
    product = example(X1d, np.random.default_rng(1))
    rows = np.zeros(3000, product.spec[0].extract1d.dtype)
    rows["WAVELENGTH"], rows["FLUX"] = np.linspace(1, 2, 3000), np.linspace(5, 6, 3000)
    spectrum = product.spec[0].with_changes(extract1d=rows)
    write_product(product.with_changes(spec=(spectrum,)), tmp_path / "a_x1d.fits")
    text = write_report(tmp_path, tmp_path / "r.html").read_text("utf-8")
    (path,) = re.findall(r'<path class="line s0" d="([^"]*)"', text)
    assert path.count("M") == 1
    assert 900 < path.count("L") <= 1200
