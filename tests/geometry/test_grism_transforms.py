"""Dispersion by grisms: what is sent to the spectrum comes back with its wavelength."""

import numpy as np
import pytest
from tests.geometry.test_transforms import decode, node

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import encode, read_tree, render_tree


def line(*coefficients: float) -> str:
    """Return a polynomial of one variable."""
    return f"!transform/polynomial-1.2.0 {{coefficients: !core/ndarray-1.0.0 {list(coefficients)}}}"


def plane(constant: float, x: float, y: float) -> str:
    """Return a polynomial of x and y."""
    numbers = [[constant, y], [x, 0.0]]
    return f"!transform/polynomial-1.2.0 {{coefficients: !core/ndarray-1.0.0 {numbers}}}"


# 1000 pixels of trace, which bends and depends on the place of the source; 2.4 to 4 um.
TRACE = f"[{plane(-500.0, 0.01, 0.02)}, {plane(1000.0, 0.02, 0.0)}, {plane(20.0, 0.0, 0.001)}]"
ACROSS = f"[{plane(3.0, 0.0, 0.001)}, {plane(-2.0, 0.0, 0.0)}]"


def grism(instrument: str, kind: str, xmodel: str, ymodel: str, lmodel: str, more: str = "") -> str:
    return (
        f"orders: [1]\n  xmodels: [{xmodel}]\n  ymodels: [{ymodel}]\n  lmodels: [{lmodel}]\n"
        f"  model_type: {kind}\n  {more}"
    )


WAVELENGTH = line(2.4, 1.6)


def nircam(kind, lmodel=WAVELENGTH, xmodel=TRACE, ymodel=ACROSS):
    body = grism("nircam", f"NIRCAM{kind}GrismDispersion", xmodel, ymodel, lmodel)
    return decode(node("nircam_grism_dispersion", body, "1.1.0"))


@pytest.mark.parametrize("wavelength", [2.5, 3.3, 3.9])
@pytest.mark.parametrize("lmodel", [WAVELENGTH, f"[{plane(2.4, 1e-5, 0)}, {plane(1.6, 0, 0)}]"])
def test_nircam_there_and_back(wavelength, lmodel):
    x, y, x0, y0, order = nircam("Backward", lmodel)(1000.0, 500.0, wavelength, 1.0)
    assert (x0, y0, order) == (1000.0, 500.0, 1.0)
    found = nircam("ForwardRow", lmodel)(x, y, x0, y0, order)
    assert found[:2] == (1000.0, 500.0)
    # The trace is sampled at 40 points: it bends by 20 (1 / 39)^2 / 4 pixels between them.
    assert found[2] == pytest.approx(wavelength, abs=1.6 * 20 / 39**2 / 1000)


def test_nircam_rows_and_columns_are_the_same_but_for_the_axis():
    rows = nircam("ForwardRow")(1100.0, 500.0, 1000.0, 500.0, 1.0)
    columns = nircam("ForwardColumn", xmodel=ACROSS, ymodel=TRACE)
    assert columns(1000.0, 600.0, 1000.0, 500.0, 1.0)[2] == rows[2]


def test_nircam_sources_have_their_own_traces():
    forward = nircam("ForwardRow")
    both = forward([1100.0, 900.0], [500.0, 40.0], [1000.0, 800.0], [500.0, 50.0], [1.0, 1.0])
    for i, given in enumerate([(1100.0, 500.0, 1000.0, 500.0), (900.0, 40.0, 800.0, 50.0)]):
        assert both[2][i] == forward(*given, 1.0)[2]


def test_beyond_the_ends_the_trace_stops():
    forward = nircam("ForwardRow")
    assert forward(4000.0, 500.0, 1000.0, 500.0, 1.0)[2] == pytest.approx(4.0)
    assert forward(-900.0, 500.0, 1000.0, 500.0, 1.0)[2] == pytest.approx(2.4)


@pytest.mark.parametrize(
    ("tag", "version", "kinds", "turn"),
    [
        ("niriss", "0.7.0", "NIRISS{}GrismDispersion", "theta: 1.5"),
        ("niriss", "1.2.0", "NIRISS{}GrismDispersion", "theta: -30.0"),
        ("miri", "1.0.0", "MIRIWFSS{}Dispersion", ""),
    ],
)
def test_a_turned_grism_there_and_back(tag, version, kinds, turn):
    name = f"{tag}_grism_dispersion" if tag == "niriss" else "miri_wfss_dispersion"
    straight = f"[{plane(-150.0, 0.0, 0.01)}, {plane(300.0, 0.0, 0.0)}]"
    sideways = "ForwardColumn" if tag == "niriss" else "Forward"

    def made(kind, lmodel):
        body = grism(tag, kinds.format(kind), ACROSS, straight, lmodel, turn)
        return decode(node(name, body, version))

    to_spectrum, to_image = made("Backward", line(-3.4, 2.0)), made(sideways, line(1.7, 0.5))
    x, y, x0, y0, order = to_spectrum(1000.0, 500.0, 1.9, 1.0)
    assert to_image(x, y, x0, y0, order)[2] == pytest.approx(1.9, abs=1e-12)
    angle = np.deg2rad(float(turn.removeprefix("theta:") or 0.0))
    shift = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)  # back across the trace
    assert shift == pytest.approx(3.0 + 0.5 - 2.0 * 0.4)


def test_the_name_of_the_class_in_old_files():
    body = grism("nircam", "NIRCAMBackwardGrismDispersion", TRACE, ACROSS, WAVELENGTH)
    old = decode(node("nircam_grism_dispersion", body.replace("model_type", "class_name"), "0.7.0"))
    given = 1000.0, 500.0, 3.3, 1.0
    assert old(*given) == nircam("Backward")(*given)
    again = read_tree(render_tree(encode({"m": old}), "a tree"), "a tree")["m"]
    assert again.tag.endswith("nircam_grism_dispersion-1.2.0")
    assert again.decode()(*given) == old(*given)


def test_what_does_not_exist_is_told():
    with pytest.raises(ValueError, match="wavelength is negative"):
        nircam("Backward")(1000.0, 500.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="no spectral order 2"):
        nircam("Backward")(1000.0, 500.0, 3.0, 2.0)
    with pytest.raises(InvalidInput, match="cannot decode"):
        nircam("Sideways")
