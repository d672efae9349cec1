"""Options that parameter references set."""

import contextlib
from pathlib import Path

import asdf
import pytest
from tests.refs.crds_cache import exposure, make_cache, rules

from webbcal.core.errors import InvalidReference
from webbcal.refs.parameters import load_parameters, reference_type
from webbcal.refs.select import ReferenceSource

PIPELINE = "pars-detector1pipeline"
KNOWN = {
    "dq_init": [],
    "dark_current": [],
    "jump": ["rejection_threshold", "flag_4_neighbors"],
}


def write(path: Path, kind: str, parameters: dict, steps: list | None = None) -> Path:
    tree = {
        "class": f"jwst.pipeline.{kind}",
        "name": kind,
        "parameters": parameters,
        "meta": {"reftype": f"pars-{kind.lower()}", "instrument": {"name": "NIRCAM"}},
    }
    asdf.AsdfFile(tree | ({} if steps is None else {"steps": steps})).write_to(path)
    return path


def load(**overrides: Path):
    source = ReferenceSource(overrides={f"pars-{k}": path for k, path in overrides.items()})
    return load_parameters(exposure(), PIPELINE, KNOWN, source)


def test_the_name_of_a_step_gives_the_type_of_its_parameters():
    assert reference_type("dark_current") == "pars-darkcurrentstep"
    assert reference_type("dq_init") == "pars-dqinitstep"
    assert reference_type("srctype") == "pars-sourcetypestep"


def test_a_step_gets_its_own_parameters(tmp_path):
    file = write(tmp_path / "jump.asdf", "JumpStep", {"rejection_threshold": 5.5, "skip": False})
    parameters = load(jumpstep=file)
    assert parameters.values == {"jump": {"rejection_threshold": 5.5, "skip": False}}
    assert parameters.files == (file,)
    assert "jump.asdf" in parameters.origin


def test_the_pipeline_names_steps_by_key_or_class_and_wins(tmp_path):
    jump = write(tmp_path / "j.asdf", "JumpStep", {"rejection_threshold": 5.5, "skip": True})
    steps = [
        {"class": "jwst.jump.JumpStep", "name": "jump", "parameters": {"rejection_threshold": 4.0}},
        {"class": "jwst.dark_current.DarkCurrentStep", "parameters": {"skip": True}},
    ]
    pipeline = write(tmp_path / "p.asdf", "Detector1Pipeline", {}, steps)
    assert load(jumpstep=jump, detector1pipeline=pipeline).values == {
        "jump": {"rejection_threshold": 4.0, "skip": True},
        "dark_current": {"skip": True},
    }


def test_what_means_nothing_here_is_listed_not_refused(tmp_path):
    steps = [
        {"class": "jwst.jump.JumpStep", "name": "jump", "parameters": {"maximum_cores": "half"}},
        {"class": "jwst.persistence.PersistenceStep", "name": "persistence",
         "parameters": {"skip": True}},
    ]  # fmt: skip
    file = write(tmp_path / "p.asdf", "Detector1Pipeline", {"save_calibrated_ramp": False}, steps)
    parameters = load(detector1pipeline=file)
    assert parameters.values == {}
    assert set(parameters.ignored) == {
        "detector1pipeline.save_calibrated_ramp",
        "jump.maximum_cores",
        "persistence.skip",
    }


def test_nothing_found_changes_nothing():
    parameters = load()
    assert (parameters.values, parameters.files) == ({}, ())


def test_the_rules_select_parameters_and_most_types_may_be_absent(tmp_path):
    tso = ("META.VISIT.TSOVISIT",)
    useafter = {"2014-01-01 00:00:00": "one.asdf"}
    rule = rules((("F",), useafter), (("T",), {"2014-01-01 00:00:00": "two.asdf"}))
    cache = make_cache(tmp_path / "cache", {PIPELINE: (tso, rule), "pars-jumpstep": None})
    for name, threshold in (("one", 3.0), ("two", 7.0)):
        step = {"name": "jump", "parameters": {"rejection_threshold": threshold}}
        write(cache / f"references/jwst/{name}.asdf", "Detector1Pipeline", {}, [step])
    source = ReferenceSource(crds_path=cache, memory=tmp_path / "memory")
    for flag, threshold in ((False, 3.0), (True, 7.0), (False, 3.0)):
        meta = exposure(visit__tsovisit=flag)
        values = load_parameters(meta, PIPELINE, KNOWN, source).values
        assert values == {"jump": {"rejection_threshold": threshold}}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not ASDF",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- [1, 2]\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {name: x}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {class: x, parameters: [1]}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {class: x, steps: {a: 1}}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {class: x, steps: [3]}\n...\n",
        b"#ASDF 1.0.0\n%YAML 1.1\n--- {class: [\n...\n",
    ],
)
def test_a_damaged_file_is_one_clear_line(tmp_path, text):
    file = tmp_path / "bad.asdf"
    file.write_bytes(text)
    with pytest.raises(InvalidReference, match=r"bad\.asdf") as error:
        load(jumpstep=file)
    assert "\n" not in str(error.value)


def test_a_tag_that_asks_for_code_runs_none(tmp_path):
    marker = tmp_path / "ran"
    file = tmp_path / "evil.asdf"
    command = f'!!python/object/apply:os.system ["touch {marker}"]'
    file.write_text(
        "#ASDF 1.0.0\n%YAML 1.1\n"
        f"--- {{class: x.JumpStep, parameters: {{rejection_threshold: {command}}}}}\n...\n"
    )
    with contextlib.suppress(InvalidReference):
        load(jumpstep=file)
    assert not marker.exists()
