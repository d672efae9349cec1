"""Options of the jump search."""

from dataclasses import dataclass

from webbcal.core.options import Options, option


@dataclass(frozen=True)
class JumpOptions(Options):
    """Options of `find_jumps`."""

    rejection_threshold: float = option(
        4.0, "Threshold where there are four usable differences or more.", unit="sigma", low=0.0
    )
    three_group_rejection_threshold: float = option(
        6.0, "Threshold where there are two usable differences.", unit="sigma", low=0.0
    )
    four_group_rejection_threshold: float = option(
        5.0, "Threshold where there are three usable differences.", unit="sigma", low=0.0
    )
    flag_4_neighbors: bool = option(True, "Flag the four neighbours of strong jumps.")
    max_jump_to_flag_neighbors: float = option(
        1000.0, "Jumps above this do not flag their neighbours.", unit="sigma"
    )
    min_jump_to_flag_neighbors: float = option(
        10.0, "Jumps below this do not flag their neighbours.", unit="sigma"
    )
    after_jump_flag_dn1: float = option(
        0.0, "Jumps of this size make the groups after them unusable.", unit="DN"
    )
    after_jump_flag_time1: float = option(0.0, "For this time.", unit="s", low=0.0)
    after_jump_flag_dn2: float = option(
        0.0, "Jumps of this size make more groups after them unusable.", unit="DN"
    )
    after_jump_flag_time2: float = option(0.0, "For this time.", unit="s", low=0.0)
    min_diffs_single_pass: int = option(
        10, "With this many differences in an integration, search once, not iteratively.", low=1
    )
    minimum_groups: int = option(
        3, "Fewest groups in an integration to search that not all pixels lack.", low=3
    )
    minimum_sigclip_groups: int = option(
        100, "With this many integrations, compare these instead of the groups.", low=2
    )
    only_use_ints: bool = option(
        True, "Compare the same group of all integrations; else all groups of all of them."
    )
    maximum_cores: str = option(
        "1", "Accepted and without effect: --threads says how many threads work."
    )

    expand_large_events: bool = option(False, "Find snowballs, and flag them as far as they reach.")
    min_sat_area: float = option(
        1.0, "Fewest pixels that a snowball saturates in its core.", unit="pixel", low=1.0
    )
    min_jump_area: float = option(
        5.0, "Fewest jumps of a snowball without a saturated core.", unit="pixel", low=1.0
    )
    expand_factor: float = option(
        2.0,
        "Largest radius to flag, relative to that of the jumps which are found pixel by pixel.",
        low=1.0,
    )
    use_ellipses: bool = option(False, "Accepted and without effect.")
    sat_required_snowball: bool = option(
        True, "Away from the edges, only events with a saturated core are snowballs."
    )
    min_sat_radius_extend: float = option(
        2.5, "Cores with a larger radius than this are enlarged.", unit="pixel", low=0.0
    )
    sat_expand: int = option(2, "How far they are enlarged.", unit="pixel", low=0)
    edge_size: int = option(
        25, "So close to an edge, the core of a snowball may lie outside.", unit="pixel", low=0
    )
    mask_snowball_core_next_int: bool = option(
        True, "Flag the cores of snowballs in the integrations after it, too."
    )
    snowball_time_masked_next_int: float = option(
        4000.0, "For this time after the integration that was hit.", unit="s", low=0.0
    )
    max_extended_radius: float = option(
        200.0, "Farthest that a snowball or a shower reaches.", unit="pixel", low=1.0
    )

    find_showers: bool = option(False, "Find showers: faint, extended excesses of charge.")
    max_shower_amplitude: float = option(
        4.0,
        "Where the signal afterwards grows faster or slower by more, nothing is flagged.",
        unit="electron/s",
        low=0.0,
    )
    extend_snr_threshold: float = option(
        0.6, "Mean excess around a pixel from which on it is in a shower.", unit="sigma", low=0.0
    )
    extend_inner_radius: float = option(
        1.0, "Inner radius of the ring for this mean.", unit="pixel", low=0.0
    )
    extend_outer_radius: float = option(2.6, "Width of the ring.", unit="pixel", low=0.0)
    extend_min_area: int = option(90, "Fewest pixels of a shower.", unit="pixel", low=1)
    extend_ellipse_expand_ratio: float = option(
        1.1, "How much larger than the shower the ellipse is that is flagged.", low=0.0
    )
    time_masked_after_shower: float = option(
        15.0, "For this time after a shower the groups are flagged, too.", unit="s", low=0.0
    )
