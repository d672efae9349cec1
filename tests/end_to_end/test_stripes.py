"""Exposures in stripes, from raw files to rates on the detector."""

from pathlib import Path

import numpy as np
import pytest

import webbcal
from webbcal.core.errors import CannotCalibrate, InvalidOptions
from webbcal.geometry.stripes import Stripes
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.sim import ImageSimulation, read_truth, simulate_files
from webbcal.spec.products import Uncal
from webbcal.spec.references import REFERENCES

ROWS, STRIPES, EACH = 24, 10, 204
LAYOUT = {
    "multistripe_reads1": 4,
    "multistripe_skips1": 0,
    "multistripe_reads2": EACH,
    "multistripe_skips2": 0,
    "repeat_stripe": 0,
    "interleave_reads1": 0,
    "superstripe_step": EACH,
    "num_superstripe": STRIPES,
}
WHOLE = ImageSimulation(
    detector="NIS",
    subarray=f"{ROWS}x2048",
    x_start=1,
    y_start=1001,
    ngroups=5,
    nints=2 * STRIPES,
    stars=0,
    sky=3000.0,
    cosmic_rays=0.0,
    snowballs=0.0,
    hot_pixels=False,
    one_over_f=False,
)


def cut_into_stripes(whole: Uncal, layout: dict[str, int], lines: int) -> Uncal:
    """Return what an exposure in stripes would have read of each integration."""
    meta = whole.meta.replace(
        {f"subarray.{name}": value for name, value in layout.items()}
        | {"subarray.xsize": lines, "subarray.name": "STRIPES", "instrument.filter": "CLEAR"}
    )
    stripes = Stripes.of(meta)
    count = max(stripes.superstripes, 1)
    place = stripes.place.reshape(count, lines)
    sci = np.stack([frame[..., place[k % count]] for k, frame in enumerate(whole.sci)])
    return Uncal(sci=sci, meta=meta, int_times=whole.int_times, group=whole.group)


def run(uncal: Uncal, files, folder: Path, **options):
    path = folder / "stripes_uncal.fits"
    write_product(uncal, path)
    references = dict.fromkeys(REFERENCES) | dict(files.references)
    (outcome,) = webbcal.run(
        path,
        output_dir=folder,
        references=references,
        reference_folder=files.crds,
        threads=2,
        options=options,
    )
    if outcome.error is not None:
        raise outcome.error
    return {suffix: webbcal.open(product) for suffix, product in outcome.outputs.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return simulate_files(WHOLE, tmp_path_factory.mktemp("whole"), seed=4)


def test_superstripes_are_put_together_on_the_detector(files, tmp_path):
    truth = read_truth(files.truths[0]).rate
    whole = open_product(files.exposures[0])
    products = run(cut_into_stripes(whole, LAYOUT, EACH + 4), files, tmp_path)
    rates = products["rateints"]
    assert rates.sci.shape == (2, ROWS, 2048)
    assert rates.meta.exposure.nints == 2
    assert rates.meta.subarray.xsize == 2048
    assert rates.meta.subarray.num_superstripe is None
    assert rates.int_times["integration_number"].tolist() == [1, 2]
    assert rates.int_times["int_end_MJD_UTC"][0] == whole.int_times["int_end_MJD_UTC"][9]
    read = np.zeros(2048, bool)
    read[4:2044] = True
    assert np.isnan(rates.sci[:, :, ~read]).all()
    good = (products["rate"].dq == 0) & (truth > 0)
    assert good[:, read].mean() > 0.9
    pull = ((products["rate"].sci - truth) / products["rate"].err)[good]
    assert abs(np.median(pull)) < 0.05
    assert pull.std() == pytest.approx(1.0, abs=0.05)


def test_superstripes_that_stay_apart_are_refused(files, tmp_path):
    uncal = cut_into_stripes(open_product(files.exposures[0]), LAYOUT, EACH + 4)
    with pytest.raises(InvalidOptions, match="linearity cannot run: superstripes stay"):
        run(uncal, files, tmp_path, refpix={"skip": True})
    # Without a line of reference pixels, the step cannot do its work.
    blind = LAYOUT | {"multistripe_reads1": 0, "multistripe_skips1": 4}
    uncal = cut_into_stripes(open_product(files.exposures[0]), blind, EACH)
    with pytest.raises(CannotCalibrate, match="reference pixels"):
        run(uncal, files, tmp_path)


def test_each_stripe_of_a_frame_has_its_own_level(files, tmp_path):
    layout = LAYOUT | {
        "multistripe_skips1": 100,
        "multistripe_skips2": 300,
        "multistripe_reads2": 40,
        "repeat_stripe": 1,
        "interleave_reads1": 1,
        "superstripe_step": 0,
        "num_superstripe": 0,
    }
    uncal = cut_into_stripes(open_product(files.exposures[0]), layout, 176)
    stripes = Stripes.of(uncal.meta)
    truth = read_truth(files.truths[0]).rate[:, stripes.place]
    # A level of each stripe and kind of column in every group, which its reference pixels show.
    levels = np.random.default_rng(1).integers(-60, 60, (*uncal.sci.shape[:2], 4, 2))
    odd = np.arange(ROWS) % 2
    add = levels[..., stripes.stripe, :][..., odd].swapaxes(-1, -2)
    drifting = Uncal(
        sci=(uncal.sci + add).astype(np.uint16), meta=uncal.meta, int_times=uncal.int_times
    )
    rate = run(drifting, files, tmp_path)["rate"]
    assert rate.sci.shape == (ROWS, 176)
    good = (rate.dq == 0) & (truth > 0)
    pull = ((rate.sci - truth) / rate.err)[good]
    assert abs(np.median(pull)) < 0.15
    assert pull.std() < 1.2


def test_repeated_readings_of_a_stripe_are_groups_at_their_own_times(files, tmp_path):
    layout = LAYOUT | {
        "multistripe_reads2": 17,
        "superstripe_step": 17,
        "num_superstripe": 120,
        "repeat_stripe": 1,
    }
    rate, level, repeats, groups = 900.0, 2000, 2, 3
    whole = open_product(files.exposures[0])
    frame, lines = 2.0, 21 * repeats
    # In the order of reading, stored from the other edge: the last reading comes first.
    read = np.repeat([2 + 21, 2 + 42], 21)[::-1] / (lines + 2) * frame
    times = read + frame * np.arange(groups)[:, np.newaxis]
    reference = np.tile(np.arange(21) >= 17, repeats)
    ramp = np.where(reference, level, level + np.rint(rate * times))
    sci = np.broadcast_to(ramp[:, np.newaxis, :], (120, groups, ROWS, lines)).astype(np.uint16)
    exposure = {"nints": 120, "ngroups": groups, "frame_time": frame, "group_time": frame}
    subarray = layout | {"xsize": lines, "name": "STRIPES"}
    meta = whole.meta.replace(
        {f"exposure.{name}": value for name, value in exposure.items()}
        | {f"subarray.{name}": value for name, value in subarray.items()}
    )
    path = tmp_path / "repeated_uncal.fits"
    write_product(Uncal(sci=sci, meta=meta), path)
    (outcome,) = webbcal.run(
        path,
        output_dir=tmp_path,
        references=dict.fromkeys(REFERENCES) | dict(files.references),
        reference_folder=files.crds,
        skip=("saturation", "superbias", "linearity", "dark_current", "jump"),
        threads=2,
    )
    result = webbcal.open(outcome.outputs["rate"])
    good = result.dq == 0
    assert good[:, 4:2044].mean() > 0.9
    np.testing.assert_allclose(result.sci[good], rate, rtol=2e-3)
