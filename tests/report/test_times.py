"""Times and memory of steps: each counted once, whatever the number of products that tell them."""

import re
from pathlib import Path

from webbcal.report.gather import Entry, Run, StepEntry
from webbcal.report.times import times


def step(name, **told):
    return {"name": name, "status": "COMPLETE", **told}


def entry(name, exposure, *records):
    """Return a product that remembers some stages, the first one first."""
    before = {}
    steps = []
    for record in records:
        before = {**record, **({"before": before} if before else {})}
        steps += [StepEntry(**told) for told in record["steps"]]
    path = Path(f"{name}.fits")
    return Entry(path, name.rpartition("_")[2], 1, exposure, record=before, steps=tuple(steps))


def first_stage(jump, elapsed):
    return {
        "recipe": "detector1",
        "steps": [step("dq_init", work_seconds=0.5, peak_mb=100), jump],
        "times": {"reading": 1.0, "writing": 0.25, "elapsed": elapsed},
    }


def a_run():
    one = first_stage(step("jump", work_seconds=3.0, peak_mb=210), 4.0)
    two = first_stage(step("jump", work_seconds=4.0, peak_mb=205), 5.0)
    sky = step("skymatch", seconds=2.0, peak_mb=300)
    together = [sky, step("resample", seconds=7.0, peak_mb=400)]
    # Exposures are written on the way, so what they remember of the set is not complete.
    early = {"recipe": "image3", "steps": [sky], "times": {"writing": 0.5, "elapsed": 2.0}}
    late = {
        "recipe": "image3",
        "steps": together,
        "times": {"writing": 2.0, "elapsed": 10.0},
        "members": ["a", "b"],
    }
    return Run(
        Path("out"),
        "out",
        (
            entry("a_rate", "a", one),
            entry("a_crf", "a", one, early),
            entry("b_rate", "b", two),
            entry("b_crf", "b", two, early),
            entry("set_i2d", "", late),
            entry("set_cat", "", late),
        ),
    )


def rows(page):
    """Return the cells of each line without their tags, by the name of the line."""
    found = {}
    for line in re.findall(r"<tr>(.*?)</tr>", page):
        cells = [re.sub(r"<.*?>", "", one) for one in re.findall(r"<td.*?>(.*?)</td>", line)]
        if cells:
            found[cells[0]] = cells[1:]
    return found


def test_work_of_exposures_adds_up_and_products_of_one_count_once():
    lines = rows(times(a_run()))
    assert lines["dq_init"] == ["complete 2", "1.0 s", "", "100"]
    assert lines["jump"] == ["complete 2", "7.0 s", "", "210"]


def test_a_step_on_a_set_counts_once_and_as_time_elapsed():
    lines = rows(times(a_run()))
    assert lines["skymatch"] == ["complete", "", "2.0 s", "300"]
    assert lines["resample"] == ["complete", "", "7.0 s", "400"]


def test_reading_and_writing_enclose_the_steps():
    lines = rows(times(a_run()))
    assert list(lines) == ["reading", "dq_init", "jump", "skymatch", "resample", "writing"]
    assert lines["reading"][1] == "2.0 s"
    assert lines["writing"][1] == "2.5 s"  # twice 0.25 of exposures, 2 of the set


def test_all_that_elapsed_is_told():
    assert "3 runs over an exposure or a set took 19.0 s" in times(a_run())


def test_bars_compare_all_times():
    widths = [float(one) for one in re.findall(r"width:([\d.]+)%", times(a_run()))]
    assert max(widths) == 100
    assert widths[1] == round(100 * 1 / 7, 1)  # dq_init beside jump


def test_products_without_times_have_a_table_without_them():
    bare = {"recipe": "detector1", "steps": [step("jump")]}
    page = times(Run(Path("out"), "out", (entry("a_rate", "a", bare),)))
    assert "elapsed" not in page
    assert rows(page)["jump"] == ["complete"]
