"""What old writers did otherwise."""

import pytest

from webbcal.io.old_tags import left_out, upgraded

CORE, TRANSFORM = "tag:stsci.edu:asdf/core/", "tag:stsci.edu:asdf/transform/"


def test_only_tags_whose_content_is_the_same_are_upgraded():
    assert upgraded(CORE + "ndarray-1.0.0") == CORE + "ndarray-1.1.0"
    for tag in (CORE + "ndarray-1.1.0", CORE + "complex-1.0.0", TRANSFORM + "shift-1.0.0"):
        assert upgraded(tag) == tag


@pytest.mark.parametrize("version", ["1.0.0", "1.2.0", "1.5.0"])
def test_defaults_are_known_by_tag_whatever_the_version(version):
    assert left_out(f"{TRANSFORM}gnomonic-{version}") == {"direction": "pix2sky"}
    assert left_out(f"{TRANSFORM}rotate3d-{version}") == {"direction": "native2celestial"}
    assert left_out(f"{TRANSFORM}shift-{version}") == {}
    assert left_out(f"tag:example.org:gnomonic-{version}") == {}
