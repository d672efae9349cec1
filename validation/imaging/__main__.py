"""Measure the calibrated images of a simulated programme.

``python -m validation.imaging --folder DIR [--simulation DIR] [--mosaic FILE ...] [--figure
FILE]``: one line per criterion; exit status 1 if one does not hold. `DIR` holds the products (cal,
crf, i2d, cat); the simulation is the folder that ``webbcal simulate`` made, by default the same.
Further mosaics of the same exposures (other scales, other weights) may be named. The figure shows
completeness and purity against magnitude.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table

from validation.criteria import Criterion
from validation.imaging.alignment import measure_alignment
from validation.imaging.background import measure_blank_sky, measure_sky
from validation.imaging.completeness import measure_completeness, plot_completeness
from validation.imaging.cosmic_rays import measure_rejection
from validation.imaging.photometry import (
    Stars,
    flux_pulls,
    forced_photometry,
    match,
    measure_bright,
)
from validation.imaging.products import Programme, load


@dataclass(frozen=True)
class Limits:
    """What an instrument has to reach."""

    relative_mas: float
    absolute_mas: float
    place_mas: float
    sky: float


LIMITS = {
    "NIRCAM": Limits(0.3, 0.5, 0.5, 3e-4),
    "MIRI": Limits(1.0, 2.0, 3.0, 3e-3),
    "NIRISS": Limits(2.0, 2.0, 3.0, 1e-3),
    "FGS": Limits(2.0, 2.0, 3.0, 1e-3),
}
"""NIRCam, and the absolute alignment of MIRI, by the goals of the project; the others by the size
of their pixels."""

WIDTH_ERROR = 1.166
"""Standard error of a width that comes from the median deviation of Gaussian values, times the
root of their number."""

FEWEST = 50
"""Stars that tell a width: of fewer it is uncertain by a third, thrice what is asked."""

FULL_FRAME = 2048 * 2048
"""Pixels that the limits of sky levels are for; their noise grows with the root of fewer."""

FLUX_BIAS, FLUX_SCATTER, PULL, BLANK = 0.005, 0.01, 0.1, 0.05
FOUND_COVERED, FOUND, FALSE = 0.995, 0.97, 0.02


def alignment_lines(programme: Programme, limits: Limits) -> Iterator[Criterion]:
    """Yield what was measured of world coordinates."""
    before, after = measure_alignment(programme.before), measure_alignment(programme.images)
    yield _below(
        f"relative alignment (from {before.relative_mas:.1f} mas)",
        after.relative_mas,
        limits.relative_mas,
        "mas rms",
    )
    yield _below(
        f"absolute alignment (from {before.absolute_mas:.1f} mas)",
        after.absolute_mas,
        limits.absolute_mas,
        "mas",
    )


def catalogue_lines(
    programme: Programme, limits: Limits, figure: Path | None
) -> Iterator[Criterion]:
    """Yield what was measured of a catalogue."""
    assert programme.catalogue is not None
    catalogue = Table.read(programme.catalogue)
    stars = match(catalogue, programme.sources, programme.pixel_scale)
    bright = measure_bright(stars)
    yield _below(
        f"scatter of {bright.count} bright stars, per axis (mean {bright.offset_mas:.2f} mas off, "
        f"{bright.strong_place_mas:.3f} mas above S/N 200)",
        bright.place_mas,
        limits.place_mas,
        "mas",
    )
    bias = bright.ratio - 1
    text = f"{100 * bias:+.2f} %"
    yield Criterion("flux of bright stars", text, "0.5 %", abs(bias) < FLUX_BIAS)
    scatter = bright.scatter
    yield Criterion("its scatter", f"{100 * scatter:.2f} %", "below 1 %", scatter < FLUX_SCATTER)
    yield from pull_lines("fluxes of the catalogue", stars)
    bins = measure_completeness(
        catalogue, programme.sources, programme.images, programme.pixel_scale
    )
    for one in bins:
        print(
            f"     AB {one.magnitude:.2f}: {one.found}/{one.true} found, "
            f"{one.real}/{one.entries} entries real"
        )
    if figure is not None:
        plot_completeness(bins, figure)


def pull_lines(name: str, stars: Stars) -> Iterator[Criterion]:
    """Yield the widths of pulls of fluxes by signal to noise."""
    for one in flux_pulls(stars):
        chance = 2 * WIDTH_ERROR / np.sqrt(one.count)
        if one.count < FEWEST:
            print(f"     {name}, S/N {one.low:g} to {one.high:g}: {one.count} stars are too few")
            continue
        yield Criterion(
            f"pulls of {name}, S/N {one.low:g} to {one.high:g}, {one.count} stars",
            f"width {one.width:.3f}, median {one.shift:+.2f}",
            f"1.0 +- 0.1, and {chance:.2f} by chance",
            abs(one.width - 1) < PULL + chance,
        )


def forced_lines(programme: Programme) -> Iterator[Criterion]:
    """Yield the pulls of fluxes that are measured at the true places."""
    assert programme.mosaic is not None
    assert programme.apcorr is not None
    stars = forced_photometry(
        programme.mosaic, programme.apcorr, programme.sources, programme.pixel_scale
    )
    yield from pull_lines("fluxes at true places", stars)


def cosmic_ray_lines(programme: Programme) -> Iterator[Criterion]:
    """Yield what was measured of cosmic rays."""
    found = measure_rejection(programme.images)
    if not found.strong and not found.flags:
        return
    cases = (
        (
            "cosmic rays above 10 sigma found under 3 dithers",
            found.covered_found,
            found.covered,
            FOUND_COVERED,
        ),
        ("cosmic rays above 10 sigma found", found.found, found.strong, FOUND),
    )
    for name, part, whole, limit in cases:
        if not found.strong:
            continue  # stage 1 has found all of them
        share = part / whole if whole else np.nan
        yield Criterion(
            name, f"{100 * share:.2f} % of {whole}", f"above {100 * limit:.1f} %", share > limit
        )
    share = found.false / found.flags if found.flags else 0.0
    if not found.strong and found.flags < 1 / FALSE:
        print(f"     flags more than a pixel from one: {found.false} of {found.flags}, too few")
        return
    yield Criterion(
        "flags more than a pixel from one",
        f"{100 * share:.2f} % of {found.flags}",
        "below 2 %",
        share < FALSE,
    )


def background_lines(programme: Programme, limits: Limits) -> Iterator[Criterion]:
    """Yield what was measured of the sky."""
    levels = measure_sky(programme.images)
    if not levels.groups:
        return
    rows, columns = programme.images[0].shape
    fewer = np.sqrt(FULL_FRAME / (rows * columns))
    limit = limits.sky * float(max(fewer, 1.0))
    yield _below("differences of sky levels", levels.largest, limit, "MJy/sr", "{:.1e}")


def mosaic_lines(label: str, mosaic: Path, programme: Programme) -> Iterator[Criterion]:
    """Yield what was measured of the noise of a mosaic."""
    blank = measure_blank_sky(mosaic, programme.images)
    name = f"{label}, {blank.blocks} blocks of 8 x 8 of blank sky"
    width = blank.block_width
    yield Criterion(name, f"width {width:.3f}", "1.00 +- 0.05", abs(width - 1) < BLANK)
    corrected = blank.corrected_width
    yield Criterion(
        f"{label}, pixels of blank sky with the recorded factor",
        f"width {corrected:.3f} ({blank.pixel_width:.3f} without)",
        "1.00 +- 0.05",
        abs(corrected - 1) < BLANK,
    )


def _below(name: str, value: float, limit: float, unit: str, form: str = "{:.3f}") -> Criterion:
    return Criterion(name, f"{form.format(value)} {unit}", f"below {limit:g}", bool(value < limit))


def criteria_of(
    folder: Path,
    simulation: Path,
    mosaics: Sequence[tuple[str, Path]] = (),
    figure: Path | None = None,
) -> Iterator[Criterion]:
    """Yield everything that was measured of a calibrated programme.

    Parameters
    ----------
    folder : Path
        Products: cal, crf, i2d, cat.
    simulation : Path
        What they were simulated from.
    mosaics : sequence of (str, Path)
        Further mosaics of the same exposures, by name, whose noise is measured.
    figure : Path or None
        Where completeness is plotted.
    """
    programme = load(folder, simulation)
    limits = LIMITS[programme.instrument]
    yield from alignment_lines(programme, limits)
    if programme.images[0].path.name.endswith("_crf.fits"):
        yield from cosmic_ray_lines(programme)
        yield from background_lines(programme, limits)
    if programme.mosaic is not None:
        yield from mosaic_lines("mosaic", programme.mosaic, programme)
    for name, mosaic in mosaics:
        yield from mosaic_lines(name, mosaic, programme)
    if programme.mosaic is not None and programme.apcorr is not None:
        yield from forced_lines(programme)
    if programme.catalogue is not None:
        yield from catalogue_lines(programme, limits, figure)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--simulation", type=Path)
    parser.add_argument("--mosaic", type=Path, action="append", default=[])
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    holds = True
    others = [(path.name, path) for path in chosen.mosaic]
    for criterion in criteria_of(
        chosen.folder, chosen.simulation or chosen.folder, others, chosen.figure
    ):
        print(criterion, flush=True)
        holds &= criterion.holds
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
