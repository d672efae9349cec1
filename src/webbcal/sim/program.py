"""Simulate a whole programme: raw exposures, references, truth, associations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from webbcal.sim.association_files import write_associations
from webbcal.sim.crds_cache import CONTEXT, write_cache
from webbcal.sim.effects import Effect, effects_of
from webbcal.sim.guiding import guide_star_exposure
from webbcal.sim.instruments import subarray_of
from webbcal.sim.keywords import (
    exposure_meta,
    group_times,
    integration_times,
    root_name,
    segment_values,
)
from webbcal.sim.light_curve import LIGHT_CURVE_DTYPE, transit
from webbcal.sim.pixels import Pixels, make_pixels
from webbcal.sim.ramps import integrate, stored_shape
from webbcal.sim.readout import Readout
from webbcal.sim.recording import Recording
from webbcal.sim.references import make_references
from webbcal.sim.scene import Scene, dither, follow, observe, star_field
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.sim.truth import Truth, write_truth
from webbcal.spec.products import GuiderRaw, Uncal
from webbcal.spec.references import Reference


@dataclass(frozen=True)
class SimulatedExposure:
    """One exposure in memory.

    Attributes
    ----------
    root : str
        File name without suffix.
    uncal : Uncal or GuiderRaw
        The raw exposure.
    truth : Truth
        What a perfect calibration would find.
    references : mapping
        Type to reference, on the pixels of the exposure.
    readout : Readout
        Geometry and timing.
    """

    root: str
    uncal: Any
    truth: Truth
    references: Mapping[str, Reference]
    readout: Readout


@dataclass(frozen=True)
class SimulatedSet:
    """The files of a simulated programme.

    Attributes
    ----------
    exposures, truths : tuple of Path
        Raw exposures, and the truth of each.
    crds : Path
        Reference cache: the value of CRDS_PATH.
    references : mapping
        Type to file.
    associations : tuple of Path
        Level 2 and level 3, where the exposures go on to them.
    scenes : tuple of Path
        Of a programme of images: the true sky and pointing of each exposure.
    catalogues : tuple of Path
        Likewise: the true sources, and what a survey knows of them.
    """

    exposures: tuple[Path, ...]
    truths: tuple[Path, ...]
    crds: Path
    references: Mapping[str, Path]
    associations: tuple[Path, ...]
    scenes: tuple[Path, ...] = ()
    catalogues: tuple[Path, ...] = ()

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return environment variables that make its references those of a run.

        Parameters
        ----------
        base : mapping
            The environment otherwise; what it says of CRDS is left out.
        """
        kept = {name: value for name, value in base.items() if not name.startswith("CRDS_")}
        return kept | {
            "CRDS_PATH": str(self.crds),
            "CRDS_CONTEXT": CONTEXT,
            "CRDS_MODE": "local",
            "CRDS_READONLY_CACHE": "1",
        }


class Field(Protocol):
    """A sky that is known beyond the exposures; without one, stars are drawn on the pixels."""

    def scene(self, number: int) -> Scene:
        """Return what an exposure, numbered from 0, sees."""
        ...

    def offset(self, number: int) -> tuple[float, float]:
        """Return its dither, x and y, pixel."""
        ...

    def pointing(self, number: int) -> Mapping[str, Any]:
        """Return the metadata of its pointing, by path below ``meta``."""
        ...


@dataclass(frozen=True)
class _Programme:
    """What all exposures of a programme share."""

    options: ImageSimulation
    seed: int
    readout: Readout
    pixels: Pixels
    reference_readout: Readout
    reference_pixels: Pixels
    stars: np.ndarray
    effects: tuple[Effect, ...]
    field: Field | None = None

    @classmethod
    def prepare(
        cls, options: ImageSimulation, seed: int, field: Field | None = None
    ) -> "_Programme":
        chip, window = options.chip, options.window
        timing = (options.read_pattern, options.ngroups, options.nints)
        readout = Readout.of(chip, window, *timing)
        stars = star_field(
            window,
            options.stars if field is None else 0,
            options.faintest_star,
            options.brightest_star,
            generator(seed, "stars"),
        )
        if not options.full_frame_references or window.full_frame:
            pixels = make_pixels(options, readout, seed)
            effects = effects_of(options, readout, pixels, seed)
            return cls(options, seed, readout, pixels, readout, pixels, stars, effects, field)
        whole = Readout.of(chip, subarray_of("FULL", chip), *timing)
        every = make_pixels(options, whole, seed)
        part = every.cut(
            slice(window.y_start - 1, window.y_start - 1 + window.rows),
            slice(window.x_start - 1, window.x_start - 1 + window.columns),
        )
        part.response[readout.unlit_pixels()] = 0
        effects = effects_of(options, readout, part, seed)
        return cls(options, seed, readout, part, whole, every, stars, effects, field)

    def expose(self, number: int, folder: Path | None = None) -> Iterator["_Segment"]:
        """Take one exposure, numbered from 0; it comes in one or more segments.

        The segments are to be used in order, each before the next one is asked for. With a
        folder, large arrays are put down there meanwhile.
        """
        options, readout = self.options, self.readout
        offset = dither(number) if self.field is None else self.field.offset(number)
        scene = self._scene(number, offset) if self.field is None else self.field.scene(number)
        steady = scene.variable is None
        source = integrate(
            options,
            readout,
            self.pixels,
            scene.rate if steady else scene.at,
            self.seed,
            number,
            self.effects,
        )
        meta = exposure_meta(options, readout, number, offset)
        if self.field is not None:
            meta = meta.replace(self.field.pointing(number))
        groups, times = group_times(readout, number), integration_times(readout, number)
        raw_shape = stored_shape(readout, self.effects)
        for segment in range(options.segments):
            part = _share(options.nints, options.segments, segment)
            recording = Recording(source, part, readout.groups, raw_shape, readout.shape, folder)
            further: dict[str, Any] = {}
            for effect in self.effects:
                further |= effect.extensions(number, part)
            stored = {name: a for name, a in further.items() if not isinstance(a, np.ndarray)}
            stored["sci"] = recording.groups
            if options.zero_frame:
                stored["zeroframe"] = recording.zero_frames
            uncal = Uncal.from_stored(
                stored,
                meta=meta.replace(segment_values(options, number, segment, part)),
                group=groups[part.start * readout.groups : part.stop * readout.groups],
                int_times=times,
                **{name: array for name, array in further.items() if name not in stored},
            )
            root = root_name(options, number, segment)
            yield _Segment(self, number, part, root, uncal, recording, scene, times)

    def _scene(self, number: int, offset: tuple[float, float]) -> Scene:
        options, readout = self.options, self.readout
        stars, sky, flux = self.stars, options.sky, None
        if options.is_dark:
            stars, sky = stars[:0], 0.0
        if (options.is_time_series or options.is_guiding) and len(stars):
            stars = follow(stars, readout.window, options.brightest_star)
        if options.is_time_series and len(stars):
            phase = (np.arange(options.nints) + 0.5) / options.nints
            flux = transit(phase, options.transit_depth, options.transit_duration)
        return observe(
            stars, readout.window, readout.detector, options.filter_name, sky, offset, flux
        )

    def own_references(self) -> dict[str, Reference]:
        """Return the references of the subarray."""
        made = make_references(self.options, self.readout, self.pixels, self.seed)
        for effect in self.effects:
            made |= effect.references(made)
        return made

    def references(self) -> dict[str, Reference]:
        """Return the references: of the subarray, or of the whole detector.

        The dark is that of the subarray in either case: its frames are as far apart in time as
        those of the exposure.
        """
        options, seed = self.options, self.seed
        own = self.own_references()
        if self.reference_readout is self.readout:
            return own
        whole = make_references(options, self.reference_readout, self.reference_pixels, seed)
        return {**own, **whole, "dark": own["dark"]}


@dataclass(frozen=True)
class _Segment:
    """One file of an exposure; the pixels of `uncal` are simulated when they are read."""

    programme: _Programme
    exposure: int
    part: range
    root: str
    uncal: Uncal
    recording: Recording
    scene: Scene
    times: np.ndarray

    def truth(self) -> Truth:
        """Return what was true of this file, once its pixels have been read."""
        self.recording.finish()
        pixels, scene = self.programme.pixels, self.scene
        records: dict[str, np.ndarray] = {}
        for effect in self.programme.effects:
            records |= effect.truth(self.exposure, self.part)
        mean, variable, curve = scene.rate, None, None
        if scene.variable is not None and scene.flux is not None:
            rows = slice(self.part.start, self.part.stop)
            flux = scene.flux[rows]
            mean = scene.rate + scene.variable * (flux.mean() - scene.flux.mean())
            variable = scene.variable * pixels.response / pixels.gain
            curve = np.zeros(len(flux), LIGHT_CURVE_DTYPE)
            curve["integration"] = np.arange(self.part.start, self.part.stop) + 1
            curve["mid_time"] = self.times["int_mid_MJD_UTC"][rows]
            curve["flux"] = flux
        return Truth(
            rate=mean * pixels.response / pixels.gain,
            scene=mean,
            hits=self.recording.hits,
            saturation_group=self.recording.saturation_group,
            catalogue=scene.catalogue,
            pixels=pixels,
            effects=records,
            variable_rate=variable,
            light_curve=curve,
        )

    @property
    def product(self) -> Uncal | GuiderRaw:
        """The file's content, its pixels still to be simulated."""
        programme = self.programme
        if not programme.options.is_guiding:
            return self.uncal
        return guide_star_exposure(self.uncal, programme.options, programme.readout, self.exposure)

    def in_memory(self) -> Uncal | GuiderRaw:
        """Return the exposure with all its arrays in memory."""
        product = self.product
        names = [n for n in ("sci", "zeroframe", "refout") if product.stored(n) is not None]
        return replace(product, **{name: getattr(product, name) for name in names})


def _share(integrations: int, segments: int, segment: int) -> range:
    """Return the integrations of a segment; the shares differ by one at most."""
    return range(segment * integrations // segments, (segment + 1) * integrations // segments)


def simulate_exposures(options: ImageSimulation, seed: int = 0) -> Iterator[SimulatedExposure]:
    """Simulate the exposures of a programme in memory, file by file: segments one by one."""
    programme = _Programme.prepare(options, seed)
    references = programme.own_references()
    for number in range(options.exposures):
        for segment in programme.expose(number):
            uncal = segment.in_memory()
            yield SimulatedExposure(
                segment.root, uncal, segment.truth(), references, programme.readout
            )


def simulate_exposure(options: ImageSimulation, seed: int = 0) -> SimulatedExposure:
    """Simulate the first exposure of a programme in memory, with references and truth."""
    return next(simulate_exposures(options, seed))


def write_programme(options: ImageSimulation, folder: Path, seed: int = 0) -> SimulatedSet:
    """Write the files of a programme of one detector; see `webbcal.sim.simulate_files`."""
    programme = _Programme.prepare(options, seed)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    made = _write_exposures(programme, folder)
    files = write_cache(programme.references(), options, programme.readout.outputs, folder / "crds")
    associations = write_associations(options, [root for root, _, _ in made], folder)
    return SimulatedSet(
        tuple(exposure for _, exposure, _ in made),
        tuple(truth for _, _, truth in made),
        folder / "crds",
        files,
        tuple(associations),
    )


def write_exposures(
    options: ImageSimulation, seed: int, folder: Path, field: Field
) -> tuple[list[tuple[str, Path, Path]], dict[str, Reference]]:
    """Write the raw exposures of a detector on some sky, and their truth.

    Returns
    -------
    list
        Root, exposure and truth of each file.
    dict
        References by type.
    """
    programme = _Programme.prepare(options, seed, field)
    return _write_exposures(programme, folder), programme.references()


def _write_exposures(programme: _Programme, folder: Path) -> list[tuple[str, Path, Path]]:
    from webbcal.io.write import write_product

    made = []
    for number in range(programme.options.exposures):
        for segment in programme.expose(number, folder):
            exposure = folder / f"{segment.root}_uncal.fits"
            truth = folder / "truth" / f"{segment.root}_truth.fits"
            write_product(segment.product, exposure)
            write_truth(segment.truth(), truth)
            made.append((segment.root, exposure, truth))
    return made
