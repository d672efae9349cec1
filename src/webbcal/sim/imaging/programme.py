"""Simulate a programme of images: exposures of several detectors on one field of the sky."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.sim.association_files import write_associations
from webbcal.sim.crds_cache import Served, write_cache_of
from webbcal.sim.imaging.catalogues import write_catalogues
from webbcal.sim.imaging.plan import Camera, Plan, Pointed, filter_shift
from webbcal.sim.imaging.rates import MISSED_DTYPE, measure
from webbcal.sim.imaging.references import imaging_references
from webbcal.sim.imaging.rendering import StarStamps, render
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.imaging.truth import POSITION_DTYPE, SceneTruth, write_scene
from webbcal.sim.keywords import exposure_meta, paths_of, root_name
from webbcal.sim.pixels import Pixels, make_pixels
from webbcal.sim.program import SimulatedSet, write_exposures
from webbcal.sim.scene import CATALOGUE_DTYPE, Scene
from webbcal.spec.meta import Meta
from webbcal.spec.products import Rate

STAGE1 = (
    "dq_init",
    "saturation",
    "superbias",
    "refpix",
    "linearity",
    "dark_sub",
    "jump",
    "ramp_fit",
)


@dataclass(frozen=True)
class CameraField:
    """What one detector sees of the field, exposure by exposure."""

    plan: Plan
    camera: Camera

    @cached_property
    def _stamps(self) -> StarStamps:
        return StarStamps(self.camera.chip, self.camera.options.filter_name)

    @cached_property
    def _sky(self) -> np.ndarray:
        """Electrons per second from one MJy/sr, float32 (y, x)."""
        factor = np.float32(self.camera.electrons_per_surface_brightness())
        return self.camera.relative_area() * factor

    def light(self, pointed: Pointed) -> tuple[np.ndarray, np.ndarray]:
        """Return electron/s on pixels of response one, float32 (y, x), and the sources there.

        Sources are entries of `POSITION_DTYPE`, those on the image only.
        """
        camera, sources = self.camera, self.plan.sources
        scale = camera.electrons_per_jansky / self.plan.cameras[0].electrons_per_jansky
        shape = camera.readout.shape
        rate, (x, y) = render(sources, camera.view(pointed.true), shape, self._stamps, scale)
        rate += np.float32(pointed.sky) * self._sky
        inside = (x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5)
        positions = np.zeros(int(inside.sum()), POSITION_DTYPE)
        for name, values in (("id", sources["id"]), ("x", x), ("y", y)):
            positions[name] = values[inside]
        return rate, positions

    def scene(self, number: int) -> Scene:
        """Return the scene of an exposure as the ramps want it."""
        light, positions = self.light(self.plan.exposures[number])
        sources = self.plan.sources[positions["id"] - 1]
        catalogue = np.zeros(len(positions), CATALOGUE_DTYPE)
        for name in ("id", "x", "y"):
            catalogue[name] = positions[name]
        for name in ("rate", "ra", "dec"):
            catalogue[name] = sources[name]
        return Scene(light.astype(np.float64), catalogue)

    def offset(self, number: int) -> tuple[float, float]:
        """Return the dither in pixels."""
        scale = self.camera.chip.pixel_scale
        x, y = self.plan.exposures[number].offset
        return x / scale, y / scale

    def pointing(self, number: int) -> Mapping[str, Any]:
        """Return the metadata of the planned pointing, by path below ``meta``."""
        return paths_of(self.camera.keywords(self.plan.exposures[number]))

    def truth(
        self, pointed: Pointed, light: np.ndarray, positions: np.ndarray, missed: np.ndarray
    ) -> SceneTruth:
        """Return the truth of an exposure."""
        camera = self.camera
        options = camera.options
        shift = filter_shift(options, options.filter_name)
        keywords = {
            **camera.view(pointed.true).keywords(),
            "XCORNER": options.window.x_start - 1,
            "YCORNER": options.window.y_start - 1,
            "XSHIFT": shift[0],
            "YSHIFT": shift[1],
            "SKY": pointed.sky,
            "DETECTOR": options.detector,
            "FILTER": options.filter_name,
        }
        scene = light / self._sky if options.scene_truth else None
        return SceneTruth(keywords, positions, missed, scene)


def rate_meta(field: CameraField, number: int) -> Meta:
    """Return the metadata of a count rate."""
    camera = field.camera
    readout = camera.readout
    meta = exposure_meta(camera.options, readout, number, field.offset(number))
    seconds = readout.integrations * (readout.groups - 1) * readout.group_time_s
    return meta.replace(
        {
            **field.pointing(number),
            "exposure.measurement_time": seconds,
            "bunit_data": "DN/s",
            "bunit_err": "DN/s",
            **{f"cal_step.{step}": "COMPLETE" for step in STAGE1},
        }
    )


def simulate_programme(options: ImagingProgramme, folder: Path, seed: int = 0) -> SimulatedSet:
    """Simulate a programme and write its files; see `webbcal.sim.simulate_files`."""
    plan = Plan.of(options, seed)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    made: list[tuple[str, Path, Path | None, Path]] = []
    served = []
    for camera in plan.cameras:
        field = CameraField(plan, camera)
        pixels = make_pixels(camera.options, camera.readout, seed)
        references = imaging_references(camera, pixels, seed)
        if options.products == "rate":
            made += _write_rates(field, pixels, folder)
        else:
            written, own = write_exposures(camera.options, seed, folder, field)
            references = {**own, **references}
            made += [(*one, _write_truth(field, n, folder)) for n, one in enumerate(written)]
        served.append(Served(references, camera.options, camera.readout.outputs))
    made.sort()
    files = write_cache_of(served, folder / "crds")
    catalogues = write_catalogues(plan, folder)
    roots = [root for root, *_ in made]
    return SimulatedSet(
        tuple(exposure for _, exposure, _, _ in made),
        tuple(truth for _, _, truth, _ in made if truth is not None),
        folder / "crds",
        files,
        tuple(write_associations(plan.cameras[0].options, roots, folder)),
        tuple(scene for *_, scene in made),
        catalogues,
    )


def _write_rates(
    field: CameraField, pixels: Pixels, folder: Path
) -> list[tuple[str, Path, Path | None, Path]]:
    from webbcal.io.write import write_product

    camera, seed = field.camera, field.plan.seed
    made: list[tuple[str, Path, Path | None, Path]] = []
    for pointed in field.plan.exposures:
        light, positions = field.light(pointed)
        arrays = measure(camera.options, camera.readout, pixels, light, seed, pointed.number)
        product = Rate(
            meta=rate_meta(field, pointed.number),
            sci=arrays.sci,
            err=arrays.err,
            dq=arrays.dq,
            var_poisson=arrays.var_poisson,
            var_rnoise=arrays.var_rnoise,
        )
        root = root_name(camera.options, pointed.number)
        path, truth = folder / f"{root}_rate.fits", folder / "truth" / f"{root}_scene.fits"
        write_product(product, path)
        write_scene(field.truth(pointed, light, positions, arrays.missed), truth)
        made.append((root, path, None, truth))
    return made


def _write_truth(field: CameraField, number: int, folder: Path) -> Path:
    """Write the true sky of a raw exposure."""
    pointed = field.plan.exposures[number]
    light, positions = field.light(pointed)
    path = folder / "truth" / f"{root_name(field.camera.options, number)}_scene.fits"
    write_scene(field.truth(pointed, light, positions, np.zeros(0, MISSED_DTYPE)), path)
    return path
