"""Sky levels of images, and their differences where images see the same sky."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.usable import unusable
from webbcal.geometry.sky_patch import SkyPatch, sky_patch
from webbcal.kernels.arrays import frozen
from webbcal.numerics.sky_level import Clipping, SkyLevel, sky_level
from webbcal.spec.products import Cal
from webbcal.steps._set import Tools, read_plane
from webbcal.steps.skymatch.options import SkyMatchOptions

FEW_PAIRS, STRIDE = 4, 3
"""With more pairs per image than these, only every third pixel of a row is taken: many pairs share
the noise. The number is odd, so that the starts of consecutive rows fill all columns."""

PEAK_REACH = 2.0
"""How much of the peak of differences tells their mode: their distribution is symmetric."""

FEWEST = 100
"""With fewer pixels in common, two images do not overlap."""

FINE = 32  # pixel
"""Distance of exact positions, between which those of all pixels are interpolated."""

COARSE = 8
"""Parts along an axis by which overlaps are looked for."""

PARTNERS = 8
"""Overlaps that each image takes part in with its largest ones, where there are very many."""

BAND = 256  # rows


@dataclass(frozen=True)
class Overlap:
    """Two images that may see the same sky, and about how many pixels of the first do."""

    first: int
    second: int
    pixels: float


@dataclass(frozen=True)
class Difference:
    """Sky of one image less that of another where they overlap."""

    first: int
    second: int
    level: SkyLevel


def usable_plane(image: Cal, options: SkyMatchOptions) -> np.ndarray:
    """Return the values of an image, float32, axes (y, x), NaN where they are not to be used."""
    from webbcal.kernels.sky import keep_usable

    bad = np.uint32(unusable(options.dqbits))
    low = -np.inf if options.lower is None else options.lower
    high = np.inf if options.upper is None else options.upper
    rows, columns = image.shape_of("sci")
    plane = np.empty((rows, columns), np.float32)
    for y in range(0, rows, BAND):
        part = slice(y, min(y + BAND, rows))
        sci, dq = read_plane(image, "sci", part), read_plane(image, "dq", part)
        keep_usable(frozen(sci, np.float32), frozen(dq, np.uint32), bad, low, high, plane[part])
    return plane


def clipping_of(options: SkyMatchOptions) -> Clipping:
    """Return how values are clipped."""
    return Clipping(options.nclip, options.lsigma, options.usigma, options.binwidth)


def own_levels(
    images: Sequence[Cal], options: SkyMatchOptions, tools: Tools
) -> list[SkyLevel | None]:
    """Return the sky level of each image; None where no pixel is usable."""

    def level(image: Cal) -> SkyLevel | None:
        plane = usable_plane(image, options)
        return sky_level(plane[np.isfinite(plane)], options.skystat, clipping_of(options))

    return list(tools.parallel(level, images))


def overlaps(patches: Sequence[SkyPatch | None], groups: Sequence[int]) -> list[Overlap]:
    """Return the pairs of images of different groups that may overlap.

    Of very many, only some are returned: for each image its largest overlaps, among those of
    about the same size the ones 1, 2, 4, 8... images further on, so that chains of pairs stay
    short; and what it takes to connect all that are connected.
    """
    found = []
    for i, first in enumerate(patches):
        if first is None:
            continue
        step = max(first.shape) // COARSE + 1
        nodes = first.nodes(step)
        for j in range(i + 1, len(patches)):
            second = patches[j]
            if second is None or groups[i] == groups[j] or not first.may_overlap(second):
                continue
            pixels = _shared_pixels(nodes, step, second)
            if pixels >= FEWEST:
                found.append(Overlap(i, j, pixels))
    if len(found) <= PARTNERS * len(patches):
        return found
    return _thinned(found, len(patches))


def _shared_pixels(directions: np.ndarray, step: int, second: SkyPatch) -> float:
    """Return about how many pixels of an image lie on a second one; never too few.

    `directions` are those to every `step`-th pixel of the first.
    """
    nodes = second.pixels(directions)
    corners = np.stack([nodes[:-1, :-1], nodes[1:, :-1], nodes[:-1, 1:], nodes[1:, 1:]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.array(second.shape[::-1])
    shared = np.clip(np.minimum(high, size) - np.maximum(low, 0), 0, None) / (high - low)
    return float(np.nansum(shared.prod(axis=-1))) * step**2


def _thinned(found: list[Overlap], count: int) -> list[Overlap]:
    """Return the overlaps that matter most."""

    def rank(overlap: Overlap) -> tuple[int, int, int]:
        size = int(np.log2(max(overlap.pixels, 1.0)))
        apart = overlap.second - overlap.first
        return -size, apart.bit_count(), apart

    kept, taken, joined = set(), [0] * count, list(range(count))
    for k in sorted(range(len(found)), key=lambda k: (*rank(found[k]), found[k].first)):
        i, j = found[k].first, found[k].second
        a, b = _root(joined, i), _root(joined, j)
        if a == b and (taken[i] >= PARTNERS or taken[j] >= PARTNERS):
            continue
        kept.add(k)
        joined[a] = b
        taken[i] += 1
        taken[j] += 1
    return [found[k] for k in sorted(kept)]


def _root(joined: list[int], member: int) -> int:
    while joined[member] != member:
        joined[member] = joined[joined[member]]
        member = joined[member]
    return member


def differences(
    images: Sequence[Cal],
    patches: Sequence[SkyPatch | None],
    pairs: Sequence[Overlap],
    options: SkyMatchOptions,
    tools: Tools,
) -> list[Difference]:
    """Return the difference of the sky for each pair of images that really overlap.

    Each value is taken from the same place of the sky in both images, and where both are usable:
    sources that nobody sees raise the sky of both, and cancel.
    """
    stride = 1 if len(pairs) <= FEW_PAIRS * len(images) else STRIDE
    seconds: dict[int, list[int]] = {}
    for pair in pairs:
        seconds.setdefault(pair.first, []).append(pair.second)

    def of_first(first: int) -> list[Difference]:
        plane = frozen(usable_plane(images[first], options))
        return list(_with_each(images, patches, (first, plane), seconds[first], stride, options))

    results: list[Difference] = []
    for done, part in enumerate(tools.parallel(of_first, list(seconds)), 1):
        results.extend(part)
        tools.progress("sky differences", done, len(seconds))
    return results


def _with_each(
    images: Sequence[Cal],
    patches: Sequence[SkyPatch | None],
    first: tuple[int, np.ndarray],
    seconds: Sequence[int],
    stride: int,
    options: SkyMatchOptions,
) -> Iterator[Difference]:
    """Yield the difference of one image to each of some others."""
    from webbcal.kernels.sky import matched_differences

    position, plane = first
    room = np.empty(plane.size // stride + plane.shape[0], np.float32)
    clipping = replace(clipping_of(options), peak_reach=PEAK_REACH)
    for second in seconds:
        own, other = patches[position], patches[second]
        assert own is not None and other is not None, "pairs are of images with coordinates"
        count = matched_differences(
            plane,
            frozen(usable_plane(images[second], options)),
            frozen(own.nodes_in(other, FINE)),
            FINE,
            stride,
            room,
        )
        if count * stride < FEWEST:
            continue
        level = sky_level(room[:count], options.skystat, clipping)
        if level is not None:
            yield Difference(position, second, level)


def patch_of(image: Cal) -> SkyPatch | None:
    """Return the part of the sky that an image sees, None if it has no coordinates."""
    rows, columns = image.shape_of("sci")
    return None if image.world is None else sky_patch(image.world, (rows, columns))
