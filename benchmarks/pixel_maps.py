"""Time the maps of pixels between images against the transforms themselves, on one core.

    python -m benchmarks.pixel_maps [DISTORTION.asdf ...]

For each distortion (one of our own without an argument): seconds of gwcs for a whole frame,
milliseconds to make a map and to evaluate it, their ratio, and the errors. Best of several runs.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from astropy import coordinates, units
from astropy.modeling.models import Pix2Sky_TAN, RotateNative2Celestial, Scale, Shift
from gwcs import WCS, coordinate_frames
from tests.geometry.distortions import distortion

from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.pixel_map import pixel_map
from webbcal.io.read import open_product
from webbcal.spec.references import Distortion

RUNS = 7
MOSAIC_SCALE = 0.6  # pixels of the mosaic over those of the image


def best(function: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """Return the shortest of several run times in seconds, and the last result."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return min(times), result


def mosaic(pointing: Pointing, scale: float) -> WCS:
    """Return a tangential projection with north up; scale in degrees per pixel."""
    to_sky = (
        (Shift(-2000.0) & Shift(-2000.0))
        | (Scale(-scale) & Scale(scale))
        | Pix2Sky_TAN()
        | RotateNative2Celestial(pointing.ra_ref, pointing.dec_ref, 180.0)
    )
    pixels = coordinate_frames.Frame2D(name="detector", unit=(units.pix, units.pix))
    sky = coordinate_frames.CelestialFrame(name="world", reference_frame=coordinates.ICRS())
    return WCS([(pixels, to_sky), (sky, None)])


def measure(name: str, model: Any, shape: tuple[int, int]) -> None:
    """Print the lines for one distortion."""
    middle = [float(value) for value in model(shape[1] / 2, shape[0] / 2)]
    beside = [float(value) for value in model(shape[1] / 2 + 1, shape[0] / 2)]
    scale = np.hypot(beside[0] - middle[0], beside[1] - middle[1]) / 3600.0
    pointing = Pointing(*middle, 80.0, -69.4, 30.0, 1.0001)
    turned = Pointing(*middle, 80.003, -69.401, 31.0, 1.0001)
    source = imaging_wcs(model, pointing, shape)
    y, x = np.indices(shape, float)
    targets = {
        "image": imaging_wcs(model, turned, shape),
        "mosaic": mosaic(pointing, MOSAIC_SCALE * scale),
    }
    for kind, target in targets.items():

        def evaluate(target: Any = target) -> Any:
            sky = source(x, y, with_bounding_box=False)
            return target.invert(*sky, with_bounding_box=False)

        def make(target: Any = target) -> Any:
            return pixel_map(source, target, shape)

        exact_s, exact = best(evaluate, 2)
        make().positions()  # loads the kernel
        make_s, found = best(make)
        evaluate_s, positions = best(found.positions)
        wrong = np.hypot(positions[..., 0] - exact[0], positions[..., 1] - exact[1]).max()
        print(
            f"{name:36} to {kind:6}: gwcs {exact_s:.2f} s, map {1e3 * make_s:.0f} + "
            f"{1e3 * evaluate_s:.0f} ms, {exact_s / (make_s + evaluate_s):.0f} times faster; "
            f"error verified {found.error:.1e}, of all pixels {wrong:.1e}"
        )


def main() -> None:
    """Measure each distortion named, or our own."""
    paths = [Path(word) for word in sys.argv[1:]]
    if not paths:
        measure("own distortion", distortion(), (2048, 2048))
    for path in paths:
        reference = open_product(path, Distortion)
        assert isinstance(reference, Distortion)
        miri = reference.meta.instrument.name == "MIRI"
        measure(path.stem[:36], reference.transform, (1024, 1032) if miri else (2048, 2048))


if __name__ == "__main__":
    main()
