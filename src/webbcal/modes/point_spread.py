"""How wide stars are on the pixels: by instrument, detector and filter."""

import math
import re

__all__ = ["star_width"]

APERTURE_M = 6.5
DIFFRACTION = 1.03  # full width at half maximum of the core, over wavelength / aperture
ARCSEC_PER_RADIAN = 180 * 3600 / math.pi

PIXEL_WIDTH = math.sqrt(8 * math.log(2) / 12)
"""Full width of the Gaussian curve that has the variance of a pixel, in pixels."""

LEAST_WIDTH = 1.5
"""Where the core is narrower than a pixel, what neighbours see of it is as wide as this."""

PIXEL_SCALES = {"NIRCAM": 0.031, "NIRISS": 0.0656, "MIRI": 0.11, "FGS": 0.069, "NIRSPEC": 0.104}
"""Width of pixels, arcsec; of NIRCam those of the short channel."""

LONG_CHANNEL = 2.03
"""Width of pixels of the long channel of NIRCam over that of the short one."""

UNFILTERED_UM = {"FGS": 2.5}
"""Wavelength that tells the width where there are no filters, micrometre."""

_FILTER = re.compile(r"F(\d{3,4})[NMWL]")


def star_width(instrument: str, detector: str, *elements: str) -> float | None:
    r"""Return the full width at half maximum of stars, in pixels of the detector.

    .. math:: w^2 = (1.03 \lambda / D)^2 + 8 \ln 2 / 12

    in pixels: the core of the diffraction pattern of an aperture of 6.5 m, and the pixel itself;
    1.5 at least.

    Parameters
    ----------
    instrument, detector : str
        Keywords INSTRUME and DETECTOR.
    *elements : str
        Names in the wheels of filters, FILTER and PUPIL. The wavelength is that in the name of
        the last one that has one; the pupil wheel holds the narrower ones.

    Returns
    -------
    float or None
        None where there is no such instrument or filter.

    Notes
    -----
    Within 5 % of the widths that were measured in flight with all nine filters of MIRI.

    Source: JWST User Documentation, point-spread functions of the instruments.
    """
    scale = PIXEL_SCALES.get(instrument)
    if scale is None:
        return None
    if instrument == "NIRCAM" and detector.endswith(("LONG", "5")):
        scale *= LONG_CHANNEL
    found = [match[1] for match in map(_FILTER.match, elements) if match]
    micrometres = float(found[-1]) / 100 if found else UNFILTERED_UM.get(instrument)
    if micrometres is None:
        return None
    core = DIFFRACTION * micrometres * 1e-6 / APERTURE_M * ARCSEC_PER_RADIAN / scale
    return max(math.hypot(core, PIXEL_WIDTH), LEAST_WIDTH)
