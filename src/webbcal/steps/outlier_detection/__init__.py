"""Outlier detection: flag what only one of several exposures of the same sky shows."""

from webbcal.spec.products import Cal
from webbcal.steps._set import SetResult, SetStep, Tools
from webbcal.steps.outlier_detection.imaging import detect_in_images
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions


def detect_outliers(
    images: tuple[Cal, ...], options: OutlierDetectionOptions, tools: Tools
) -> SetResult:
    r"""Flag pixels that differ from what other exposures show at the same place of the sky.

    Each group of exposures, less its sky, is drizzled onto one grid; pixels with a weight below
    `maskpt` of the mean one have no value. The median over groups, interpolated at the pixels of
    each exposure, is what the sky looks like, but for what interpolation took away: the value s
    less the sky b is between r and :math:`r - c \nabla^2 r`. A pixel at a distance d from this
    interval of

    .. math:: d > a_2 \Delta + n_2 \sigma

    is an outlier if it or one of its eight neighbours also exceeds :math:`a_1 \Delta +
    n_1 \sigma`, with the error :math:`\sigma` and the largest difference :math:`\Delta` of r to its
    four neighbours: where r is steep, it depends on the sampling.
    Where just two groups see the sky, r is the lower of both.

    Parameters
    ----------
    images : tuple of Cal
        Exposures, axes (y, x).
    options : OutlierDetectionOptions
        :math:`n` is `snr`, :math:`a` is `scale`, c is `curvature`.
    tools : Tools
        What the runner lends.

    Returns
    -------
    SetResult
        Exposures whose `dq` has new flags; values, errors and variances are NaN where
        they are set. With `save_intermediate_results` also the mosaics of groups
        (``outlier_i2d``), their median and its values at each exposure (``blot``).

    Raises
    ------
    CannotCalibrate
        If all exposures are of one group.

    Notes
    -----
    Flags used: those of `good_bits` say which pixels are drizzled. Flags set: OUTLIER with
    DO_NOT_USE; DO_NOT_USE where value or error is NaN. A NaN value is never an outlier; a NaN
    error counts as 0. Errors that remain do not change.
    Without `resample_data` the median is that of the same pixels of all exposures, the limit
    :math:`n_1 \sigma` alone.
    An outlier in a place that one group sees alone is not found.

    Source: Fruchter and Hook 2002, section 4; JWST User Documentation, calwebb_image3, outlier
    detection.
    """
    return detect_in_images(images, options, tools)


STEP = SetStep(
    "outlier_detection", detect_outliers, OutlierDetectionOptions, status="outlier_detection"
)
