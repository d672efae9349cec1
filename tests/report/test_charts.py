"""Plots as SVG."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from webbcal.report.charts import Axis, Bars, Line, Outline, Points, Segments, Text, chart, covering


def test_ticks_are_round_and_inside():
    assert Axis("", 0.0, 10.0).ticks() == [0, 2, 4, 6, 8, 10]
    np.testing.assert_allclose(
        Axis("", -0.013, 0.0214).ticks(), [-0.01, -0.005, 0, 0.005, 0.01, 0.015, 0.02]
    )
    assert Axis("", 20.0, -20.0).ticks() == [-20, -10, 0, 10, 20]
    assert Axis("", 0.5, 2000.0, log=True).ticks() == [1, 10, 100, 1000]


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [0.0], [-1e-12, 1e-12], [1e300, -1e300]])
@pytest.mark.parametrize("log", [False, True])
def test_axis_covers_any_values(values, log):
    axis = covering("", values, log=log)
    assert axis.low < axis.high
    assert np.isfinite(axis.scale(0, 1)(1.0))
    axis.ticks()


def test_places_are_those_of_the_values():
    to = Axis("", 10.0, -10.0).scale(100.0, 300.0)
    assert [to(10.0), to(0.0), to(-10.0)] == [100.0, 200.0, 300.0]
    to = Axis("", 1.0, 100.0, log=True).scale(0.0, 2.0)
    assert to(10.0) == pytest.approx(1.0)


def test_drawing_is_well_formed_and_escapes_what_it_is_given():
    evil = "</svg><script>alert(1)</script>"
    layers = [
        Points([1.0, 2.0], [1.0, 2.0], 0, [evil, evil], name=evil),
        Line([0.0, 1.0, 2.0], [1.0, np.nan, 2.0], 1),
        Outline([(0, 0), (1, 0), (1, 1)], 2, evil),
        Bars([0.0, 1.0, 2.0], [3.0, 0.0], 3),
        Text(1.0, 1.0, evil),
        Segments([(0, 0)], [(1, 1)], 4),
        Points([1.0], [2.0], hollow=True),
    ]
    made = chart(layers, Axis(evil, 0, 3), Axis(evil, 0, 4), title=evil)
    assert "<script" not in made
    ET.fromstring(re.sub(r"&[a-z]+;", "", made))


def test_equal_scales_make_a_square_square():
    square = Outline([(0, 0), (0, 10), (10, 10), (10, 0)])
    made = chart([square], Axis("", 11, -1), Axis("", -1, 11), title="", equal=True)
    points = re.search(r'<polygon[^>]* points="([^"]*)"', made)[1].split()
    corners = np.array([[float(v) for v in p.split(",")] for p in points])
    width, height = np.ptp(corners, axis=0)
    assert width == pytest.approx(height, abs=0.2)


def test_line_breaks_where_there_is_no_value():
    made = Line([0, 1, 2, 3], [0, 1, np.nan, 3]).draw(float, float)
    assert made.count("M") == 2
