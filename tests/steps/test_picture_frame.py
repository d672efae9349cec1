"""picture_frame subtracts the glow of the edges, and leaves sources alone."""

import functools

import numpy as np
import pytest
from tests.steps.ramps import make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.spec.references import Gain, PictureFrame, ReadNoise
from webbcal.steps.picture_frame import (
    STEP,
    PictureFrameOptions,
    Scene,
    conclude,
    look,
    subtract_picture_frame,
)

SHAPE = (DETECTOR_SIZE, DETECTOR_SIZE)
GLOW = np.array([0.0, 3.0, -2.0])  # of the pattern, by group
SKY = np.array([0.0, 4.0, 6.0])
SECONDS = 2.0


@functools.cache
def pattern():
    place = np.arange(DETECTOR_SIZE)
    depth = np.minimum(place, place[::-1])
    depth = np.minimum(depth[:, None], depth[None, :])
    return np.exp(-depth / 60).astype(np.float32)


def nirspec(sci, **arrays):
    timing = {"exposure__group_time": SECONDS, "exposure__frame_time": SECONDS / 4}
    return make_ramp(sci, instrument__name="NIRSPEC", subarray__name="FULL", **timing, **arrays)


def references(shape=SHAPE, sci=None):
    return (
        PictureFrame(sci=pattern() if sci is None else sci),
        ReadNoise(sci=np.full(shape, 4.0, np.float32)),
        Gain(sci=np.ones(shape, np.float32)),
    )


@functools.cache
def exposure():
    rng = np.random.default_rng(4)
    sci = GLOW[:, None, None] * pattern() + SKY[:, None, None] + rng.normal(0, 2, (3, *SHAPE))
    sci[:, 800:900, 300:1700] += 500 * np.arange(3)[:, None, None]  # spectra
    return sci.astype(np.float32)[None]


def run(ramp, **options):
    options = {"mask_science_regions": False} | options
    return subtract_picture_frame(ramp, *references(), PictureFrameOptions(**options))


def test_pattern_and_background_are_removed_and_sources_stay():
    sci = exposure()
    result = run(nirspec(sci), save_mask=True, save_correction=True)
    model = GLOW[:, None, None] * pattern() + SKY[:, None, None]
    # The mask, cut at +2 sigma, is made of the same noise: faint pixels are favoured by 0.05 sigma.
    assert np.abs(result.thermal_pattern[0] - model).max() < 0.25
    np.testing.assert_allclose(result.sci + result.thermal_pattern, sci, atol=1e-3)
    np.testing.assert_array_equal(result.sci[:, 0], sci[:, 0])
    assert result.thermal_mask[820, 400] == 0
    assert result.thermal_mask.mean() > 0.9
    assert STEP.products["pctfrm_mask"](result).sci[820, 400] == 0
    assert STEP.products["pctfrm_correction"](result).sci.shape == sci.shape
    plain = run(nirspec(sci))
    assert STEP.products["pctfrm_mask"](plain) is None
    assert STEP.products["pctfrm_correction"](plain) is None


def test_nan_tells_nothing():
    sci = exposure().copy()
    sci[0, 2, 1::4] = np.nan
    result = run(nirspec(sci))
    assert np.isnan(result.sci[0, 2, 1::4]).all()
    assert abs(np.median(result.sci[0, 2, ::2])) < 0.25


def test_flags_raised_by_the_glow_do_not_dim_it():
    flags = np.zeros(exposure().shape, np.uint8)
    flags[0, 1, pattern() > 0.6] = DQ.JUMP_DET
    mask = np.ones(SHAPE, np.bool_)
    mask[800:900, 300:1700] = False
    options = PictureFrameOptions(mask_science_regions=False, save_correction=True)
    ramp = nirspec(exposure(), groupdq=flags)
    result = subtract_picture_frame(ramp, *references(), options, Scene(mask))
    model = GLOW[:, None, None] * pattern() + SKY[:, None, None]
    # Noise moves the median of the edges, which glow unevenly, by 0.1 DN. Without their brighter
    # part 0.7 DN of the 3 at the very edge would be left.
    assert np.abs(result.thermal_pattern[0] - model).max() < 0.2


def test_cosmic_rays_hardly_move_the_level():
    sci = exposure().copy()
    hit = np.random.default_rng(6).random(SHAPE) < 0.02
    sci[0, 1:, hit] += 2000
    flags = np.zeros(sci.shape, np.uint8)
    flags[0, 1, hit] = DQ.JUMP_DET
    result, calm = (
        run(nirspec(signal, groupdq=flags), save_correction=True).thermal_pattern
        for signal in (sci, exposure())
    )
    # Half of 2 % of the ranks, where the density is that of noise of 2 sqrt(2) DN.
    assert np.abs(result - calm).max() < 2 * 0.01 * np.sqrt(2 * np.pi) * 2 * np.sqrt(2)


def test_windows_of_the_survey_give_the_draft_of_the_whole():
    from webbcal.spec.window import Window

    ramp, options = nirspec(exposure()), PictureFrameOptions(mask_science_regions=False)
    whole = look(ramp, *references(), options)["rate"]
    window = Window(500, 520, 7, 2000, SHAPE)
    part = look(ramp.cut(window), *(r.cut(window) for r in references()), options)["rate"]
    np.testing.assert_array_equal(part, whole[window.rows, window.columns])
    # The mean slope of a source over three groups.
    source = np.median(whole[800:900, 300:1700])
    assert source == pytest.approx((500 + SKY[2] / 2) / SECONDS, abs=0.25)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instrument.name": "NIRISS"}, "full frames of NIRSpec"),
        ({"subarray.name": "SUB512"}, "full frames of NIRSpec"),
        ({"groups": 1}, "one group"),
        ({"pattern": None}, "no pattern"),
        ({"mask_science_regions": True}, "mask_science_regions=false"),
    ],
)
def test_what_cannot_be_done_is_told(change, reason):
    ramp = nirspec(np.zeros((1, change.get("groups", 3), 4, 4)))
    meta = {path: value for path, value in change.items() if "." in path}
    ramp = ramp.with_changes(meta=ramp.meta.replace(meta))
    options = PictureFrameOptions(mask_science_regions=change.get("mask_science_regions", False))
    frame, *others = references((4, 4), np.ones((4, 4), np.float32))
    with pytest.raises(CannotCalibrate, match=reason):
        subtract_picture_frame(ramp, None if "pattern" in change else frame, *others, options)


def test_nothing_is_stored_where_it_cannot_be_done():
    meta = nirspec(np.zeros((1, 3, 4, 4))).meta
    told, untold = (PictureFrameOptions(mask_science_regions=on) for on in (False, True))
    assert STEP.frames.wanted(told, meta)
    assert not STEP.frames.wanted(untold, meta)
    assert not STEP.survey.wanted(untold, meta)
    assert not STEP.frames.wanted(told, meta.replace({"subarray.name": "SUB512"}))


def test_frames_without_background_or_contrast_are_told():
    options = PictureFrameOptions(mask_science_regions=False)
    rate, meta = np.full(SHAPE, np.nan, np.float32), nirspec(np.zeros((1, 1, 4, 4))).meta
    with pytest.raises(CannotCalibrate, match="no background"):
        conclude({"rate": rate}, meta, *references(), options)
    with pytest.raises(CannotCalibrate, match="full frames"):
        conclude({"rate": rate[:4]}, meta, *references(), options)
    with pytest.raises(CannotCalibrate, match="same at edges"):
        subtract_picture_frame(
            nirspec(exposure()[:, :2]),
            *references(sci=np.ones(SHAPE, np.float32)),
            options,
            Scene(np.ones(SHAPE, np.bool_)),
        )
