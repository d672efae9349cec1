"""Options of the correction of electromagnetic interference."""

from dataclasses import dataclass

from webbcal.core.options import Numbers, Options, option


@dataclass(frozen=True)
class EmicorrOptions(Options):
    """Options of `correct_interference`."""

    algorithm: str = option(
        "joint",
        "How waves are found: a known wave together with the slopes, or its shape bin by bin.",
        choices=("joint", "sequential"),
    )
    nints_to_phase: int | None = option(
        None, "Integrations on which the shape is measured (sequential).", low=1
    )
    nbins: int | None = option(
        None,
        "Phase bins of the shape (sequential); half the clocks of a period, 500 at most.",
        low=3,
        high=5000,
    )
    scale_reference: bool = option(
        True, "Scale the wave of the reference to the measured one (sequential)."
    )
    onthefly_corr_freq: Numbers | None = option(
        None,
        "Frequencies to remove without a reference; their shapes are measured (sequential).",
        unit="Hz",
        low=1e-3,
        high=1e5,
    )
    use_n_cycles: int | None = option(
        3,
        "Periods on which the shape is measured, where nints_to_phase is not set (sequential); "
        "not set: all integrations.",
        low=1,
    )
    fit_ints_separately: bool = option(
        False, "Give each integration a phase and amplitude of its own (joint)."
    )
    user_supplied_reffile: str | None = option(
        None,
        "File to use instead of the emicorr reference; --reference emicorr=FILE does the same.",
    )
    save_intermediate_results: bool = option(
        False, "Write what was subtracted as a product of its own (suffix emipattern)."
    )
