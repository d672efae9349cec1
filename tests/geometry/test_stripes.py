"""Stripes lie where the keywords say, in the order of the image."""

import numpy as np
import pytest

from webbcal.core.errors import InvalidProduct
from webbcal.geometry.stripes import Stripes, runs
from webbcal.spec.meta import Meta


def stripes_of(**subarray):
    known = {"fastaxis": -1, "slowaxis": 2, "xsize": 2048, "ysize": 164, "xstart": 1, "ystart": 1}
    return Stripes.of(Meta({"subarray": known | subarray}))


def keywords(reads1, skips1, reads2, skips2, repeat=0, interleave=0, **more):
    return {
        "multistripe_reads1": reads1,
        "multistripe_skips1": skips1,
        "multistripe_reads2": reads2,
        "multistripe_skips2": skips2,
        "repeat_stripe": repeat,
        "interleave_reads1": interleave,
        **more,
    }


def spans(place):
    return [(part.start, part.stop - 1) for part in runs(place)]


def test_four_stripes_each_with_its_reference_row():
    stripes = stripes_of(**keywords(1, 100, 40, 200, 1, 1))
    expected = [(0, 0), (101, 140), (0, 0), (341, 380), (0, 0), (581, 620), (0, 0), (821, 860)]
    assert spans(stripes.place) == expected
    assert stripes.stripe.tolist() == sorted([0, 1, 2, 3] * 41)
    assert stripes.reference.sum() == 4
    assert stripes.lines == 164


def test_a_mirrored_image_has_them_in_reverse_from_the_other_edge():
    stripes = stripes_of(slowaxis=-2, **keywords(1, 100, 40, 200, 1, 1))
    assert spans(stripes.place)[:2] == [(1187, 1226), (2047, 2047)]
    assert stripes.stripe[0] == 3


def test_without_return_the_reference_lines_are_read_once():
    stripes = stripes_of(ysize=161, **keywords(1, 100, 40, 200))
    assert spans(stripes.place) == [(0, 0), (101, 140), (341, 380), (581, 620), (821, 860)]
    assert (stripes.stripe == 0).all()


def test_without_interleave_the_same_stripe_is_read_again():
    stripes = stripes_of(ysize=82, **keywords(1, 100, 40, 200, 1))
    assert spans(stripes.place) == [(0, 0), (101, 140)] * 2


def soss(**subarray):
    return stripes_of(fastaxis=-2, slowaxis=-1, xsize=208, ysize=256, **subarray)


def test_superstripes_cover_the_detector():
    stripes = soss(**keywords(4, 0, 204, 0, superstripe_step=204, num_superstripe=10))
    assert stripes.place.size == 10 * 208
    assert spans(stripes.place[:208]) == [(1840, 2047)]
    assert spans(stripes.place[208:416]) == [(1636, 1839), (2044, 2047)]
    seen = np.sort(stripes.place[~stripes.reference])
    np.testing.assert_array_equal(seen, np.arange(4, 2044))


def test_a_stripe_that_a_frame_repeats_is_in_the_stack_once():
    more = {"superstripe_step": 17, "num_superstripe": 120}
    stripes = stripes_of(
        fastaxis=-2, slowaxis=-1, xsize=63, ysize=256, **keywords(4, 0, 17, 0, 1, **more)
    )
    assert stripes.repeats == 3
    assert stripes.lines == 21
    assert np.unique(stripes.place[~stripes.reference]).size == 2040


def test_ordinary_exposures_have_none_and_nonsense_is_refused():
    assert stripes_of() is None
    assert stripes_of(multistripe_reads1=0, multistripe_reads2=0) is None
    with pytest.raises(InvalidProduct, match="do not fill"):
        stripes_of(ysize=160, **keywords(1, 100, 40, 200, 1, 1))
    with pytest.raises(InvalidProduct, match="leave the detector"):
        stripes_of(**keywords(1, 1300, 40, 200, 1, 1))
