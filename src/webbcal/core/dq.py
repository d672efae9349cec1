"""Data-quality flags: the one table of bits."""

from enum import IntFlag


class DQ(IntFlag):
    """Flags of a pixel, as stored in the 32-bit DQ and PIXELDQ extensions.

    The flags of a group (8-bit GROUPDQ) are the first eight of them.

    Source: JWST data products documentation, table of data quality flags.
    """

    DO_NOT_USE = 1 << 0  # bad pixel, not to be used for science
    SATURATED = 1 << 1  # saturated during the exposure
    JUMP_DET = 1 << 2  # jump (cosmic ray) found during the exposure
    DROPOUT = 1 << 3  # data lost in transmission
    OUTLIER = 1 << 4  # flagged by outlier detection
    PERSISTENCE = 1 << 5  # persistence above the limit
    AD_FLOOR = 1 << 6  # at or below the floor of the analogue-to-digital converter
    CHARGELOSS = 1 << 7  # charge lost to neighbouring pixels
    RESERVED = 1 << 8  # not used
    NON_SCIENCE = 1 << 9  # pixel that sees no light of the science target
    DEAD = 1 << 10  # dead pixel
    HOT = 1 << 11  # hot pixel
    WARM = 1 << 12  # warm pixel
    LOW_QE = 1 << 13  # low quantum efficiency
    RC = 1 << 14  # pixel with a resistor-capacitor time constant
    TELEGRAPH = 1 << 15  # telegraph (popcorn) noise
    NONLINEAR = 1 << 16  # strongly nonlinear
    BAD_REF_PIXEL = 1 << 17  # reference pixel that cannot be used
    NO_FLAT_FIELD = 1 << 18  # flat field cannot be measured
    NO_GAIN_VALUE = 1 << 19  # gain cannot be measured
    NO_LIN_CORR = 1 << 20  # linearity correction not available
    NO_SAT_CHECK = 1 << 21  # saturation check not available
    UNRELIABLE_BIAS = 1 << 22  # bias variance large
    UNRELIABLE_DARK = 1 << 23  # dark variance large
    UNRELIABLE_SLOPE = 1 << 24  # slope variance large
    UNRELIABLE_FLAT = 1 << 25  # flat variance large
    OPEN = 1 << 26  # open pixel: its counts move to its neighbours
    ADJ_OPEN = 1 << 27  # neighbour of an open pixel
    FLUX_ESTIMATED = 1 << 28  # flux estimated because of missing data
    MSA_FAILED_OPEN = 1 << 29  # sees light through a failed-open microshutter
    OTHER_BAD_PIXEL = 1 << 30  # bad for another reason
    REFERENCE_PIXEL = 1 << 31  # pixel that is not sensitive to light


GOOD = 0
"""Value of a pixel without any flag."""
