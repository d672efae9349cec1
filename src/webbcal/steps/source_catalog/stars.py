"""Find stars by their shape, where the user prefers that to segments."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from webbcal.steps.source_catalog.options import SourceCatalogOptions

if TYPE_CHECKING:
    from webbcal.steps.source_catalog.detection import Background, Planes, Segments


def find_stars(
    planes: "Planes",
    background: "Background",
    images: tuple[np.ndarray, np.ndarray],
    above: np.ndarray,
    options: SourceCatalogOptions,
) -> "Segments | None":
    """Return the stars that DAOFIND or IRAF's starfind find; None if there are none.

    `images`: the smoothed image without background, and that background. The threshold is
    `snr_threshold` times the median deviation of the background. A star's segment is what lies
    above the threshold of segments, downhill from it.

    Source: P. B. Stetson 1987, PASP 99, 191; IRAF, task starfind.
    """
    from photutils.detection import DAOStarFinder, IRAFStarFinder
    from photutils.utils.exceptions import NoDetectionsWarning

    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.deblending import flood_from
    from webbcal.kernels.segments import segment_boxes
    from webbcal.steps.source_catalog.detection import Segments

    finder = {"dao": DAOStarFinder, "iraf": IRAFStarFinder}[options.starfinder]
    smoothed, level = images
    deviation = background.deviations
    values = planes.sci - level
    unknown = ~np.isfinite(values)
    values[unknown] = 0
    separation = max(2, int(options.minsep_fwhm * options.kernel_fwhm + 0.5))
    extra = {"min_separation": separation} if options.starfinder == "iraf" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDetectionsWarning)
        table = finder(
            threshold=options.snr_threshold * float(np.median(deviation)),
            fwhm=options.kernel_fwhm,
            sigma_radius=options.sigma_radius,
            sharpness_range=(options.sharplo, options.sharphi),
            roundness_range=(options.roundlo, options.roundhi)
            if options.starfinder == "iraf"
            else (-options.roundhi, options.roundhi),
            n_brightest=options.brightest,
            peak_max=options.peakmax,
            **extra,
        )(values, mask=unknown)
    if table is None:
        return None
    centres = np.stack([table["x_centroid"], table["y_centroid"]], axis=1).astype(np.float64)
    centres = centres[np.lexsort((centres[:, 0], np.floor(centres[:, 1])))]
    seeds = np.rint(centres).astype(np.int64)
    labels = np.asarray(
        flood_from(
            frozen(smoothed), frozen(above.view(np.uint8)), frozen(seeds), options.connectivity
        )
    )
    return Segments(labels, segment_boxes(labels, len(seeds)), smoothed, level, centres)
