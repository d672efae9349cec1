"""Stars of one exposure: where they are on the detector, and how well that is known.

`look` takes what is needed from a whole image, in several threads; `judge` works on the small
surroundings of the candidates that remain, in one.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.kernels.arrays import frozen
from webbcal.spec.products import Cal
from webbcal.steps._set import read_plane
from webbcal.steps.tweakreg.options import TweakregOptions
from webbcal.steps.tweakreg.segments import find_segments
from webbcal.steps.tweakreg.shapes import FWHM_PER_SIGMA, Filter, shapes_of

UNUSABLE = DQ.DO_NOT_USE | DQ.NON_SCIENCE
STRIDE = 3  # every third row and column tells level and noise of a box of 400 to 0.7 % of the noise
CLIP_SIGMA, CLIP_ROUNDS = 3.0, 10
MOST_CANDIDATES = 20000  # on which the shape is measured, the highest peaks first
CANDIDATES_PER_STAR = 10  # as many are looked at for every one of the brightest that are wanted
MOVE = 2.0  # pixel: a fit that ends further from the peak has found something else


@dataclass(frozen=True)
class Sources:
    """Stars of an exposure.

    Attributes
    ----------
    x, y : ndarray
        Position in pixel of the image, from 0, float64, axis (star).
    flux : ndarray
        Sum of the pixels that were looked at, unit of the image; 1 where nothing is known.
    error : ndarray
        Standard error of x and of y, pixel, by the noise of the pixels; 0 where nothing is known.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    error: np.ndarray

    def __len__(self) -> int:
        return int(self.x.size)

    def select(self, which: np.ndarray) -> "Sources":
        """Return some of the stars."""
        return Sources(self.x[which], self.y[which], self.flux[which], self.error[which])


@dataclass(frozen=True)
class Candidates:
    """Surroundings of what may be stars, side by side in a patchwork.

    Attributes
    ----------
    sci, err : ndarray
        Values without background, 0 where unusable, and their errors: float32, axes (y, x).
    mask : ndarray
        uint8, axes (y, x): 0 marks an unusable pixel.
    places : ndarray
        Row and column of the middle of each patch in the image, int64, axes (candidate, 2).
    size : int
        Rows and columns of a patch.
    threshold : float
        Of the search.
    flux : ndarray or None
        Of each candidate, axis (candidate); None where the star finders are to tell.
    """

    sci: np.ndarray
    err: np.ndarray
    mask: np.ndarray
    places: np.ndarray
    size: int
    threshold: float
    flux: np.ndarray | None = None

    @property
    def corners(self) -> np.ndarray:
        """First row and column of each patch in the patchwork, axes (candidate, 2)."""
        across = self.sci.shape[1] // self.size
        number = np.arange(len(self.places))
        return np.stack([number // across, number % across], axis=1) * self.size


def look(image: Cal, options: TweakregOptions) -> Candidates:
    """Find what may be stars.

    Parameters
    ----------
    image : Cal
        Calibrated image, axes (y, x); `sci`, `err` and `dq` are read, and not kept.
    options : TweakregOptions
        What may be a star.

    Returns
    -------
    Candidates
        The brightest first.

    Notes
    -----
    Pixels that are DO_NOT_USE, NON_SCIENCE or NaN are left out. The background is the clipped
    median of boxes, the median of three by three of them, linear between their centres; the
    threshold is `snr_threshold` times the median of the deviations of the boxes.
    With ``iraf`` and ``dao``, candidates are peaks of the image filtered by a Gaussian less its
    mean; with ``segmentation``, what photutils finds as connected pixels.
    A source with an unusable pixel among the central 3 x 3 is left out: its position is not
    known, as that of a saturated star. So is one at the border.

    Source: Stetson 1987; Bertin and Arnouts, section 4.
    """
    from webbcal.kernels.mesh import smoothed
    from webbcal.kernels.star_search import flattened, levels_and_noise

    sci = frozen(read_plane(image, "sci"))
    usable = ((read_plane(image, "dq") & np.uint32(UNUSABLE)) == 0) & np.isfinite(sci)
    mask = frozen(usable, np.uint8)
    box = min(options.bkg_boxsize, max(sci.shape))
    levels, noise = levels_and_noise(sci, mask, box, STRIDE, CLIP_SIGMA, CLIP_ROUNDS)
    if not np.isfinite(levels).any():
        return _patchwork(sci, sci, mask, np.empty((0, 2), np.int64), 1, np.nan)
    while np.isnan(medians := smoothed(levels, 1)).any():
        levels = np.where(np.isnan(levels), medians, levels)
    flat = flattened(sci, mask, medians, box)
    threshold = options.snr_threshold * float(np.nanmedian(noise))
    flux = None
    if options.starfinder == "segmentation":
        places, flux = find_segments(flat, ~usable, threshold, options)
    else:
        places = _peaks(flat, threshold, options)
    reach = 2 * max(2, int(options.kernel_fwhm)) + int(MOVE) + 1
    if options.starfinder != "segmentation":
        reach = max(reach, 2 * _filter(options).reach)
    good = np.all((places >= reach) & (places < np.array(sci.shape) - reach), axis=1)
    good[good] = _complete(usable, places[good])
    if options.peakmax is not None:
        good[good] = sci[tuple(places[good].T)] <= options.peakmax
    return _patchwork(
        flat,
        read_plane(image, "err"),
        mask,
        places[good],
        reach,
        threshold,
        None if flux is None else flux[good],
    )


def judge(candidates: Candidates, options: TweakregOptions) -> Sources:
    """Say which candidates are stars, and measure their positions.

    Parameters
    ----------
    candidates : Candidates
        From `look`.
    options : TweakregOptions
        What is a star.

    Returns
    -------
    Sources
        In order of brightness, `brightest` at most.

    Notes
    -----
    With ``iraf`` and ``dao``, sharpness and roundness are measured and judged, with ``dao`` by
    photutils.
    Positions are those of a round Gaussian curve fitted to the pixels around the middle, as far
    as the full width `kernel_fwhm`. On images of a segmented telescope it is off by at most
    0.001 pixel, wherever in its pixel the star is, if two pixels sample the width of the star,
    and by 0.01 pixel rms if one does.

    Source: Stetson 1987; Bevington, chapter 8.
    """
    from webbcal.kernels.star_fit import star_positions

    if len(candidates.places) == 0:
        return Sources(*(np.empty(0) for _ in range(4)))
    reach = candidates.size // 2
    corners = candidates.corners
    flux = candidates.flux
    which = np.arange(len(corners))
    start = corners[:, ::-1] + float(reach)
    if flux is None:
        start, flux = _stars(candidates, options)
        which = _patch_of(candidates, start)
    half = max(2, int(options.kernel_fwhm))
    fits = star_positions(
        candidates.sci,
        candidates.err,
        candidates.mask,
        np.ascontiguousarray(start),
        half,
        options.kernel_fwhm / FWHM_PER_SIGMA,
    )
    moved = fits[:, :2] - corners[which][:, ::-1] - reach
    good = np.hypot(*moved.T) <= max(MOVE, 0.5 * options.kernel_fwhm)  # NaN is not
    x, y = (candidates.places[which][:, ::-1] + moved)[good].T
    error = np.sqrt((fits[good, 2:4] ** 2).mean(axis=1))
    found = Sources(x, y, flux[good], error)
    return found.select(np.argsort(-found.flux, kind="stable")[: options.brightest])


def _complete(usable: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Tell which sources have all their 3 x 3 central pixels."""
    rows, columns = places.T
    good = np.ones(len(places), bool)
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            good &= usable[rows + j, columns + i]
    return good


def _peaks(flat: np.ndarray, threshold: float, options: TweakregOptions) -> np.ndarray:
    """Return row and column of the peaks of the filtered image, the highest first."""
    from webbcal.kernels.star_search import filtered, peaks

    kernel = _filter(options)
    least = threshold * (kernel.noise if options.starfinder == "dao" else 1.0)
    smooth = filtered(flat, frozen(kernel.values, np.float64))
    reach = max(2, int(options.minsep_fwhm * options.kernel_fwhm + 0.5))
    found = peaks(smooth, least, float(reach))
    order = np.argsort(-smooth[found[:, 0], found[:, 1]], kind="stable")
    most = MOST_CANDIDATES
    if options.brightest is not None:
        most = min(most, CANDIDATES_PER_STAR * options.brightest)
    return np.asarray(found[order[:most]])


def _filter(options: TweakregOptions) -> Filter:
    return Filter.of(options.kernel_fwhm, options.sigma_radius)


def _stars(candidates: Candidates, options: TweakregOptions) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the patchwork the star finder sees stars (star, 2), and their fluxes."""
    middles = candidates.corners[:, ::-1] + candidates.size // 2
    if options.starfinder == "dao":
        return _stars_of_photutils(candidates, middles, options)
    found = shapes_of(candidates.sci, middles, _filter(options))
    good = (found.sharpness >= options.sharplo) & (found.sharpness <= options.sharphi)
    good &= (found.roundness >= options.roundlo) & (found.roundness <= options.roundhi)
    return np.stack([found.x, found.y], axis=1)[good], found.flux[good]


def _stars_of_photutils(
    candidates: Candidates, middles: np.ndarray, options: TweakregOptions
) -> tuple[np.ndarray, np.ndarray]:
    # Not at the top: it takes half a second to load.
    from photutils.detection import DAOStarFinder

    finder = DAOStarFinder(
        candidates.threshold,
        options.kernel_fwhm,
        sigma_radius=options.sigma_radius,
        sharpness_range=(options.sharplo, options.sharphi),
        roundness_range=(options.roundlo, options.roundhi),
        xycoords=middles,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no stars is told by the result
        table = finder(candidates.sci)
    if table is None:
        return np.empty((0, 2)), np.empty(0)
    names = ("x_centroid", "y_centroid")
    start = np.stack([np.asarray(table[name], np.float64) for name in names], axis=1)
    return start, np.asarray(table["flux"], np.float64)


def _patch_of(candidates: Candidates, start: np.ndarray) -> np.ndarray:
    """Return the number of the patch that each position (x, y) of the patchwork is in."""
    column, row = np.floor((start.T + 0.5) / candidates.size).astype(np.int64)
    return np.asarray(row * (candidates.sci.shape[1] // candidates.size) + column)


def _patchwork(
    flat: np.ndarray,
    error: np.ndarray,
    mask: np.ndarray,
    places: np.ndarray,
    reach: int,
    threshold: float,
    flux: np.ndarray | None = None,
) -> Candidates:
    size = 2 * reach + 1
    across = max(1, int(np.ceil(np.sqrt(len(places)))))
    down = -(-len(places) // across)
    offsets = np.arange(-reach, reach + 1)
    rows = (places[:, 0, None] + offsets)[:, :, None]
    columns = (places[:, 1, None] + offsets)[:, None, :]

    def laid_out(image: np.ndarray) -> np.ndarray:
        patches = np.zeros((down * across, size, size), image.dtype)
        patches[: len(places)] = image[rows, columns]
        whole = patches.reshape(down, across, size, size).transpose(0, 2, 1, 3)
        return frozen(whole.reshape(down * size, across * size))

    return Candidates(
        laid_out(flat), laid_out(error), laid_out(mask), places, size, threshold, flux
    )
