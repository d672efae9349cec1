"""Compare images, mosaics and catalogues with the peer's, from the same files.

``python -m validation.imaging_with_peer --peer PYTHON [--keep FOLDER]``: one line per criterion;
exit status 1 if one does not hold.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from validation.criteria import Criterion, Section
from validation.pipelines import ROOT, calibrate
from webbcal.core.dq import DQ
from webbcal.io.read import open_product
from webbcal.sim import ImagingProgramme, read_scene, simulate_files

CAL_SCI = 1e-5  # relative, of calibrated pixels
MOSAIC_SCI = 1e-4  # relative, where the weights agree
WEIGHTS = 1e-4  # what counts as agreement
PIXEL = 1e-6  # of positions
BAD = np.uint32(DQ.DO_NOT_USE | DQ.NON_SCIENCE)

AS_THE_PEER: dict[str, dict[str, Any]] = {
    "resample": {"pixel_weights": True},
    "outlier_detection": {
        "pixel_weights": True,
        "two_groups": "mean",
        "curvature": 0.0,
        "scale": "1.2 0.7",
    },
}
"""Options of ours where the defaults depart from the peer on purpose: records 0088 and 0096."""

SINGLE = {"tweakreg": {"skip": True}, "skymatch": {"skip": True}, "source_catalog": {"skip": True}}
ONLY_MOSAIC = SINGLE | {"outlier_detection": {"skip": True}}
SKY_AND_OUTLIERS = {"tweakreg": {"skip": True}, "source_catalog": {"skip": True}}


@dataclass(frozen=True)
class Programme:
    """Exposures of one instrument that both pipelines calibrate."""

    name: str
    options: Mapping[str, Any]


PROGRAMMES = (
    Programme("NIRCam", {"detectors": "NRCB1,NRCB2", "subarray": "SUB320", "exposures": 4}),
    Programme("MIRI", {"detector": "MIRIMAGE", "subarray": "SUB256", "exposures": 3}),
    Programme("NIRISS", {"detector": "NIS", "subarray": "256x256", "exposures": 2}),
)


def main() -> int:
    """Run the comparison; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m validation.imaging_with_peer",
                                     description=__doc__)  # fmt: skip
    parser.add_argument("--peer", type=Path, required=True, help="Python of the peer")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave the files there")
    parser.add_argument("--small", action="store_true", help="one instrument only")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="webbcal-imaging-") as folder:
        place = (chosen.keep or Path(folder)).resolve()
        holds = True
        for section in imaging_parity(chosen.peer.absolute(), place, chosen.small):
            for criterion in section.criteria:
                print(criterion, flush=True)
                holds &= criterion.holds
    return int(not holds)


def imaging_parity(python: Path, folder: Path, small: bool) -> Iterator[Section]:
    """Yield one section per instrument."""
    for programme in PROGRAMMES[:1] if small else PROGRAMMES:
        yield _compare(python, folder / programme.name, programme)


def _compare(python: Path, folder: Path, programme: Programme) -> Section:
    options = {"products": "rate", **programme.options}
    made = simulate_files(ImagingProgramme(**options), folder / "data", seed=4)
    second, third = made.associations
    criteria: list[Criterion] = []

    ours, theirs = folder / "ours", folder / "theirs"
    _run_webbcal(second, ours, made.crds, {})
    _run_peer(python, folder, [_job("image2", second, theirs, made.crds, {})])
    cals = sorted(ours.glob("*_cal.fits"))
    criteria += _calibrated(programme.name, cals, theirs)
    criteria += _mosaics(
        f"{programme.name}: i2d of single exposures", sorted(ours.glob("*_i2d.fits")), theirs
    )
    # From here on both start from our calibrated images.
    start = folder / "cals"
    start.mkdir(exist_ok=True)
    for path in cals:
        shutil.copy(path, start / path.name)
    table = shutil.copy(third, start / third.name)
    for name, steps in (("mosaic", ONLY_MOSAIC), ("outliers", SKY_AND_OUTLIERS)):
        own, other = folder / f"ours_{name}", folder / f"theirs_{name}"
        _run_webbcal(Path(table), own, made.crds, steps)
        _run_peer(python, folder, [_job("image3", Path(table), other, made.crds, steps)])
        criteria += _mosaics(
            f"{programme.name}: mosaic, {name}", sorted(own.glob("*_i2d.fits")), other,
            exact=name == "mosaic",
        )  # fmt: skip
        if name == "outliers":
            criteria += _flags(programme.name, own, other, folder / "data" / "truth")
    return Section(f"Images of {programme.name} against the peer", [], criteria)


def _job(
    pipeline: str, table: Path, output: Path, cache: Path, steps: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "input": str(table),
        "output_dir": str(output),
        "cache": str(cache),
        "steps": steps,
    }


def _run_peer(python: Path, folder: Path, jobs: Sequence[Mapping[str, Any]]) -> None:
    file = folder / "jobs.json"
    file.write_text(json.dumps(list(jobs)))
    done = subprocess.run(
        [str(python), str(ROOT / "validation/imaging_peer_process.py"), str(file)],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [line["error"] for line in lines if line["error"]]
    if done.returncode or errors or len(lines) != len(jobs):
        raise RuntimeError(f"the peer failed: {errors or done.stderr[-2000:]}")


def _run_webbcal(
    table: Path, output: Path, cache: Path, steps: Mapping[str, Mapping[str, Any]]
) -> None:
    arguments = []
    chosen = {step: {**AS_THE_PEER.get(step, {}), **steps.get(step, {})}
              for step in {**AS_THE_PEER, **steps}}  # fmt: skip
    for step, values in chosen.items():
        for name, value in values.items():
            arguments += (
                ["--skip", step] if name == "skip" else ["--option", f"{step}.{name}={value}"]
            )
    calibrate(table, output, cache, arguments)


def _calibrated(name: str, cals: Sequence[Path], theirs: Path) -> list[Criterion]:
    """Compare calibrated images: values, errors, flags, positions, keywords."""
    largest = {"sci": 0.0, "err": 0.0, "var_poisson": 0.0, "var_rnoise": 0.0, "var_flat": 0.0}
    flags, pixels, position = 0, 0, 0.0
    keywords: set[str] = set()
    for path in cals:
        one, other = (open_product(folder / path.name) for folder in (path.parent, theirs))
        good = ((one.dq | other.dq) & BAD) == 0
        for array in largest:
            difference = _relative(getattr(one, array), getattr(other, array), good)
            largest[array] = max(largest[array], difference)
        flags += int((one.dq != other.dq).sum())
        pixels += one.dq.size
        position = max(position, _apart(one, other))
        for keyword in ("conversion_megajanskys", "conversion_microjanskys",
                        "pixelarea_steradians", "pixelarea_arcsecsq"):  # fmt: skip
            values = [p.meta.photometry.lookup(keyword) for p in (one, other)]
            # The peer's constant from steradians to square arcseconds has eight digits.
            if values[0] is None or not np.isclose(*values, rtol=1e-7):
                keywords.add(keyword)
    made = [
        Criterion(
            f"{name}: {array.upper()} of calibrated images",
            f"{largest[array]:.1e} apart at most, {len(cals)} images",
            f"within {CAL_SCI:g} of itself" if array == "sci" else "within 1e-4 of itself",
            bool(cals) and largest[array] <= (CAL_SCI if array == "sci" else 1e-4),
        )
        for array in largest
    ]
    return [
        *made,
        Criterion(f"{name}: DQ of calibrated images", f"{flags} of {pixels} differ",
                  "0.01 % at most", flags <= 1e-4 * pixels),
        Criterion(f"{name}: positions", f"{position:.1e} pixel apart at most",
                  f"within {PIXEL:g} pixel", position <= PIXEL),
        Criterion(f"{name}: keywords of the flux scale", ", ".join(sorted(keywords)) or "all equal",
                  "equal", not keywords),
    ]  # fmt: skip


def _relative(one: np.ndarray, other: np.ndarray, good: np.ndarray) -> float:
    """Return the largest difference, in units of the value or a thousandth of the usual one."""
    if one is None or other is None:
        return 0.0 if one is other else np.inf
    one, other = one[good].astype(float), other[good].astype(float)
    if (np.isnan(one) != np.isnan(other)).any():
        return np.inf
    floor = 1e-3 * np.nanmedian(np.abs(other)) if other.size else 0.0
    return float(np.nanmax(np.abs(one - other) / np.maximum(np.abs(other), floor), initial=0.0))


def _apart(one: Any, other: Any) -> float:
    """Return how many pixels the positions of two images are apart."""
    rows, columns = one.shape_of("sci")[-2:]
    y, x = np.mgrid[0 : rows - 1 : 7j, 0 : columns - 1 : 7j]
    ours, theirs = (_directions(image, x, y) for image in (one, other))
    pixel = np.linalg.norm(_directions(one, x + 1, y) - ours, axis=0).mean()
    return float(np.linalg.norm(ours - theirs, axis=0).max() / pixel)


def _directions(image: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return where pixels look, as unit vectors along the first axis."""
    ra, dec = np.deg2rad(image.wcs(x, y, with_bounding_box=False))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _mosaics(
    name: str, paths: Sequence[Path], theirs: Path, *, exact: bool = True
) -> list[Criterion]:
    """Compare resampled images where both gave the pixels the same weight.

    To the outermost rows and columns of a mosaic, drops beyond the border add here, but not there
    (docs/decisions/0085): their weights are counted apart.
    """
    worst, share, everywhere, shapes, position = 0.0, 1.0, 1.0, True, 0.0
    for path in paths:
        one, other = (open_product(folder / path.name) for folder in (path.parent, theirs))
        if one.sci.shape != other.sci.shape:
            shapes = False
            continue
        position = max(position, _apart(one, other))
        seen = (one.wht > 0) & (other.wht > 0)
        alike = seen & (np.abs(one.wht - other.wht) <= WEIGHTS * np.abs(other.wht))
        inner = np.zeros_like(seen)
        inner[1:-1, 1:-1] = seen[1:-1, 1:-1]
        share = min(share, float((alike & inner).sum() / max(inner.sum(), 1)))
        everywhere = min(everywhere, float(alike.sum() / max(seen.sum(), 1)))
        scale = np.maximum(np.abs(other.sci), np.nanmedian(other.err))[alike]
        apart = np.abs(one.sci - other.sci)[alike] / scale
        worst = max(worst, float(np.nanmax(apart, initial=0.0)))
    there = bool(paths) and shapes
    criteria = [
        Criterion(f"{name}: positions", f"{position:.1e} pixel apart at most",
                  "same shape, within 1e-4 pixel", there and position <= 1e-4),
        Criterion(f"{name}: weights that agree",
                  f"{100 * share:.3f} %; with the outermost rows and columns "
                  f"{100 * everywhere:.3f} %",
                  "99.9 % at least" if exact else "98 % at least",
                  there and share >= (0.999 if exact else 0.98)),
    ]  # fmt: skip
    if exact:
        criteria.append(
            Criterion(f"{name}: SCI", f"{worst:.1e} apart at most where they do",
                      f"within {MOSAIC_SCI:g} of itself or the noise",
                      there and worst <= MOSAIC_SCI)
        )  # fmt: skip
    return criteria


def _flags(name: str, ours: Path, theirs: Path, truth: Path) -> list[Criterion]:
    """Compare the flags of outliers with the peer's, and the levels of the sky with the truth."""
    outlier = np.uint32(DQ.OUTLIER)
    both = one_only = other_only = 0
    levels = []
    for path in sorted(ours.glob("*_crf.fits")):
        one, other = (open_product(folder / path.name) for folder in (path.parent, theirs))
        flagged = [(image.dq & outlier) != 0 for image in (one, other)]
        both += int((flagged[0] & flagged[1]).sum())
        one_only += int((flagged[0] & ~flagged[1]).sum())
        other_only += int((flagged[1] & ~flagged[0]).sum())
        sky = read_scene(truth / f"{path.name.split('_o001')[0]}_scene.fits").keywords["SKY"]
        levels.append([image.meta.background.level - sky for image in (one, other)])
    if not levels:
        return [Criterion(f"{name}: exposures with flags", "none", "some", holds=False)]
    # One level is free.
    errors = np.std(np.array(levels), axis=0)
    return [
        Criterion(f"{name}: levels of the sky, error against the truth",
                  f"{errors[0]:.4f} MJy/sr, the peer {errors[1]:.4f}",
                  "no larger than the peer's", bool(errors[0] <= errors[1])),
        Criterion(f"{name}: outliers", f"{both} both, {one_only} ours only, {other_only} theirs",
                  "95 % of theirs found", both > 0 and other_only <= 0.05 * (both + other_only)),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
