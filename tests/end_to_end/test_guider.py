"""Raw guide-star exposures become calibrated images, whatever their file calls itself."""

import numpy as np
import pytest

import webbcal
from webbcal.io.read import open_product
from webbcal.io.write import write_product
from webbcal.spec.meta import Meta
from webbcal.spec.products import GuiderCal, GuiderRaw, Uncal
from webbcal.spec.references import Gain, Mask, ReadNoise
from webbcal.spec.references.noise import Flat

SHAPE, GAIN, NOISE, INTERVAL, RATE = (96, 128), 1.7, 8.0, 0.364, 3000.0


def metadata(exposure_type, shape, integrations):
    return Meta(
        {
            "telescope": "JWST",
            "instrument": {"name": "FGS", "detector": "GUIDER1"},
            "observation": {"date": "2022-05-22", "time": "10:00:00"},
            "exposure": {
                "type": exposure_type,
                "nints": integrations,
                "ngroups": 2,
                "nframes": 1,
                "groupgap": 1,
                "frame_time": INTERVAL / 2,
                "group_time": INTERVAL,
            },
            "subarray": {
                "name": "128X128",
                "xstart": 11,
                "ystart": 21,
                "xsize": shape[1],
                "ysize": shape[0],
                "fastaxis": -2,
                "slowaxis": -1,
            },
        }
    )


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    folder, shape = tmp_path_factory.mktemp("references"), (200, 160)
    no_flags = np.zeros(shape, np.uint32)
    made = (
        Gain(sci=np.full(shape, GAIN, np.float32), meta=whole(Gain)),
        ReadNoise(sci=np.full(shape, NOISE, np.float32), meta=whole(ReadNoise)),
        Mask(dq=no_flags + 4, meta=whole(Mask)),
        Flat(sci=response(shape), err=None, dq=no_flags, meta=whole(Flat)),
    )
    for reference in made:
        write_product(reference, folder / f"{reference.reftype}.fits")
    return {r.reftype: folder / f"{r.reftype}.fits" for r in made}


def whole(kind):
    instrument = {"name": "FGS", "detector": "GUIDER1"}
    subarray = {"name": "PART", "xstart": 1, "ystart": 1, "xsize": 160, "ysize": 200}
    return Meta({"reftype": kind.reftype, "instrument": instrument, "subarray": subarray})


def response(shape):
    rows = np.linspace(0.8, 1.2, shape[0], dtype=np.float32)
    return np.broadcast_to(rows[:, np.newaxis], shape).copy()


def observe(shape, integrations, sensitivity):
    rng = np.random.default_rng(6)
    size = (integrations, 2, *shape)
    steps = rng.poisson(RATE * sensitivity * GAIN * INTERVAL, size) / GAIN
    sci = 1000 + steps.cumsum(axis=1) + rng.normal(0, NOISE / np.sqrt(2), size)
    return sci.round().astype(np.uint16)


@pytest.mark.parametrize("kind", [GuiderRaw, Uncal])
def test_rates_of_an_acquisition_are_those_of_the_star(tmp_path, references, kind):
    sensitivity = response((200, 160))[20:116, 10:138]
    sci = observe(SHAPE, 4, sensitivity)
    path = tmp_path / "jw01_gs-acq1_2022142180746_uncal.fits"
    sci = sci.astype(np.float32 if kind is GuiderRaw else np.uint16)
    write_product(kind(sci=sci, meta=metadata("FGS_ACQ1", SHAPE, 4)), path)
    assert isinstance(open_product(path), GuiderRaw)
    (outcome,) = webbcal.run(
        path, output_dir=tmp_path, references=references, reference_folder=tmp_path
    )
    cal = webbcal.open(outcome.outputs["cal"])
    assert isinstance(cal, GuiderCal)
    assert cal.meta.bunit_data == "DN/s"
    pull = (cal.sci - RATE) / cal.err
    assert abs(pull.mean()) < 0.03
    assert pull.std() == pytest.approx(1.0, abs=0.02)
    assert (cal.dq == 4).all()
    assert {step.status for step in outcome.steps} == {"COMPLETE"}


def test_an_image_of_strips_takes_mean_references(tmp_path, references):
    shape = (2304, 40)
    path = tmp_path / "jw01_gs-id_1_stacked_uncal.fits"
    sci = observe(shape, 2, 1.0).astype(np.float32)
    meta = metadata("FGS_ID-STACK", shape, 2)
    write_product(GuiderRaw(sci=sci, meta=meta.replace({"subarray.ysize": 2048})), path)
    (outcome,) = webbcal.run(
        path, output_dir=tmp_path, references=references, reference_folder=tmp_path
    )
    cal = webbcal.open(outcome.outputs["cal"])
    assert cal.sci.shape == (1, *shape)
    lower = RATE - 0.5642 * cal.err.mean()  # the smaller of two
    assert cal.sci.mean() == pytest.approx(lower, rel=0.003)
