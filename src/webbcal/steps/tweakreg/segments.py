"""Sources as connected pixels above a threshold."""

import warnings

import numpy as np

from webbcal.kernels.arrays import frozen
from webbcal.steps.tweakreg.options import TweakregOptions
from webbcal.steps.tweakreg.shapes import FWHM_PER_SIGMA

KRON = (2.5, 1.4, 0.0)  # scale, smallest radius and smallest aperture
MODES = {"exponential": 0, "linear": 1, "sinh": 2}  # of the kernel


def find_segments(
    flat: np.ndarray, hidden: np.ndarray, threshold: float, options: TweakregOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Return where sources are and how bright they are.

    Parameters
    ----------
    flat : ndarray
        Image without background, 0 where unusable, float32, axes (y, x).
    hidden : ndarray
        Unusable pixels, bool, axes (y, x).
    threshold : float
        Of the image after smoothing by a Gaussian curve of `kernel_fwhm`.
    options : TweakregOptions
        Pixels of a source, deblending, fluxes.

    Returns
    -------
    tuple of ndarray
        Row and column nearest to the centroid, int64, axes (source, 2), and flux in a Kron
        aperture, both as photutils measures them, the brightest first.

    Source: Bertin and Arnouts, sections 5 and 6; Kron 1980.
    """
    from astropy.convolution import Gaussian2DKernel
    from photutils.segmentation import SegmentationImage, SourceCatalog

    from webbcal.kernels.star_search import filtered

    shape = Gaussian2DKernel(options.kernel_fwhm / FWHM_PER_SIGMA).array
    smooth = filtered(flat, frozen(shape / shape.sum(), np.float64))
    labels = _labels(smooth, (smooth > threshold) & ~hidden, options)
    if not labels.any():
        return np.empty((0, 2), np.int64), np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on sources without a flux, which are left out
        catalog = SourceCatalog(
            flat,
            SegmentationImage(labels),
            convolved_data=smooth,
            mask=hidden,
            local_bkg_width=options.localbkg_width,
            aperture_mask_method=options.apermask_method,
            kron_params=options.kron_params or KRON,
        )
        centroids = np.atleast_2d(np.asarray(catalog.centroid))
        flux = np.atleast_1d(np.asarray(catalog.kron_flux))
    good = np.isfinite(centroids).all(axis=1) & np.isfinite(flux)
    places = np.rint(centroids[good][:, ::-1]).astype(np.int64)
    order = np.argsort(-flux[good], kind="stable")
    return places[order], flux[good][order]


def _labels(smooth: np.ndarray, above: np.ndarray, options: TweakregOptions) -> np.ndarray:
    """Return the number of the source of each pixel, int32, 0 for none, from 1 without gaps."""
    from webbcal.kernels.deblending import deblend
    from webbcal.kernels.segments import segment_boxes
    from webbcal.numerics.regions import labelled

    labels, count = labelled(above, options.connectivity)
    boxes = segment_boxes(labels, count)
    mode = MODES[options.multithresh_mode]
    rules = np.array([options.npixels, options.nlevels, mode, options.connectivity], np.int64)
    image, segments = frozen(smooth), frozen(labels, np.int32)
    result = np.zeros(labels.shape, np.int32)
    last = 0
    for number, box in enumerate(boxes, 1):
        if box[4] < options.npixels:
            continue
        window = np.s_[box[0] : box[1] + 1, box[2] : box[3] + 1]
        part = (labels[window] == number).astype(np.int32)
        if options.deblend and box[4] >= 2 * options.npixels:
            parts = deblend(image, segments, number, frozen(box), frozen(rules), options.contrast)
            part = parts if parts.size else part
        np.copyto(result[window], part + np.int32(last), where=part > 0)
        last += int(part.max())
    return result
