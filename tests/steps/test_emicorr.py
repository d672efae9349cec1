"""emicorr removes waves that the order of the readout lays over the signal."""

from dataclasses import fields, replace

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.spec.references import EmiCorrection
from webbcal.spec.window import Window
from webbcal.steps.emicorr import STEP, EmicorrOptions, correct_interference
from webbcal.steps.emicorr.clocks import Clocks, Phases
from webbcal.steps.emicorr.waves import table_of

ROWS, COLUMNS = 64, 72
ROW, FRAME = 28, 8512  # clocks of SUB64
FREQUENCIES = {"Hz390": 390.625, "Hz218": 218.52055}
PHASE = (np.arange(500) + 0.5) / 500
SHAPES = {
    "Hz390": np.sin(2 * np.pi * PHASE) + 0.3 * np.sin(4 * np.pi * PHASE + 1),
    "Hz218": np.cos(2 * np.pi * PHASE),
}


def reference(names=("Hz390", "Hz218"), **case):
    waves = {
        name: {"frequency": FREQUENCIES[name], "phase_amplitudes": SHAPES[name].astype("f4")}
        for name in names
    }
    clocks = {"rowclocks": ROW, "frameclocks": FRAME}
    freqs = {"FAST": list(names), "SLOW": {"MIRIMAGE": list(names)}}
    return EmiCorrection(
        frequencies=waves, subarray_cases={"SUB64": clocks | {"freqs": freqs} | case}
    )


def wave(name, clocks, shift):
    turn = 2 * np.pi * (FREQUENCIES[name] * 1e-5 * clocks + shift)
    if name == "Hz390":
        return np.sin(turn) + 0.3 * np.sin(2 * turn + 1)
    return np.cos(turn)


def observe(
    amplitudes, *, integrations=2, groups=10, noise=0.0, shifts=(0.3, 0.7), pattern="FASTR1"
):
    """Return a ramp with interference, and one without; sky, a bright star, reference pixels."""
    rng = np.random.default_rng(5)
    sky = 20.0 + rng.uniform(-2, 2, (ROWS, COLUMNS))
    sky[30:33, 40:43] += 3000
    clean = 9000 + sky * np.arange(groups)[:, None, None]
    clean = np.stack([clean] * integrations) + rng.normal(0, noise, (integrations, *clean.shape))
    between = FRAME if pattern.endswith("R1") else 0
    i, g, y, x = np.ogrid[:integrations, :groups, :ROWS, :COLUMNS]
    clocks = i * (groups * FRAME + between) + g * FRAME + y * ROW + x // 4
    waves = sum(
        np.asarray(amplitude).reshape(-1, 1, 1, 1) * wave(name, clocks, shift)
        for (name, amplitude), shift in zip(amplitudes.items(), shifts, strict=False)
    )
    flags = np.zeros((ROWS, COLUMNS), np.uint32)
    flags[:, :4] = flags[:, -4:] = DQ.REFERENCE_PIXEL
    return (
        make_ramp(
            data,
            pixeldq=flags,
            exposure__readpatt=pattern,
            exposure__nsamples=1,
            subarray__name="SUB64",
            instrument__detector="MIRIMAGE",
        )
        for data in (clean + waves, clean)
    )


def run(ramp, emicorr=None, **options):
    return correct_interference(ramp, emicorr, None, EmicorrOptions(**options))


def left_over(result, clean):
    """Return how much of the waves is left in the differences of groups, DN."""
    return np.diff(result.sci - clean.sci.astype(float), axis=1).std()


@pytest.mark.parametrize("pattern", ["FAST", "FASTR1"])
def test_phase_and_amplitude_are_found_with_the_slopes(pattern):
    ramp, clean = observe({"Hz390": 5.0}, pattern=pattern)
    before = left_over(ramp, clean)
    assert left_over(run(ramp, reference(["Hz390"])), clean) < 1e-3 * before


def test_frequencies_one_after_the_other():
    ramp, clean = observe({"Hz390": 5.0, "Hz218": 3.0})
    assert left_over(run(ramp, reference()), clean) < 0.03 * left_over(ramp, clean)


def test_what_all_pixels_share_is_no_interference():
    """A wave that moves by 3 % of its period per frame looks like the curve after a reset."""
    slow = 1.03e5 / FRAME
    names = reference(["Hz390"])
    names.frequencies["Hz390"]["frequency"] = slow
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FREQUENCIES, "Hz390", slow)
        ramp, clean = observe({"Hz390": 5.0})
    after_reset = -80 * np.exp(-np.arange(10) / 2.5)[:, None, None]
    parts = [replace(p, sci=(p.sci + after_reset).astype("f4")) for p in (ramp, clean)]
    assert left_over(run(parts[0], names), parts[1]) < 0.05 * left_over(ramp, clean)


def test_integrations_of_their_own():
    ramp, clean = observe({"Hz390": [5.0, 2.0, 1.0]}, integrations=3)
    together = left_over(run(ramp, reference(["Hz390"])), clean)
    apart = left_over(run(ramp, reference(["Hz390"]), fit_ints_separately=True), clean)
    assert apart < 2e-3 * left_over(ramp, clean)
    assert together > 0.2 * left_over(ramp, clean)


@pytest.mark.parametrize(
    "options", [{}, {"nbins": 100}, {"nints_to_phase": 1}, {"use_n_cycles": None}]
)
def test_the_wave_of_the_reference_is_shifted_and_scaled(options):
    ramp, clean = observe({"Hz390": 5.0})
    result = run(ramp, reference(["Hz390"]), algorithm="sequential", **options)
    assert left_over(result, clean) < 0.03 * left_over(ramp, clean)


def test_a_wave_that_is_not_scaled_keeps_its_size():
    ramp, clean = observe({"Hz390": 5.0})
    options = {"algorithm": "sequential", "scale_reference": False}
    result = run(ramp, reference(["Hz390"]), **options)
    assert left_over(result, clean) == pytest.approx(0.8 * left_over(ramp, clean), rel=0.02)


def test_the_shape_of_a_wave_is_measured_where_none_is_known():
    ramp, clean = observe({"Hz390": 5.0}, noise=1.0)
    result = run(ramp, onthefly_corr_freq=(390.625,), nbins=50, use_n_cycles=None)
    assert left_over(result, clean) < 0.1 * left_over(ramp, clean)


def test_a_wave_that_is_the_same_in_every_group_is_left_alone():
    ramp, _ = observe({"Hz390": 5.0})
    names = reference(["Hz390"])
    names.frequencies["Hz390"]["frequency"] = 1e5 / 28 / 304  # one period per frame
    for algorithm in ("joint", "sequential"):
        np.testing.assert_array_equal(run(ramp, names, algorithm=algorithm).sci, ramp.sci)


def test_windows_and_batches_give_the_same_bits():
    ramp, _ = observe({"Hz390": 5.0, "Hz218": 3.0}, integrations=3)
    names, options = reference(), EmicorrOptions()
    measure, finish = STEP.measurement.measure, STEP.measurement.finish
    windows = STEP.measurement.windows(ramp.meta, (ROWS, COLUMNS), options)
    assert sum(part.size[0] for part in windows) == ROWS
    bands = [
        Window(0, 30, 0, COLUMNS, (ROWS, COLUMNS)),
        Window(30, ROWS, 0, COLUMNS, (ROWS, COLUMNS)),
    ]
    whole = measure([ramp], names, None, options)
    by_bands = measure([ramp.cut(band) for band in bands], names, None, options)
    np.testing.assert_allclose(by_bands.ramps, whole.ramps, atol=1e-3)
    np.testing.assert_array_equal(by_bands.good, whole.good)
    assert by_bands.shape == whole.shape
    singles = []
    for i in range(3):
        meta = ramp.meta.replace({"exposure.integration_start": i + 1})
        part = replace(ramp, sci=ramp.sci[i : i + 1], groupdq=ramp.groupdq[i : i + 1], meta=meta)
        singles.append(measure([part], names, None, options))
    for field in fields(whole):
        if isinstance(getattr(whole, field.name), np.ndarray):
            joined = np.concatenate([getattr(single, field.name) for single in singles])
            np.testing.assert_array_equal(joined, getattr(whole, field.name))
    known = finish(whole, ramp.meta, names, None, options)

    def subtract(part):
        return correct_interference(part, names, None, options, measured=known)

    assert_windows_agree(subtract, ramp, ())
    assert_inputs_unchanged(subtract, ramp)
    last = replace(ramp, sci=ramp.sci[2:], groupdq=ramp.groupdq[2:], meta=meta)
    np.testing.assert_array_equal(subtract(last).sci[0], subtract(ramp).sci[2])


def test_segments_of_an_exposure_are_in_phase():
    ramp, clean = observe({"Hz390": 5.0}, integrations=4)
    meta = ramp.meta.replace({"exposure.integration_start": 3})
    parts = [replace(p, sci=p.sci[2:], groupdq=p.groupdq[2:], meta=meta) for p in (ramp, clean)]
    assert left_over(run(parts[0], reference(["Hz390"])), parts[1]) < 1e-3 * left_over(ramp, clean)


def test_what_was_subtracted_is_a_product_on_request():
    ramp, _ = observe({"Hz390": 5.0})
    make = STEP.products["emipattern"]
    assert make(run(ramp, reference(["Hz390"]))) is None
    result = run(ramp, reference(["Hz390"]), save_intermediate_results=True)
    np.testing.assert_array_equal(make(result).sci, ramp.sci - result.sci)


def test_a_file_of_the_user_comes_first():
    ramp, clean = observe({"Hz390": 5.0})
    wrong = reference(["Hz218"])
    result = correct_interference(ramp, wrong, reference(["Hz390"]), EmicorrOptions())
    assert left_over(result, clean) < 1e-3 * left_over(ramp, clean)


def test_slow_frequencies_go_by_detector():
    ramp, _ = observe({"Hz390": 5.0}, pattern="SLOWR1")
    run(ramp, reference())
    with pytest.raises(CannotCalibrate, match="no frequency"):
        run(ramp, reference(freqs={"SLOW": {"MIRIFULONG": ["Hz390"]}}))


def test_what_cannot_be_done_is_said():
    ramp, _ = observe({"Hz390": 5.0})

    def changed(**meta):
        paths = {path.replace("__", "."): value for path, value in meta.items()}
        return replace(ramp, meta=ramp.meta.replace(paths))

    with pytest.raises(CannotCalibrate, match="no emicorr reference"):
        run(ramp)
    with pytest.raises(CannotCalibrate, match="does not know subarray SUB128"):
        run(changed(subarray__name="SUB128"), reference())
    with pytest.raises(CannotCalibrate, match="clocks of subarray SUB7 are not known"):
        run(changed(subarray__name="SUB7"), onthefly_corr_freq=(10.0,))
    with pytest.raises(CannotCalibrate, match="read pattern"):
        run(changed(exposure__readpatt="FASTGRPAVG"), reference())
    with pytest.raises(CannotCalibrate, match="too few groups"):
        run(replace(ramp, sci=ramp.sci[:, :2], groupdq=ramp.groupdq[:, :2]), reference())
    with pytest.raises(CannotCalibrate, match="no pixel is good enough"):
        run(replace(ramp, pixeldq=ramp.pixeldq | np.uint32(1)), reference())
    with pytest.raises(InvalidReference, match="clocks of SUB64"):
        run(ramp, reference(rowclocks=None))
    broken = reference()
    broken.frequencies["Hz390"]["frequency"] = -1
    with pytest.raises(InvalidReference, match="Hz390"):
        run(ramp, broken)


def test_a_spline_goes_through_the_samples_and_is_periodic():
    samples = np.sin(2 * np.pi * (np.arange(64) + 0.5) / 64)
    table = table_of(samples)
    place = (np.arange(table.size) + 0.5) / table.size
    np.testing.assert_allclose(table, np.sin(2 * np.pi * place), atol=3e-6)


def test_clocks_count_every_frame():
    ramp, _ = observe({"Hz390": 5.0})
    clocks = Clocks.of(ramp.meta, (ROWS, COLUMNS), 10, (ROW, FRAME))
    assert clocks.integration == 11 * FRAME
    groups = Phases(clocks, 1e5 / FRAME / 4).groups(0)
    np.testing.assert_allclose(groups, np.arange(10) / 4 % 1, atol=1e-9)
