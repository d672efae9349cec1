"""refpix takes the noise out of frames with interleaved reference pixels, and the pixels too."""

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.naive import irs2 as naive
from tests.steps.ramps import make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidProduct, InvalidReference, MissingReference
from webbcal.geometry.irs2 import (
    FRAME,
    OUTPUTS,
    SAMPLES,
    SECTOR,
    Layout,
    is_reference_position,
    reference_positions,
    sample_of_position,
)
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.kernels.irs2 import fill_missing
from webbcal.spec.references import ReferencePixelFilters
from webbcal.steps.refpix import STEP, RefpixOptions
from webbcal.steps.refpix.irs2 import Carried, subtract_interleaved
from webbcal.steps.refpix.irs2_filter import LENGTH, LINES, PASS, TAPER, NoiseFilter
from webbcal.steps.refpix.irs2_pixels import deviant_rows, listed_rows, stand_ins

NONE = np.zeros((OUTPUTS, SECTOR), np.bool_)
OFF = {"ovr_corr_mitigation_ftr": 1e9}


def table(alpha=0.0, beta=0.0):
    """Return a reference whose filters are the same for all amplifiers; complex, by frequency."""
    names = [f"{name}_{k}" for name in ("alpha", "beta") for k in range(4)]
    filters = np.zeros(2 * LENGTH, [(name, "f4") for name in names])
    for name in names:
        values = np.broadcast_to(alpha if name.startswith("alpha") else beta, LENGTH)
        filters[name][0::2], filters[name][1::2] = np.real(values), np.imag(values)
    return ReferencePixelFilters(filters=filters)


def ramp_of(sci, detector="NRS1", **arrays):
    fast, slow = (2, 1) if detector == "NRS1" else (-2, -1)
    place = {"subarray__fastaxis": fast, "subarray__slowaxis": slow}
    return make_ramp(sci, exposure__readpatt="NRSIRS2RAPID", **place, **arrays)


@functools.cache
def nothing():
    """Return prepared filters that predict nothing."""
    return NoiseFilter.of(table())


def run(ramp, filters=None, carried=None, **options):
    reference = table() if filters is None else filters
    if filters is None:
        carried = Carried(nothing(), NONE) if carried is None else carried
    return subtract_interleaved(ramp, reference, RefpixOptions(**(OFF | options)), carried=carried)


def test_only_exposures_with_interleaved_pixels_are_meant():
    assert STEP.frames.wanted(RefpixOptions(), ramp_of(np.zeros((1, 1, 4, 4))).meta)
    assert not STEP.frames.wanted(RefpixOptions(), make_ramp(np.zeros((1, 1, 4, 4))).meta)


def test_filters_are_those_of_a_transform_of_the_whole_series():
    rng = np.random.default_rng(3)
    frequency = np.fft.fftfreq(LENGTH)
    alpha = 0.5 * np.exp(-((frequency * 40) ** 2) - 2j * np.pi * frequency)
    beta = (0.6 + 0.2j) * np.exp(-((frequency * 30) ** 2))
    filters = NoiseFilter.of(table(alpha, beta))
    sample = sample_of_position()
    output = np.full((SAMPLES, LINES), np.nan, np.float32)
    output[sample] = rng.normal(0, 10, (sample.size, LINES))
    pixels = rng.normal(0, 10, (128, LINES)).astype(np.float32)
    spectrum = filters.reference_spectrum(output)
    found = filters.prediction(2, pixels, spectrum, sample)

    filled = np.empty_like(output)
    fill_missing(output, np.cos(np.pi * np.arange(-15, 16) / 32), filled)
    read = np.zeros((SAMPLES, LINES))
    read[sample[is_reference_position()]] = pixels
    visits = sample[reference_positions()]
    pairs = [
        (p + shift, p + source)
        for p in visits[:, 0]
        for shift, source in zip(range(-2, 6), (0, 2, 0, 2, 1, 3, 1, 3), strict=True)
    ]
    places = np.arange(LINES) * SAMPLES
    pairs = [(target + places, source + places) for target, source in pairs]
    slow = np.minimum(np.arange(LENGTH), LENGTH - np.arange(LENGTH))
    tapers = [np.clip((f - PASS) / TAPER, 0, 1) for f in (slow, LENGTH // 2 - 1 - slow)]
    low_pass = sum(0.5 + 0.5 * np.cos(np.pi * taper) for taper in tapers)
    seen = np.isin(np.arange(SAMPLES), sample[~is_reference_position()])
    expected = naive.prediction(
        filled.T.ravel().astype(float),
        read.T.ravel(),
        alpha,
        beta,
        low_pass,
        pairs,
        np.tile(~seen, LINES),
    )
    expected = expected.reshape(LINES, SAMPLES).T[sample]
    # float32 transforms of values of a few tens
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_what_all_outputs_share_is_removed_exactly(detector):
    # The reference output alone, all frequencies: amplifiers that read the same keep the pixels.
    rng = np.random.default_rng(2)
    layout = Layout(detector == "NRS2")
    noise = rng.normal(0, 20, (2, 640, LINES)).astype(np.float32)
    noise -= noise.mean(axis=0)
    sky = np.array([0, 50], np.float32)[:, None, None]
    frames = np.empty((2, *FRAME), np.float32)
    for output in range(5):
        rows = layout.rows(output)
        frames[:, rows] = (noise if detector == "NRS1" else noise[..., ::-1]) + 1000
        normal = rows[~is_reference_position()]
        if output:
            frames[:, normal, 4:-4] += sky
    (result, carried) = run(ramp_of(frames[None], detector), table(alpha=1.0))
    assert result.sci.shape == (1, 2, LINES, LINES)
    assert result.pixeldq.shape == (LINES, LINES)
    assert result.groupdq.shape == result.sci.shape
    left = result.sci[0, :, :, 4:-4] - sky - 1000
    # What is left is the drift fitted to the reference pixels: the mean of 5120 values.
    assert np.abs(left).max() < 6 * 20 / np.sqrt(5120)
    assert carried.filters is not None


@pytest.mark.parametrize("detector", ["NRS1", "NRS2"])
def test_a_sample_that_equals_its_mean_is_a_measurement(detector):
    # Whole numbers of three groups: a third of the means are whole, and some samples equal them.
    rng = np.random.default_rng(11)
    layout = Layout(detector == "NRS2")
    noise = np.rint(rng.normal(0, 3, (3, 640, LINES))).astype(np.float32)
    noise += np.array([8, 0, -8], np.float32)[:, None, None]
    frames = np.empty((3, *FRAME), np.float32)
    for output in range(5):
        frames[:, layout.rows(output)] = noise if detector == "NRS1" else noise[..., ::-1]
    ramp, carried = ramp_of(frames[None], detector), Carried(NoiseFilter.of(table(alpha=1.0)), NONE)
    measured, _ = run(ramp, table(), carried=carried)
    missing, _ = run(ramp, table(), carried=carried, irs2_zeros="missing")
    mean = frames[:, layout.science_rows()].mean(axis=0, dtype=np.float64)
    # What is left is what varies between groups of the drift at the edges: the mean of 5120 values.
    assert np.abs(measured.sci[0] - mean).max() < 6 * 3 / np.sqrt(5120)
    # In the middle group 5 % are at the mean; each is taken for the mean of its neighbours.
    assert 0.03 < (np.abs(missing.sci[0, 1] - mean) > 0.1).mean() < 0.06
    # Pixels at their mean keep the drift, of 8 DN in the first group.
    kept = run(ramp, irs2_zeros="missing")[0].sci[0, 0] - run(ramp)[0].sci[0, 0]
    at_mean = (frames[0, layout.science_rows()] - mean).astype(np.float32) == 0
    assert at_mean.sum() > 1000
    np.testing.assert_allclose(kept[at_mean], 8, atol=0.5)
    assert np.abs(kept[~at_mean]).max() < 0.2


def test_bits_do_not_depend_on_threads_nor_on_the_layout_in_memory():
    sci = np.random.default_rng(5).normal(1000, 10, (1, 2, *FRAME)).astype(np.float32)
    ramp = ramp_of(sci)
    filters = NoiseFilter.of(table(alpha=0.3, beta=0.9))
    carried = Carried(filters, NONE)
    one, _ = run(ramp, table(), carried=carried)
    with ThreadPoolExecutor(3) as pool:
        other, _ = subtract_interleaved(
            ramp, table(), RefpixOptions(**OFF), carried=carried, parallel=pool.map
        )
    np.testing.assert_array_equal(one.sci, other.sci)
    np.testing.assert_array_equal(ramp.sci, sci)


def test_reference_pixels_may_be_kept_and_flags_are_those_of_all_integrations():
    sci = np.random.default_rng(6).normal(1000, 10, (1, 2, *FRAME)).astype(np.float32)
    sci[..., 640 + 30, :] += 300  # a reference pixel unlike its neighbour
    kept, carried = run(ramp_of(sci), preserve_irs2_refpix=True, ovr_corr_mitigation_ftr=5.0)
    assert kept.sci.shape == sci.shape
    flags = kept.pixeldq & np.uint32(DQ.BAD_REF_PIXEL | DQ.DO_NOT_USE)
    assert np.flatnonzero(flags.any(axis=1)).tolist() == [640 + 30, 640 + 31]
    good = np.random.default_rng(7).normal(1000, 10, (1, 2, *FRAME)).astype(np.float32)
    later, _ = run(ramp_of(good), carried=carried, preserve_irs2_refpix=True)
    np.testing.assert_array_equal(later.pixeldq, kept.pixeldq)


def test_levels_of_the_outputs_are_subtracted_if_asked():
    sci = np.random.default_rng(8).normal(1000, 3, (1, 2, *FRAME)).astype(np.float32)
    odd = np.arange(640) % 2 == 1
    rows = Layout(False).rows(1)
    sci[0, 1, rows[odd & ~is_reference_position()]] += 40
    sci[0, 1, rows[reference_positions()[:, 2:].ravel()]] += 40  # they read like odd pixels
    result, _ = run(ramp_of(sci), irs2_mean_subtraction=True)
    gain = np.diff(result.sci[0], axis=0)[0, :512]
    assert abs(np.median(gain[0::2]) - np.median(gain[1::2])) < 0.5
    without, _ = run(ramp_of(sci))
    gain = np.diff(without.sci[0], axis=0)[0, :512]
    assert abs(np.median(gain[0::2]) - np.median(gain[1::2])) > 30


def test_levels_are_those_of_reference_pixels_that_do_not_deviate():
    rng = np.random.default_rng(8)
    sci = rng.normal(1000, 3, (1, 2, *FRAME)).astype(np.float32)
    bad = sci.copy()
    bad[:, :, Layout(False).rows(2)[reference_positions()[3, :2]]] += 6  # too little to be clipped
    options = {"irs2_mean_subtraction": True, "ovr_corr_mitigation_ftr": 5.0}
    result, carried = run(ramp_of(bad), **options)
    assert np.flatnonzero(carried.deviant[2]).size == 2
    expected, _ = run(ramp_of(sci), **options)
    change = np.median((result.sci - expected.sci)[0, :, 512:1024], axis=-1)
    assert np.abs(change).max() < 0.015


def test_zero_frames_are_corrected_like_groups():
    sci = np.random.default_rng(9).normal(1000, 10, (1, 2, *FRAME)).astype(np.float32)
    zeroframe = sci[:, 0].copy()
    row = int(Layout(False).science_rows()[5])
    zeroframe[0, row, 100] = 0
    result, _ = run(ramp_of(sci, zeroframe=zeroframe))
    assert result.zeroframe[0, 5, 100] == 0
    expected = result.sci[:, 0].copy()
    expected[0, 5, 100] = 0
    np.testing.assert_allclose(result.zeroframe, expected, atol=1e-3)


def test_pairs_that_stand_out_are_found_by_each_statistic():
    rng = np.random.default_rng(1)
    outputs = rng.normal(1000, 5, (5, 3, 128, 200))
    outputs[0, :, 6] += 50  # difference
    outputs[1, :, 10:12] += 50  # mean
    outputs[2, :, 20:22] += rng.normal(0, 50, (3, 2, 200))  # scatter
    bad = deviant_rows(iter(outputs), 6.0)
    places = np.flatnonzero(is_reference_position())
    found = [np.searchsorted(places, np.flatnonzero(marks)).tolist() for marks in bad]
    assert found == [[6, 7], [10, 11], [20, 21], [], []]


def test_others_stand_in_for_bad_pixels():
    bad = np.zeros(640, bool)
    bad[[8, 48, 128, 108, 88, 208, 228, 188, 210]] = True
    assert stand_ins(bad) == {
        8: [28],  # first visit
        48: [28, 68],
        88: [68],
        108: [110],  # both neighbours are bad, too
        128: [148],
        188: [168],
        208: [],  # nothing is left that reads alike
        210: [190, 230],
        228: [248],
    }


def test_pixels_that_the_file_lists_are_bad():
    kinds = [("OUTPUT", "u2"), ("ODD_EVEN", "u2"), ("MASK", "u4")]
    rows = np.array([(1, 1, 1 << 3), (4, 2, 1), (0, 1, 0xFFFF)], kinds)
    bad = listed_rows(replace(table(), bad_pixels=rows))
    assert [np.flatnonzero(marks).tolist() for marks in bad] == [[], [68, 69], [], [], [630, 631]]
    assert not listed_rows(table()).any()


def test_filters_are_the_same_from_a_file(tmp_path):
    rng = np.random.default_rng(4)
    given = table(rng.normal(size=LENGTH) + 1j * rng.normal(size=LENGTH), rng.normal(size=LENGTH))
    path = tmp_path / "filters.fits"
    write_product(given, path)
    stored = open_product(path, ReferencePixelFilters)
    found, expected = NoiseFilter.of(stored), NoiseFilter.of(given)
    np.testing.assert_array_equal(found.reference_output, expected.reference_output)
    np.testing.assert_array_equal(found.reference_pixels, expected.reference_pixels)
    assert "filters" not in vars(stored)  # as large as many frames


def test_wrong_frames_and_filters_are_told():
    ramp = ramp_of(np.zeros((1, 2, 30, 30)))
    with pytest.raises(MissingReference, match="refpix"):
        subtract_interleaved(ramp, None, RefpixOptions())
    with pytest.raises(InvalidProduct, match="IRS2"):
        subtract_interleaved(ramp, table(), RefpixOptions())
    with pytest.raises(InvalidReference, match="length"):
        NoiseFilter.of(ReferencePixelFilters(filters=table().filters[:100]))
