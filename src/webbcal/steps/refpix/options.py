"""Options of the reference-pixel correction."""

from dataclasses import dataclass

from webbcal.core.options import Options, option
from webbcal.geometry.readout import DETECTOR_SIZE


@dataclass(frozen=True)
class RefpixOptions(Options):
    """Options of `subtract_reference_pixels`."""

    odd_even_columns: bool = option(
        True, "Treat odd and even columns apart, whose electronics differ."
    )
    use_side_ref_pixels: bool = option(
        True, "Subtract row by row the drift that the columns at the sides show."
    )
    side_smoothing_length: int = option(
        11,
        "Rows over which the drift at the sides is smoothed; made odd.",
        unit="pixel",
        low=1,
        high=DETECTOR_SIZE,
    )
    side_gain: float = option(1.0, "Factor applied to the drift at the sides.")
    odd_even_rows: bool = option(True, "Treat odd and even rows apart: MIRI.")
    ovr_corr_mitigation_ftr: float = option(
        3.0,
        "Interleaved reference pixels that stand out by more are replaced: IRS2.",
        unit="sigma",
        low=0.0,
    )
    preserve_irs2_refpix: bool = option(
        False, "Keep the interleaved reference pixels in the result: IRS2."
    )
    irs2_mean_subtraction: bool = option(
        False, "Subtract the level of each output before its noise is predicted: IRS2."
    )
    irs2_zeros: str = option(
        "measured",
        "What a sample is that equals its mean over the groups: a measurement like others, or "
        "missing, as the observatory's pipeline has it: IRS2.",
        choices=("measured", "missing"),
    )
    refpix_algorithm: str = option(
        "median",
        "How the columns at the sides are combined: by running medians, or by the filters of a "
        "reference.",
        choices=("median", "sirs"),
    )
    sigreject: float = option(
        4.0,
        "Pixels at the sides further from their median are left out: sirs.",
        unit="sigma",
        low=0.0,
    )
    gaussmooth: float = option(
        1.0, "Width of the smoothing of the filters: sirs.", unit="pixel", low=0.0
    )
    halfwidth: int = option(
        30, "Half the length of the filters: sirs.", unit="pixel", low=1, high=DETECTOR_SIZE // 2
    )
    siglimit: float = option(
        3.0, "Reference pixels further from their mean are left out.", unit="sigma", low=0.0
    )
