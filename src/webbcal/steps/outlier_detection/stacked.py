"""The median of exposures pixel by pixel, without resampling."""

from collections.abc import Sequence

import numpy as np

from webbcal.steps._set import Scratch, Tools
from webbcal.steps.outlier_detection.layers import Source, mean_weight, sampled_weights
from webbcal.steps.outlier_detection.options import OutlierDetectionOptions

BAND_BYTES = 80_000_000
"""Room for the pixels of all exposures in one band of rows."""


def median_of_pixels(
    sources: Sequence[Source], options: OutlierDetectionOptions, tools: Tools
) -> Scratch:
    """Return the median over exposures of each pixel whose weight is not too low.

    Parameters
    ----------
    sources : sequence of Source
        The exposures, all of one shape.
    options : OutlierDetectionOptions
        `maskpt` and `two_groups` count.
    tools : Tools
        What the runner lends.

    Returns
    -------
    Scratch
        float32, axes (y, x); NaN where no exposure has a value.
    """
    from webbcal.kernels.outliers import median_of_groups

    rows, columns = sources[0].sci.shape
    least = [mean_weight(sampled_weights(of)) for of in sources]
    median = tools.scratch((rows, columns), np.float32)
    height = int(np.clip(BAND_BYTES // (4 * len(sources) * columns), 1, rows))

    def band(start: int) -> None:
        part = slice(start, min(start + height, rows))
        planes = np.empty((len(sources), part.stop - start, columns), np.float32)
        for plane, of, mean in zip(planes, sources, least, strict=True):
            sci, weight = of.read(part, slice(0, columns))
            low = weight < options.maskpt * (np.inf if mean is None else mean)
            plane[:] = np.where(low | (weight == 0), np.float32(np.nan), sci)
        out = np.empty(planes.shape[1:], np.float32)
        median_of_groups(planes, options.two_groups == "lowest", out)
        median.write((part,), out)

    starts = range(0, rows, height)
    for done, _ in enumerate(tools.tasks(band, starts), 1):
        tools.progress("median of exposures", done, len(starts))
    return median
