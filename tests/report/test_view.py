"""Pictures of single products."""

import numpy as np
import pytest
from astropy.wcs import WCS
from tests.io.examples import example
from tests.report.runs import catalogue, exposure_meta, rate

from webbcal.core.errors import InvalidInput, InvalidOptions, WebbcalError
from webbcal.io.write import write_product
from webbcal.report.view import STRETCHES, Choice, draw, save
from webbcal.spec.meta import Meta
from webbcal.spec.products import PRODUCTS, Rate, RateInts, X1d


def axes_of(figure):
    return figure.axes[0]


@pytest.mark.parametrize("kind", PRODUCTS, ids=lambda kind: kind.__name__)
def test_any_product_is_drawn_or_refused_in_words(kind):
    product = example(kind, np.random.default_rng(7))
    try:
        figure, words = draw(product, "a_name.fits", Choice())
    except WebbcalError:
        return
    figure.canvas.draw()
    assert words.startswith("a_name.fits")


@pytest.fixture
def image():
    return rate(exposure_meta(1, "NRCA1", 80.0, -69.0), np.random.default_rng(0))


def test_axes_are_on_the_sky_where_the_product_knows_it(image):
    figure, _ = draw(image, "a", Choice())
    shown = axes_of(figure).wcs
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix, wcs.wcs.crval = (48.5, 48.5), (80.0, -69.0)
    wcs.wcs.cd = np.array([[-1, 0], [0, 1]]) * 0.031 / 3600
    np.testing.assert_allclose(
        shown.pixel_to_world_values(3.0, 90.0), wcs.pixel_to_world_values(3.0, 90.0), atol=1e-12
    )
    figure, _ = draw(image, "a", Choice(sky=False))
    assert axes_of(figure).get_xlabel() == "x / pixel"


def test_pixels_that_must_not_be_used_have_no_value_in_the_picture(image):
    figure, _ = draw(image, "a", Choice())
    shown = axes_of(figure).get_images()[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), image.dq & 1 == 1)
    figure, _ = draw(image, "a", Choice(extension="err"))
    assert not np.ma.getmaskarray(axes_of(figure).get_images()[0].get_array()).any()


def test_flags_are_drawn_by_the_gravest(image):
    figure, _ = draw(image, "a", Choice(extension="DQ"))
    shown = np.asarray(axes_of(figure).get_images()[0].get_array())
    assert (shown == 5).sum() == (image.dq & 1 == 1).sum()
    assert (shown == 0).sum() == (image.dq == 0).sum()


@pytest.mark.parametrize("stretch", STRETCHES)
def test_scale_of_colours_names_values_where_they_are(image, stretch):
    choice = Choice(stretch=stretch, limits="0,10")
    figure, _ = draw(image, "a", choice)
    bar = figure.axes[1]
    values = [float(label.get_text()) for label in bar.get_yticklabels()]
    assert len(values) > 2
    assert min(values) == 0
    if stretch == "linear":
        np.testing.assert_allclose(bar.get_yticks(), np.array(values) / 10)


def test_limits_may_be_percentiles(image):
    figure, _ = draw(image, "a", Choice(limits="0%,50%", stretch="linear"))
    shown = axes_of(figure).get_images()[0].get_array().compressed()
    assert np.mean(shown >= 1.0) == pytest.approx(0.5, abs=0.01)


def test_integrations_are_counted_from_one():
    data = np.zeros((3, 8, 8), "f4")
    data[1] = np.arange(64).reshape(8, 8)
    dq = np.zeros(data.shape, "u4")
    ints = RateInts(sci=data, err=data, dq=dq, var_poisson=data, var_rnoise=data)
    figure, words = draw(ints, "a", Choice(integration=2, stretch="linear", limits="0,63"))
    np.testing.assert_allclose(axes_of(figure).get_images()[0].get_array(), data[1] / 63, atol=1e-6)
    assert words == "a, integration 2 of 3"
    for number in (0, 4):
        with pytest.raises(InvalidInput, match="1 to 3"):
            draw(ints, "a", Choice(integration=number))


def test_spectra_are_lines_against_wavelength():
    product = example(X1d, np.random.default_rng(1))
    rows = np.zeros(20, product.spec[0].extract1d.dtype)
    rows["WAVELENGTH"], rows["FLUX"] = np.linspace(1, 2, 20), np.linspace(5, 6, 20)
    spectrum = product.spec[0].with_changes(extract1d=rows)
    figure, _ = draw(product.with_changes(spec=(spectrum,)), "a", Choice())
    (line,) = axes_of(figure).get_lines()
    np.testing.assert_allclose(line.get_xdata(), rows["WAVELENGTH"])
    np.testing.assert_allclose(line.get_ydata(), rows["FLUX"])


def test_catalogue_shows_where_sources_are():
    sources = catalogue(np.random.default_rng(0), 30)
    figure, words = draw(sources, "a_cat.ecsv", Choice())
    assert words.endswith("30 sources")
    drawn = axes_of(figure).collections[0].get_offsets()
    np.testing.assert_allclose(drawn[:, 0], sources.sources["xcentroid"])


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(extension="FOO"), "expected one of SCI, ERR, DQ"),
        (Choice(extension="SCI,2"), "no such extension"),
        (Choice(extension="SCI,x"), "no such extension"),
        (Choice(integration=2), "no such integration"),
        (Choice(stretch="cubic"), "unknown stretch"),
        (Choice(colours="nosuch"), "unknown colour map"),
        (Choice(limits="1"), "LOW,HIGH"),
        (Choice(limits="2,1"), "LOW,HIGH"),
        (Choice(limits="0,nan"), "LOW,HIGH"),
        (Choice(limits="0,101%"), "LOW,HIGH"),
    ],
)
def test_what_is_not_there_is_refused(image, choice, words):
    with pytest.raises((InvalidInput, InvalidOptions), match=words):
        draw(image, "a", choice)


@pytest.mark.parametrize("value", [np.nan, 0.0, 1e30, -1e-30])
def test_image_of_one_value_is_drawn(tmp_path, value):
    data = np.full((5, 7), value, "f4")
    product = Rate(
        sci=data, err=data, dq=np.zeros(data.shape, "u4"), var_poisson=data, var_rnoise=data,
        meta=Meta({}),
    )  # fmt: skip
    path = tmp_path / "a_rate.fits"
    write_product(product, path)
    save(path, tmp_path / "a.png", Choice())
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_large_image_is_averaged(monkeypatch, image):
    monkeypatch.setattr("webbcal.report.view.SIDE", 32)
    figure, _ = draw(image, "a", Choice())
    shown = axes_of(figure).get_images()[0]
    assert shown.get_array().shape == (32, 32)
    assert shown.get_extent() == [-0.5, 95.5, -0.5, 95.5]
