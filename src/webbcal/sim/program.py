"""Simulate a whole programme: raw exposures, references, truth, associations."""

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import CannotWrite
from webbcal.sim.association_files import write_associations
from webbcal.sim.crds_cache import write_cache
from webbcal.sim.effects import Effect, effects_of
from webbcal.sim.instruments import subarray_of
from webbcal.sim.keywords import (
    exposure_meta,
    group_times,
    integration_times,
    root_name,
    segment_values,
)
from webbcal.sim.pixels import Pixels, make_pixels
from webbcal.sim.ramps import expose
from webbcal.sim.readout import Readout
from webbcal.sim.references import make_references
from webbcal.sim.scene import dither, observe, star_field
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.sim.truth import Truth, write_truth
from webbcal.spec.products import Uncal
from webbcal.spec.references import Reference


@dataclass(frozen=True)
class SimulatedExposure:
    """One exposure in memory.

    Attributes
    ----------
    root : str
        File name without suffix.
    uncal : Uncal
        The raw exposure.
    truth : Truth
        What a perfect calibration would find.
    references : mapping
        Type to reference, on the pixels of the exposure.
    readout : Readout
        Geometry and timing.
    """

    root: str
    uncal: Uncal
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
        Level 2 and level 3.
    """

    exposures: tuple[Path, ...]
    truths: tuple[Path, ...]
    crds: Path
    references: Mapping[str, Path]
    associations: tuple[Path, ...]


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

    @classmethod
    def prepare(cls, options: ImageSimulation, seed: int) -> "_Programme":
        chip, window = options.chip, options.window
        timing = (options.read_pattern, options.ngroups, options.nints)
        readout = Readout.of(chip, window, *timing)
        stars = star_field(
            window,
            options.stars,
            options.faintest_star,
            options.brightest_star,
            generator(seed, "stars"),
        )
        if not options.full_frame_references or window.full_frame:
            pixels = make_pixels(options, readout, seed)
            effects = effects_of(options, readout, pixels, seed)
            return cls(options, seed, readout, pixels, readout, pixels, stars, effects)
        whole = Readout.of(chip, subarray_of("FULL", chip), *timing)
        every = make_pixels(options, whole, seed)
        part = every.cut(
            slice(window.y_start - 1, window.y_start - 1 + window.rows),
            slice(window.x_start - 1, window.x_start - 1 + window.columns),
        )
        effects = effects_of(options, readout, part, seed)
        return cls(options, seed, readout, part, whole, every, stars, effects)

    def expose(self, number: int) -> Iterator[tuple[str, Uncal, Truth]]:
        """Take one exposure, numbered from 0; it comes in one or more segments."""
        options, readout, pixels = self.options, self.readout, self.pixels
        offset = dither(number)
        light = not options.is_dark
        scene = observe(
            self.stars if light else self.stars[:0],
            readout.window,
            readout.detector,
            options.filter_name,
            options.sky * light,
            offset,
        )
        ramps = expose(options, readout, pixels, scene.rate, self.seed, number, self.effects)
        meta = exposure_meta(options, readout, number, offset)
        groups = group_times(readout, number)
        for segment in range(options.segments):
            part = _share(options.nints, options.segments, segment)
            rows = slice(part.start, part.stop)
            uncal = Uncal(
                meta=meta.replace(segment_values(options, number, segment, part)),
                sci=ramps.groups[rows],
                group=groups[part.start * readout.groups : part.stop * readout.groups],
                int_times=integration_times(readout, number),
            )
            if ramps.zero_frame is not None:
                uncal = replace(uncal, zeroframe=ramps.zero_frame[rows])
            further: dict[str, Any] = {}
            records: dict[str, np.ndarray] = {}
            for effect in self.effects:
                further |= effect.extensions(number, part)
                records |= effect.truth(number, part)
            uncal = replace(uncal, **further)
            hits = ramps.hits[np.isin(ramps.hits["integration"], part)]
            hits["integration"] -= part.start
            truth = Truth(
                rate=scene.rate * pixels.response / pixels.gain,
                scene=scene.rate,
                hits=hits,
                saturation_group=ramps.saturation_group[rows],
                catalogue=scene.catalogue,
                pixels=pixels,
                effects=records,
            )
            yield root_name(options, number, segment), uncal, truth

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


def _share(integrations: int, segments: int, segment: int) -> range:
    """Return the integrations of a segment; the shares differ by one at most."""
    return range(segment * integrations // segments, (segment + 1) * integrations // segments)


def simulate_exposures(options: ImageSimulation, seed: int = 0) -> Iterator[SimulatedExposure]:
    """Simulate the exposures of a programme in memory, file by file: segments one by one."""
    programme = _Programme.prepare(options, seed)
    references = programme.own_references()
    for number in range(options.exposures):
        for root, uncal, truth in programme.expose(number):
            yield SimulatedExposure(root, uncal, truth, references, programme.readout)


def simulate_exposure(options: ImageSimulation, seed: int = 0) -> SimulatedExposure:
    """Simulate the first exposure of a programme in memory, with references and truth."""
    return next(simulate_exposures(options, seed))


def simulate_files(options: ImageSimulation, output_dir: Path | str, seed: int = 0) -> SimulatedSet:
    """Simulate a programme and write its files.

    Parameters
    ----------
    options : ImageSimulation
        Instrument set-up, scene and effects.
    output_dir : path
        Made if it does not exist. Gets ``*_uncal.fits``, two ``*_asn.json``, ``truth/`` and
        ``crds/``.
    seed : int
        Same seed and options: same pixels.

    Returns
    -------
    SimulatedSet
        The files.

    Raises
    ------
    CannotWrite
        If the folder cannot be written.
    """
    folder = Path(output_dir)
    try:
        return _write_programme(_Programme.prepare(options, seed), folder)
    except OSError as error:
        advice = "Free some space." if error.errno == errno.ENOSPC else "Choose another folder."
        raise CannotWrite(
            f"cannot write the simulation ({error.strerror or error})",
            where=error.filename or folder,
            advice=advice,
        ) from None


def _write_programme(programme: _Programme, folder: Path) -> SimulatedSet:
    from webbcal.io.write import write_product

    options = programme.options
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    exposures, truths, roots = [], [], []
    for number in range(options.exposures):
        for root, uncal, truth in programme.expose(number):
            exposures.append(folder / f"{root}_uncal.fits")
            truths.append(folder / "truth" / f"{root}_truth.fits")
            write_product(uncal, exposures[-1])
            write_truth(truth, truths[-1])
            roots.append(root)
    files = write_cache(programme.references(), options, programme.readout.outputs, folder / "crds")
    associations = write_associations(options, roots, folder)
    return SimulatedSet(
        tuple(exposures), tuple(truths), folder / "crds", files, tuple(associations)
    )
