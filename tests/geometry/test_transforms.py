"""The observatory's transforms, read from trees of every age."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import encode, read_tree, render_tree

HEAD = (
    b"#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n"
    b"--- !core/asdf-1.1.0\n"
)
OBSERVATORY = "tag:stsci.edu:jwst_pipeline/"
VERSIONS = ("0.7.0", "1.0.0", "1.1.0", "1.2.0")

# One node of each tag, what goes in and what must come out: worked out by hand.
CASES = {
    "slopes to a direction": (
        "coords",
        "model_type: unitless2directional",
        (3.0, 4.0),
        (3 / 26**0.5, 4 / 26**0.5, 1 / 26**0.5),
    ),
    "old name of it": ("coords", "model_type: to_dircos", (0.0, 1.0), (0, 0.5**0.5, 0.5**0.5)),
    "direction to slopes": (
        "coords",
        "model_type: directional2unitless",
        (0.36, 0.48, 0.8),
        (0.45, 0.6),
    ),
    "rotation": (
        "rotation_sequence",
        "angles: [30.0]\n  axes_order: z",
        (0.6, 0.0, 0.8),
        (0.6 * np.cos(np.pi / 6), -0.3, 0.8),
    ),
    "grating, angle": (
        "grating_equation",
        "groove_density: 1.0e+5\n  order: 2\n  output: angle",
        (1e-6, 0.1, 0.2, 0.0),
        (-0.3, -0.2, (1 - 0.13) ** 0.5),
    ),
    "grating, wavelength": (
        "grating_equation",
        "groove_density: 1.0e+5\n  order: 2\n  output: wavelength",
        (0.1, 0.2, -0.3),
        (1e-6,),
    ),
    "replaced": (
        "logical",
        "condition: LT\n  compareto: 10.0\n  value: -99.0",
        (np.array([5.0, 12.0, np.nan]),),
        (np.array([-99.0, 12.0, np.nan]),),
    ),
    "slice": (
        "miri_ab2slice",
        "beta_zero: -1.775\n  beta_del: 0.177\n  channel: 1",
        (-1.775 + 4 * 0.177,),
        (105,),
    ),
    "prism": (
        "refraction_index_from_prism",
        "prism_angle: 45.0",
        (0.2, 0.1, 0.6),
        ((0.6**2 + 0.2**2 + 0.1**2) ** 0.5,),
    ),
}


def decode(body: str):
    """Return what a tree with one node says."""
    text = HEAD + body.encode() + b"\n...\n"
    return read_tree(text, "a tree")["m"].decode()


def node(tag: str, body: str, version: str) -> str:
    return f"m: !<{OBSERVATORY}{tag}-{version}>\n  {body}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_every_version_computes_what_the_definition_says(case, version):
    tag, body, given, expected = CASES[case]
    found = decode(node(tag, body, version))(*given)
    found = found if isinstance(found, tuple) else (found,)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("case", [*CASES, "snell"])
def test_written_and_read_again_it_is_the_same(case):
    tag, body, *_ = CASES.get(case, ("snell", SNELL))
    model = decode(node(tag, body, "1.0.0"))
    again = read_tree(render_tree(encode({"m": model}), "a tree"), "a tree")["m"]
    assert again.tag == f"{OBSERVATORY}{tag}-1.2.0"
    assert again.decode().set_up_alike(model)


SNELL = (
    "prism_angle: -16.5\n  kcoef: [0.58, 0.46, 3.89]\n  lcoef: [0.00252, 0.01, 1200.6]\n"
    "  tcoef: [-2.66e-5, 0.0, 0.0, 0.0, 0.0, 0.0]\n  ref_temp: 35.0\n  ref_pressure: 0.0\n"
    "  temp: 36.0\n  pressure: 0.0"
)


def test_a_prism_without_an_angle_only_mirrors():
    flat = decode(node("snell", SNELL.replace("-16.5", "0.0"), "1.2.0"))
    found = flat(2e-6, 0.1, 0.02, 0.99)
    np.testing.assert_allclose(found, (-0.1, -0.02, (1 - 0.0104) ** 0.5), atol=1e-15)


def test_a_prism_disperses():
    prism = decode(node("snell", SNELL, "1.2.0"))
    alpha, beta, _ = prism(np.array([1e-6, 2e-6]), np.full(2, 0.1), np.full(2, 0.02), np.ones(2))
    assert alpha[1] > alpha[0] + 1e-3  # of a smaller index: bent less
    np.testing.assert_allclose(beta, -0.02)


@pytest.mark.parametrize(
    ("tag", "body"), [CASES[c][:2] for c in ("direction to slopes", "rotation")]
)
def test_an_inverse_leads_back(tag, body):
    model = decode(node(tag, body, "1.2.0"))
    given = (0.36, 0.48, 0.8)
    found = model(*given)
    np.testing.assert_allclose(model.inverse(*found), given, rtol=1e-14)


def test_what_old_writers_left_out_is_known():
    body = "m: !transform/gnomonic-1.1.0 {}"
    np.testing.assert_allclose(decode(body)(0.0, 0.0)[1], 90.0)
    to_sky = decode("m: !transform/rotate3d-1.2.0 {phi: 80.0, theta: -69.4, psi: 180.0}")
    np.testing.assert_allclose(to_sky(0.0, 90.0), (80.0, -69.4))
    table = decode(
        "m: !transform/tabular-1.1.0\n"
        "  points: [[0.0, 1.0, 2.0]]\n  fill_value: .nan\n"
        "  lookup_table: !core/ndarray-1.0.0 [0.0, 10.0, 30.0]"
    )
    assert table(1.5) == 20.0


def test_an_unknown_transform_is_told():
    with pytest.raises(InvalidInput, match=r"parts of unknown kind.*jwst_pipeline/folding-1.0.0"):
        decode(node("folding", "angle: 3", "1.0.0"))


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("coords", "model_type: sideways"),
        ("grating_equation", "groove_density: 1.0\n  order: 1\n  output: colour"),
        ("grating_equation", "groove_density: 1.0\n  output: angle"),
        ("rotation_sequence", "angles: [1.0]\n  axes_order: w"),
        ("rotation_sequence", "angles: [1.0, 2.0]\n  axes_order: x"),
        ("logical", "condition: GE\n  compareto: 1.0\n  value: 1.0"),
    ],
)
def test_nonsense_is_told_before_it_is_computed(tag, body):
    with pytest.raises(InvalidInput, match="cannot decode the stored object"):
        decode(node(tag, body, "1.2.0"))
