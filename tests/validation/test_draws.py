"""Several draws of the noise of one case, judged together."""

from validation.cases import workload
from validation.cases._case import Case, Workload, drawn_again
from validation.foreign_truth import together

FIRST = {"name": "jw90001001001_02101_00013_nrca3", "number": 13, "seed": 1013, "ngroups": 5}
OTHER = {"name": "jw90001001001_02101_00014_nrca3", "number": 14, "seed": 1014, "ngroups": 8}


def of(name: str, exposure: str, **more: str) -> Case:
    return Case(name, exposure, "NIRCam", **more)


def test_a_draw_differs_in_its_noise_alone() -> None:
    work = Workload(
        [{"detector": "NRCA3", "exposures": [FIRST, OTHER]}],
        [of("a", FIRST["name"]), of("b", OTHER["name"])],
    )
    again = drawn_again(work, "a", 3)
    (one,) = again.sets
    added = one["exposures"][2:]
    assert [e["name"] for e in added] == [
        "jw90001001001_02101_00113_nrca3",
        "jw90001001001_02101_00213_nrca3",
    ]
    assert len({e["seed"] for e in one["exposures"]}) == 4
    assert all(e["ngroups"] == 5 for e in added)
    assert [case.draw_of for case in again.cases] == ["", "", "a", "a"]
    assert len({case.name for case in again.cases}) == 4
    assert work.sets[0]["exposures"] == [FIRST, OTHER]


def test_draws_count_by_their_mean() -> None:
    one, two = (10, (0.6, 1.0), (0.7, 1.1)), (20, (0.8, 1.2), (0.9, 1.5))
    other = (5, (0.1, 0.2), (0.3, 0.4))
    found = [(of("a", "x"), one), (of("b", "y"), other), (of("a 2", "z", draw_of="a"), two)]
    (a, measured), (b, alone) = together(found)
    assert (a.name, b.name) == ("a", "b")
    assert measured is not None
    pixels, ours, theirs = measured
    assert pixels == 30
    assert abs(ours[0] - 0.7) + abs(ours[1] - 1.1) + abs(theirs[1] - 1.3) < 1e-12
    assert alone == other


def test_a_draw_that_cannot_be_measured_is_not_passed_over() -> None:
    found = [(of("a", "x"), (10, (0.6, 1.0), (0.7, 1.1))), (of("a 2", "z", draw_of="a"), None)]
    assert together(found)[0][1] is None


def test_names_of_exposures_are_unique_with_all_draws() -> None:
    work = workload(False, ("nircam",))
    names = [e["name"] for one in work.sets for e in one["exposures"]]
    assert len(set(names)) == len(names)
    assert len({case.name for case in work.cases}) == len(work.cases)
    assert {case.exposure for case in work.cases} <= set(names)
