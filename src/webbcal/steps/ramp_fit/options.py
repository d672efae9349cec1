"""Options of the ramp fit."""

from dataclasses import dataclass

from webbcal.core.options import Options, option


@dataclass(frozen=True)
class RampFitOptions(Options):
    """Options of `fit_ramps`."""

    algorithm: str = option(
        "OLS_C",
        "Weighted least squares in the segments between jumps; or 'LIKELY': likelihood, with the "
        "covariance of the differences of groups.",
        choices=("OLS_C", "LIKELY"),
    )
    suppress_one_group: bool = option(
        True, "Leave out ramps with a single good group, unless the exposure has one group."
    )
    variances: str = option(
        "exact",
        "Variances of the weights used; or 'prescribed': those of the published description, "
        "which are too small for long faint ramps. By likelihood: photon noise of integrations at "
        "the rate of the exposure; or 'prescribed': at their own rates.",
        choices=("exact", "prescribed"),
    )
    jump_threshold: float = option(
        4.5,
        "Differences of groups that deviate by more count as jumps (likelihood only).",
        unit="sigma",
        low=1.0,
        high=30.0,
    )
    firstgroup: int | None = option(None, "First group to use, counted from 0.", low=0)
    lastgroup: int | None = option(None, "Last group to use, counted from 0.", low=0)
    save_opt: bool = option(
        False,
        "Write what was fitted: the segments (fitopt), or chi squared (likely_chisq).",
    )
    maximum_cores: str = option(
        "1", "Accepted and without effect: --threads says how many threads work."
    )
