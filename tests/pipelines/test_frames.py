"""Steps that need whole frames, surveys and further products, on the genuine runner."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import webbcal
from webbcal.core.errors import CannotCalibrate
from webbcal.core.options import Options, option
from webbcal.pipelines.recipes import RECIPES
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import QUIET, ImageSimulation, simulate_files
from webbcal.spec.products.detector1 import TrapsFilled
from webbcal.spec.window import Window
from webbcal.steps import STEPS
from webbcal.steps._step import Frames, Measurement, Scope, Step, Survey

SHAPE = (3, 4, 64, 64)
EARLY = ("group_scale", "dq_init", "saturation", "superbias")


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    options = ImageSimulation(
        **QUIET | {"read_noise": True}, subarray="64x64", ngroups=SHAPE[1], nints=SHAPE[0]
    )
    return simulate_files(options, tmp_path_factory.mktemp("frames"), seed=5)


@pytest.fixture
def environ(programme):
    return {
        "CRDS_PATH": str(programme.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "WEBBCAL_CACHE": str(programme.crds.parent / "cache"),
    }


@pytest.fixture
def run(programme, environ, monkeypatch, tmp_path):
    """Run the recipe with a step of the test's own after superbias, and save its result."""

    def run(step: Step, folder: str = "out", save=("toy", "ramp"), also=(), **more):
        monkeypatch.setitem(STEPS, "toy", step)
        recipe = RECIPES["detector1_near_infrared"]
        steps = (*EARLY, "toy", *also, "jump", "ramp_fit")
        recipe = dataclasses.replace(recipe, steps=steps, saves={"ramp": "jump"})
        monkeypatch.setitem(RECIPES, recipe.name, recipe)
        settings = Settings(output_dir=tmp_path / folder, save=save, **more)
        (outcome,) = run_everything(programme.exposures, settings, environ=environ)
        if outcome.error is not None:
            raise outcome.error
        return outcome

    return run


@dataclass(frozen=True)
class ToyOptions(Options):
    """Options of the steps of this test."""

    fail: bool = option(False, "Refuse to run.")


def level_frames(ramp, options, *, carried, measured, parallel):
    """Subtract the mean of each group, and add the number of integrations seen before."""
    if options.fail:
        raise CannotCalibrate("told to")
    seen = carried or 0
    means = list(parallel(lambda group: group.mean(dtype=np.float64), ramp.sci[0]))
    sci = ramp.sci - np.array(means, np.float32)[None, :, None, None] + np.float32(seen)
    return dataclasses.replace(ramp, sci=sci), seen + len(ramp.sci)


def nothing(ramp, options):
    raise AssertionError("a step on whole frames was called on a window")


def toy(run=nothing, **facts):
    return Step("toy", run, ToyOptions, status="ipc", scope=Scope.FRAME, **facts)


VARIANTS = [Settings(threads=1), Settings(threads=3, block_bytes=1), Settings(block_bytes=1 << 30)]


@pytest.mark.parametrize("settings", VARIANTS, ids=["one thread", "tiny blocks", "one block"])
def test_whole_frames_come_one_by_one_in_order(run, settings):
    more = {"threads": settings.threads, "block_bytes": settings.block_bytes}
    outcome = run(toy(frames=Frames(level_frames)), save=("superbias", "toy"), **more)
    before = webbcal.open(outcome.outputs["superbias"]).sci
    after = webbcal.open(outcome.outputs["toy"]).sci
    for i in range(SHAPE[0]):
        means = before[i].mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
        np.testing.assert_array_equal(after[i], before[i] - means[:, None, None] + np.float32(i))
    assert {"rate", "rateints"} <= outcome.outputs.keys()


def test_a_frame_may_change_its_shape(run):
    def strip(ramp, options, *, carried, measured, parallel):
        kept = {n: getattr(ramp, n)[..., 16:48, :] for n in ("sci", "groupdq", "pixeldq")}
        return dataclasses.replace(ramp, **{n: v.copy() for n, v in kept.items()}), None

    outcome = run(toy(frames=Frames(strip)), save=("superbias", "toy"))
    before, after = (webbcal.open(outcome.outputs[name]) for name in ("superbias", "toy"))
    np.testing.assert_array_equal(after.sci, before.sci[..., 16:48, :])


@dataclass(frozen=True)
class Rows:
    """Every second row of an array of a ramp, taken as it is read."""

    source: np.ndarray
    reads: list

    @property
    def shape(self):
        return (*self.source.shape[:2], self.source.shape[2] // 2, self.source.shape[3])

    @property
    def dtype(self):
        return self.source.dtype

    def read(self, index=None):
        self.reads.append(index)
        return self.source[..., ::2, :][index].copy()


def test_arrays_may_be_made_frame_by_frame(run):
    reads = []

    def halve(ramp, options, *, carried, measured, parallel):
        stored = {name: Rows(getattr(ramp, name), reads) for name in ("sci", "groupdq")}
        pixeldq = ramp.pixeldq[::2].copy()
        rest = {"meta": ramp.meta, "pixeldq": pixeldq, "group": ramp.group}
        return type(ramp).from_stored(stored, **rest), None

    outcome = run(toy(frames=Frames(halve)), save=("superbias", "toy"))
    before, after = (webbcal.open(outcome.outputs[name]) for name in ("superbias", "toy"))
    np.testing.assert_array_equal(after.sci, before.sci[..., ::2, :])
    np.testing.assert_array_equal(after.groupdq, before.groupdq[..., ::2, :])
    lengths = {tuple(part.stop - part.start for part in index) for index in reads}
    assert lengths == {(1, 1)}


def test_integrations_may_be_merged(run):
    def merge(ramp, options, *, carried, measured, parallel):
        sci, dq = (getattr(ramp, n).max(axis=0, keepdims=True) for n in ("sci", "groupdq"))
        return dataclasses.replace(ramp, sci=sci, groupdq=dq), (carried or 0) + 1

    def finish(ramp, carried, options):
        return ramp.with_changes(meta=ramp.meta.replace({"exposure.nints": carried}))

    frames = Frames(merge, together=lambda meta: 2, finish=finish)
    outcome = run(toy(frames=frames), save=("superbias", "toy"))
    before, after = (webbcal.open(outcome.outputs[name]) for name in ("superbias", "toy"))
    assert after.meta.exposure.nints == len(after.sci) == 2
    np.testing.assert_array_equal(after.sci[0], before.sci[:2].max(axis=0))
    np.testing.assert_array_equal(after.sci[1], before.sci[2])


def test_a_part_knows_which_integrations_it_holds(run):
    starts = []

    def note(ramp, options, *, carried, measured, parallel):
        exposure = ramp.meta.exposure
        starts.append((exposure.integration_start, exposure.integration_end))
        return ramp, None

    run(toy(frames=Frames(note)))
    assert starts == [(1, 1), (2, 2), (3, 3)]


def test_windows_first_then_frames(run):
    def double(ramp, options):
        return dataclasses.replace(ramp, sci=2 * ramp.sci)

    step = toy(double, frames=Frames(level_frames, after_run=True))
    outcome = run(step, save=("superbias", "toy"))
    before, after = (webbcal.open(outcome.outputs[n]).sci for n in ("superbias", "toy"))
    means = (2 * before[2]).mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(after[2], 2 * before[2] - means[:, None, None] + np.float32(2))


def test_a_step_that_cannot_run_on_frames_is_skipped(run):
    step = toy(frames=Frames(level_frames))
    outcome = run(step, save=("superbias", "ramp"), options={"toy": {"fail": True}})
    status = {record.name: (record.status, record.reason) for record in outcome.steps}
    assert status["toy"] == ("SKIPPED", "told to")
    before, after = (webbcal.open(outcome.outputs[n]).sci for n in ("superbias", "ramp"))
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("settings", VARIANTS, ids=["one thread", "tiny blocks", "one block"])
def test_a_survey_sees_the_whole_exposure(run, settings):
    def look(ramp, options):
        return {"brightest": ramp.sci.max(axis=(0, 1))}

    def conclude(planes, meta, options):
        assert planes["brightest"].shape == SHAPE[-2:]
        return planes["brightest"].max()

    def scale(ramp, options, measured=None):
        return dataclasses.replace(ramp, sci=ramp.sci / measured)

    step = dataclasses.replace(toy(scale, survey=Survey(look, conclude)), scope=Scope.EXPOSURE)
    more = {"threads": settings.threads, "block_bytes": settings.block_bytes}
    outcome = run(step, save=("superbias", "toy"), **more)
    before, after = (webbcal.open(outcome.outputs[n]).sci for n in ("superbias", "toy"))
    np.testing.assert_array_equal(after, before / before.max())


@pytest.mark.parametrize("on_frames", [False, True])
def test_a_step_may_make_further_products(run, on_frames):
    def as_traps(ramp):
        return TrapsFilled(meta=ramp.meta, window=ramp.window, sci=ramp.sci[:, 0])

    def same(ramp, options):
        return ramp

    frames = Frames(level_frames) if on_frames else None
    outcome = run(toy(same, frames=frames, products={"trapsfilled": as_traps}))
    made, toys = (webbcal.open(outcome.outputs[n]) for n in ("trapsfilled", "toy"))
    np.testing.assert_array_equal(made.sci, toys.sci[:, 0])
    assert made.meta.cal_step.superbias == "COMPLETE"


def test_nothing_but_products_is_left(run, tmp_path):
    outcome = run(toy(frames=Frames(level_frames)))
    files = set((tmp_path / "out").iterdir())
    assert files == set(map(Path, outcome.outputs.values()))


@dataclass(frozen=True)
class Levels:
    """Mean of each group, axes (integration, group)."""

    means: np.ndarray


def test_what_was_measured_belongs_to_its_integration(run, monkeypatch):
    def everything(meta, shape, options):
        return [Window.whole(shape)]

    def measure(parts, options):
        return Levels(parts[0].sci.mean(axis=(2, 3), dtype=np.float64))

    def level(ramp, options, measured=None):
        means = measured.means[..., None, None].astype(np.float32)
        return dataclasses.replace(ramp, sci=ramp.sci - means)

    seen = []

    def look(parts, options):
        seen.append(abs(parts[0].sci.mean(axis=(2, 3), dtype=np.float64)).max())
        return measure(parts, options)

    step = toy(level, measurement=Measurement(everything, measure))
    after = dataclasses.replace(step, name="after", measurement=Measurement(everything, look))
    monkeypatch.setitem(STEPS, "after", after)
    run(step, also=("after",), block_bytes=1)
    assert len(seen) == SHAPE[0]
    assert max(seen) < 0.01
