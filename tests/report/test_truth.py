"""Checks against the truth: each can fail, and none for another's reason."""

from dataclasses import replace

import numpy as np
import pytest

from webbcal.report.comparison import Bin, Comparison
from webbcal.report.comparison_of_mosaics import Alignment, MosaicComparison
from webbcal.report.comparison_of_mosaics import Bin as MagnitudeBin
from webbcal.report.page import document
from webbcal.report.truth import Findings, checks_of, truth_section


def rate_of(ratio=1.0, error=1e-4, width=1.0):
    pulls = np.random.default_rng(1).normal(0, width, 4000)
    bins = (
        Bin(1.0, 3.0, 3000, 1.0, error, 1.0),
        Bin(3.0, 10.0, 1000, ratio, error, width),
    )
    return Comparison(4000, 20, 100, 3, 1.0, 0.0, width, bins, pulls)


MOSAIC = MosaicComparison(
    np.array([18.0, 19.0, 20.0]), np.array([1.001, 0.999, 1.0]), np.full(3, 0.002),
    1.0, 0.001, 100, 100, 200, 195, (MagnitudeBin(18.25, 10, 10), MagnitudeBin(18.75, 12, 9)),
)  # fmt: skip
BEFORE = Alignment(np.array([[30.0, -20.0], [-30.0, 10.0]]), 30.0, 5.0)
AFTER = Alignment(np.array([[0.1, 0.0], [-0.1, 0.1]]), 0.1, 0.1)
GOOD = Findings({"a_rate.fits": rate_of(), "b_rate.fits": rate_of()}, BEFORE, AFTER, MOSAIC)


def failing(findings):
    return [check.what.split(",")[0] for check in checks_of(findings) if not check.good]


def test_good_findings_pass():
    assert failing(GOOD) == []
    assert len(checks_of(GOOD)) == 8


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"rates": {"a": rate_of(), "b": rate_of(1.002)}}, ["count rates"]),
        ({"rates": {"a": rate_of(0.998)}}, ["count rates"]),
        ({"rates": {"a": rate_of(width=1.4)}}, ["width of their pulls"]),
        ({"after": replace(AFTER, relative=0.4)}, ["exposures on each other"]),
        ({"after": replace(AFTER, absolute=0.6)}, ["exposures on the sky"]),
        ({"mosaic": replace(MOSAIC, median=0.99)}, ["flux of 3 bright lone stars"]),
        ({"mosaic": replace(MOSAIC, median=np.nan)}, ["flux of 3 bright lone stars"]),
        ({"mosaic": replace(MOSAIC, scatter=0.02)}, ["scatter of these fluxes"]),
        ({"mosaic": replace(MOSAIC, found=97)}, ["lone stars above S/N 100 found"]),
        ({"mosaic": replace(MOSAIC, certain=0, found=0)}, ["lone stars above S/N 100 found"]),
        ({"mosaic": replace(MOSAIC, real=180)}, ["entries of the catalogue true"]),
    ],
)
def test_each_check_can_fail_alone(change, names):
    assert failing(replace(GOOD, **change)) == names


def test_what_chance_does_to_a_rate_is_allowed():
    assert failing(replace(GOOD, rates={"a": rate_of(1.002, error=0.0004)})) == []


def test_the_section_shows_every_check_and_plot():
    page = document("demo", "", truth_section(GOOD))
    for check in checks_of(GOOD):
        assert check.what in page
    assert page.count("<figure") == 5
    assert page.count("badge good") == 8
    assert "badge bad" not in page
    bad = truth_section(replace(GOOD, mosaic=replace(MOSAIC, median=0.9)))
    assert bad.count("badge bad") == 1


def test_a_catalogue_without_bright_stars_has_a_section_too():
    none = replace(MOSAIC, magnitude=np.zeros(0), ratio=np.zeros(0), median=np.nan, scatter=np.nan)
    assert failing(replace(GOOD, mosaic=none)) == [
        "flux of 0 bright lone stars",
        "scatter of these fluxes",
    ]
    assert truth_section(replace(GOOD, mosaic=none)).count("<figure") == 4
